//! Configuration of the edge.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;
use tower_layer::Layer;

use crate::Edge;

/// Reads requests and speaks to clients. See the [crate docs](crate).
///
/// All services made by one layer, and by its clones, share one limit of requests under way.
#[derive(Clone, Debug)]
pub struct EdgeLayer {
    pub(crate) max_body: usize,
    pub(crate) max_upload: Duration,
    pub(crate) room: Arc<Semaphore>,
    pub(crate) route_header: bool,
    pub(crate) models: bool,
}

impl EdgeLayer {
    /// A limit of 32 MiB and a minute for bodies, 4,096 requests under way, and answers that say
    /// which route they took.
    pub fn new() -> Self {
        Self {
            max_body: 32 * 1024 * 1024,
            max_upload: Duration::from_secs(60),
            room: Arc::new(Semaphore::new(4_096)),
            route_header: true,
            models: true,
        }
    }

    /// The largest body that is read, in bytes; a larger one is answered with 413.
    #[must_use]
    pub const fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// The longest that a body may take to come; a slower one is answered with 408, and so is one
    /// that has taken ten seconds and comes with less than 1 KiB a second.
    #[must_use]
    pub const fn max_upload(mut self, time: Duration) -> Self {
        self.max_upload = time;
        self
    }

    /// The most requests that are under way at once, from their head to the end of their answer;
    /// one more is answered with 503.
    #[must_use]
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.room = Arc::new(Semaphore::new(requests.min(Semaphore::MAX_PERMITS)));
        self
    }

    /// Whether answers carry `x-towerman-route`.
    #[must_use]
    pub const fn route_header(mut self, carry: bool) -> Self {
        self.route_header = carry;
        self
    }

    /// Whether `GET /v1/models` is answered from the policy. Turn it off if the wrapped service has a
    /// page of its own there.
    #[must_use]
    pub const fn models(mut self, answer: bool) -> Self {
        self.models = answer;
        self
    }
}

impl Default for EdgeLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for EdgeLayer {
    type Service = Edge<S>;

    fn layer(&self, inner: S) -> Edge<S> {
        Edge::new(inner, self.clone())
    }
}
