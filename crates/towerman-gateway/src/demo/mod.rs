//! `towerman demo`: mixed traffic over simulated providers, one of which goes down in the middle.

mod client;
mod screen;
mod summary;
mod traffic;
mod watch;

use std::{
    io::{IsTerminal, Write},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use towerman::{
    core::{BoxError, PolicyHandle},
    cost::Ledger,
    edge::EdgeLayer,
    telemetry::Prometheus,
};
use towerman_sim::Fault;

pub use self::summary::Summary;
use self::{screen::Screen, traffic::Traffic, watch::Watch};
use crate::{
    server::{Drain, Server},
    simulated::Fleet,
    stack::Layers,
    stop::Stop,
};

/// How a demo runs.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    seconds: Duration,
    clients: usize,
}

/// A demo that has ended.
#[derive(Debug)]
pub struct Ended {
    /// What it says of itself.
    pub summary: Summary,
    /// The providers, with their books.
    pub fleet: Fleet,
}

/// The provider that goes down.
const VICTIM: &str = "alpha";

impl Options {
    /// Traffic of a dozen clients for this long.
    pub const fn new(seconds: Duration) -> Self {
        Self {
            seconds,
            clients: 12,
        }
    }

    /// When the provider goes down, and when it comes back.
    fn outage(&self) -> (Duration, Duration) {
        (self.seconds.mul_f64(0.4), self.seconds.mul_f64(0.65))
    }
}

/// Runs a demo and writes it to `out`.
///
/// # Errors
///
/// If there is no free port, or `out` cannot be written to.
pub async fn run(
    options: &Options,
    out: &mut (impl Write + IsTerminalOrNot),
) -> Result<Ended, BoxError> {
    let fleet = Fleet::start().await?;
    let policy = PolicyHandle::new(fleet.draft())?;
    let prometheus = Prometheus::new()?;
    let watch = Arc::new(Watch::new(&policy));
    let sink = Arc::clone(&watch);
    let telemetry = prometheus
        .layer(&policy)
        .on_decision(move |decision| sink.see(decision));
    let ledger = Arc::clone(&watch) as Arc<dyn Ledger>;
    let layers = Layers::new(&policy, telemetry, ledger, EdgeLayer::new());
    let cost = layers.cost().clone();
    let drain = Drain {
        delay: Duration::ZERO,
        grace: Duration::from_secs(5),
    };
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Server::bind(any, None, layers, prometheus, drain).await?;
    let address = server.address()?;
    let (stop, stopped) = tokio::sync::watch::channel(Stop::Not);
    let mut gateway = tokio::task::JoinSet::new();
    gateway.spawn(server.run(stopped));

    let mut screen = Screen::new(out.is_terminal());
    screen.begin(out, address, options.seconds)?;
    let traffic = Traffic::start(address, options.clients);
    let outcome = direct(options, &fleet, &policy, &watch, &traffic, &mut screen, out).await;
    let sent = traffic.stop().await;
    stop.send_replace(Stop::Close);
    while gateway.join_next().await.is_some() {}
    outcome?;

    let summary = Summary::new(&watch.totals(), &sent, cost.totals().grand(), &fleet);
    screen.end(out)?;
    writeln!(out, "{summary}")?;
    writeln!(
        out,
        "Go on with the same gateway and the same providers:\n\n  {} serve\n\nand, elsewhere:\n",
        program()
    )?;
    writeln!(out, "{}", curl(SocketAddr::from(([127, 0, 0, 1], 8080))))?;
    Ok(Ended { summary, fleet })
}

/// Lets time pass, takes the provider down and up again, and shows what happens.
async fn direct(
    options: &Options,
    fleet: &Fleet,
    policy: &PolicyHandle,
    watch: &Watch,
    traffic: &Traffic,
    screen: &mut Screen,
    out: &mut impl Write,
) -> Result<(), BoxError> {
    let started = tokio::time::Instant::now();
    let (down, up) = options.outage();
    let (mut is_down, mut was_down) = (false, false);
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
        let at = started.elapsed();
        if at >= options.seconds {
            return Ok(());
        }
        if let Some(victim) = fleet.provider(VICTIM) {
            if !is_down && !was_down && at >= down {
                victim.faults().always(Fault::Refuse);
                (is_down, was_down) = (true, true);
                screen.say(out, at, &format!("{VICTIM} goes down: its port is closed"))?;
            } else if is_down && at >= up {
                victim.faults().clear();
                is_down = false;
                screen.say(out, at, &format!("{VICTIM} is back"))?;
            }
        }
        for change in watch.changes() {
            screen.say(out, at, &change)?;
        }
        screen.tick(out, at, &policy.load(), watch, traffic)?;
    }
}

/// How this program was called: it need not be on the path.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "towerman".into())
}

/// A command that sends one request to the gateway at `address`.
pub fn curl(address: SocketAddr) -> String {
    format!(
        "  curl http://{address}/v1/chat/completions -H 'content-type: application/json' \\\n    \
         -d '{{\"model\": \"chat\", \"messages\": [{{\"role\": \"user\", \"content\": \"Hello\"}}]}}'"
    )
}

/// Whether a writer is a terminal: only then is the table redrawn in place.
pub trait IsTerminalOrNot {
    /// Whether it is.
    fn is_terminal(&self) -> bool;
}

impl IsTerminalOrNot for std::io::Stdout {
    fn is_terminal(&self) -> bool {
        IsTerminal::is_terminal(self)
    }
}

impl IsTerminalOrNot for Vec<u8> {
    fn is_terminal(&self) -> bool {
        false
    }
}
