//! Configuration of the edge.

use tower_layer::Layer;

use crate::Edge;

/// Reads requests and speaks to clients. See the [crate docs](crate).
#[derive(Clone, Debug)]
pub struct EdgeLayer {
    pub(crate) max_body: usize,
    pub(crate) route_header: bool,
}

impl EdgeLayer {
    /// A limit of 32 MiB, and answers that say which route they took.
    pub const fn new() -> Self {
        Self {
            max_body: 32 * 1024 * 1024,
            route_header: true,
        }
    }

    /// The largest body that is read, in bytes; a larger one is answered with 413.
    #[must_use]
    pub const fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Whether answers carry `x-towerman-route`.
    #[must_use]
    pub const fn route_header(mut self, carry: bool) -> Self {
        self.route_header = carry;
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
