//! Puts a service of your own under the stack.

use tower_layer::Layer;

use crate::{Client, Upstream};

/// Wraps a service of your own, which serves what is not sent to a provider. See the
/// [crate docs](crate).
#[derive(Clone, Debug, Default)]
pub struct UpstreamLayer {
    client: Client,
}

impl UpstreamLayer {
    /// A layer with a client of its own.
    pub fn new() -> Self {
        Self::default()
    }

    /// Shares a client with other stacks.
    #[must_use]
    pub fn client(mut self, client: Client) -> Self {
        self.client = client;
        self
    }
}

impl<S> Layer<S> for UpstreamLayer {
    type Service = Upstream<S>;

    fn layer(&self, inner: S) -> Upstream<S> {
        Upstream::around(inner, self.client.clone())
    }
}
