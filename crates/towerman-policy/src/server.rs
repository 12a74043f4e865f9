//! What a gateway is told by the same file.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// The `[server]` table: how a gateway listens, records and stops. Read once, at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// Where clients connect.
    pub listen: SocketAddr,
    /// Where metrics are served; `None` is at `listen`.
    pub metrics: Option<SocketAddr>,
    /// The largest request body, in bytes.
    pub body_limit: usize,
    /// The longest that a request body may take to come.
    pub upload_limit: Duration,
    /// The most requests that are under way at once, answers included.
    pub in_flight_limit: usize,
    /// The file that each attempt adds a line to.
    pub ledger: Option<PathBuf>,
    /// Whether answers carry a header that says where they came from.
    pub route_header: bool,
    /// How long new requests are still served after SIGTERM, while load balancers notice.
    pub drain: Duration,
    /// How long requests under way may then take to end. A second signal does not wait.
    pub grace: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            metrics: None,
            body_limit: 32 * 1024 * 1024,
            upload_limit: Duration::from_secs(60),
            in_flight_limit: 4_096,
            ledger: None,
            route_header: true,
            drain: Duration::from_secs(5),
            grace: Duration::from_secs(120),
        }
    }
}
