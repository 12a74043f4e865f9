//! Serves one simulated provider until Ctrl-C: `cargo run --example serve -- anthropic 127.0.0.1:8091`.

use std::{error::Error, time::Duration};

use towerman_sim::{Model, Sim};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let dialect = args.next().unwrap_or_else(|| "openai".to_owned());
    let addr = args
        .next()
        .unwrap_or_else(|| "127.0.0.1:8090".to_owned())
        .parse()?;
    let builder = match dialect.as_str() {
        "anthropic" => Sim::anthropic("sim"),
        _ => Sim::openai("sim"),
    };
    let pace = Model::new("sim-1")
        .first_token(Duration::from_millis(300))
        .per_token(Duration::from_millis(20));
    let sim = builder.model(pace).build();
    let server = sim.serve_on(addr).await?;
    println!("{dialect}, model sim-1, at {}", server.base_url());
    tokio::signal::ctrl_c().await?;
    server.shutdown().await;
    println!("{:?}", sim.book().totals());
    Ok(())
}
