//! `towerman serve`: a policy file behind a port.

use std::{net::SocketAddr, path::Path, sync::Arc};

use tokio::sync::watch;
use towerman::{
    core::{BoxError, PolicyHandle},
    cost::{Jsonl, Ledger},
    edge::EdgeLayer,
    policy::{Config, Reload, ServerConfig},
    telemetry::Prometheus,
};

use crate::{
    logging,
    server::{Drain, Server},
    simulated::Fleet,
    stack::Layers,
    stop::{Signals, Stop},
};

/// Serves until the process is told to stop.
///
/// # Errors
///
/// If the file is wrong or the address cannot be had.
pub async fn run(file: Option<&Path>, listen: Option<SocketAddr>) -> Result<(), BoxError> {
    let Some(file) = file else {
        return simulated(listen).await;
    };
    let config = Config::load(file)?;
    let policy = config.compile()?;
    let (layers, prometheus) = layers(&policy, &config.server)?;
    let telemetry = layers.telemetry().clone();
    let watch = Reload::new(&config, policy)
        .on_reload(move |result| telemetry.reloaded(result.is_ok()))
        .start()?;
    let address = listen.unwrap_or(config.server.listen);
    let result = serve(address, layers, prometheus, &config.server).await;
    drop(watch);
    result
}

/// Serves the simulated providers.
async fn simulated(listen: Option<SocketAddr>) -> Result<(), BoxError> {
    let fleet = Fleet::start().await?;
    let policy = PolicyHandle::new(fleet.draft())?;
    let server = ServerConfig::default();
    let (layers, prometheus) = layers(&policy, &server)?;
    let address = listen.unwrap_or(server.listen);
    println!("Serving simulated providers: routes chat, fast and cheap, no key needed. Try:\n");
    println!("{}\n", crate::demo::curl(address));
    let result = serve(address, layers, prometheus, &server).await;
    fleet.stop().await;
    result
}

fn layers(policy: &PolicyHandle, server: &ServerConfig) -> Result<(Layers, Prometheus), BoxError> {
    let prometheus = Prometheus::new()?;
    let telemetry = prometheus
        .layer(policy)
        .success_level(logging::PLAIN_SUCCESS);
    let ledger: Arc<dyn Ledger> = match &server.ledger {
        Some(path) => Arc::new(Jsonl::open(path)?),
        None => Arc::new(()),
    };
    let edge = EdgeLayer::new()
        .max_body(server.body_limit)
        .max_upload(server.upload_limit)
        .max_in_flight(server.in_flight_limit)
        .route_header(server.route_header);
    Ok((Layers::new(policy, telemetry, ledger, edge), prometheus))
}

async fn serve(
    address: SocketAddr,
    layers: Layers,
    prometheus: Prometheus,
    config: &ServerConfig,
) -> Result<(), BoxError> {
    let drain = Drain {
        delay: config.drain,
        grace: config.grace,
    };
    let cost = layers.cost().clone();
    let signals = Signals::new()?;
    let server = Server::bind(address, config.metrics, layers, prometheus, drain)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}"))?;
    tracing::info!(target: "towerman::server", address = %server.address()?, "listening");
    let (tell, told) = watch::channel(Stop::Not);
    tokio::select! {
        () = server.run(told) => {}
        never = signals.tell(tell) => match never {},
    }
    cost.ledger().flush()?;
    Ok(())
}
