//! Logs: text on a terminal, JSON lines elsewhere.
//!
//! Every request leaves one event of target `towerman::decision`. That of a plain success is
//! [`PLAIN_SUCCESS`] here, which is not printed unless asked for
//! (`RUST_LOG=info,towerman::decision=debug`): printing one costs more than all else that the
//! gateway does for a small request. Failovers, retries and everything that failed are printed.

use std::io::IsTerminal;

use tracing::Level;
use tracing_subscriber::EnvFilter;

/// The level of the decision events of plain successes.
pub const PLAIN_SUCCESS: Level = Level::DEBUG;

/// Installs the subscriber. `RUST_LOG` says what is logged; unless it does, that is `info`.
pub fn install() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // Fails if a subscriber is installed already, and then that one is in charge.
    let _ = if std::io::stderr().is_terminal() {
        builder.try_init()
    } else {
        builder.json().try_init()
    };
}
