//! The pooled HTTP client that every service of a layer shares.

use std::{fmt, sync::Arc, time::Duration};

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client as Pool, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use towerman_core::Body;

/// A pooled HTTP/1.1 and HTTP/2 client with verified TLS. Cloning shares the pool.
///
/// TLS is never skipped: `https` providers are verified against the Mozilla roots. `http` is for
/// servers of your own.
#[derive(Clone)]
pub struct Client(
    // Shared: stacks are cloned for each request, and the pool's handle is a large struct.
    pub(crate) Arc<Pool<HttpsConnector<HttpConnector>, Body>>,
);

impl Client {
    /// A client with defaults: two seconds to connect, Nagle's algorithm off, idle connections
    /// closed after thirty seconds.
    pub fn new() -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        // Without this a short write waits for the peer's delayed acknowledgement: 40 ms a chunk.
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(Duration::from_secs(2)));
        tcp.set_keepalive(Some(Duration::from_secs(15)));
        let tls = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(tcp);
        Self(Arc::new(
            Pool::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .timer(TokioTimer::new())
                // A peer that vanished without a word is not found out by reusing its connection.
                .pool_idle_timeout(Duration::from_secs(30))
                .http2_initial_stream_window_size(1 << 20)
                .http2_initial_connection_window_size(16 << 20)
                .http2_keep_alive_interval(Duration::from_secs(20))
                .http2_keep_alive_timeout(Duration::from_secs(10))
                .build(tls),
        ))
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
