//! Puts dialects around a service.

use tower_layer::Layer;

use crate::Normalize;

/// Translates between the client's dialect and the endpoint's. See the [crate docs](crate).
#[derive(Clone, Copy, Debug)]
pub struct NormalizeLayer {
    tell_limits: bool,
}

impl NormalizeLayer {
    /// A layer. It holds no state: what it does follows from the attempt's endpoint.
    pub const fn new() -> Self {
        Self { tell_limits: true }
    }

    /// Whether clients are told what is left of a provider's rate limits. Yes, unless set: clients
    /// slow down by it. The limits are those of *our* account, which all of them share.
    #[must_use]
    pub const fn tell_limits(mut self, tell: bool) -> Self {
        self.tell_limits = tell;
        self
    }
}

impl Default for NormalizeLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for NormalizeLayer {
    type Service = Normalize<S>;

    fn layer(&self, inner: S) -> Normalize<S> {
        Normalize::new(inner, self.tell_limits)
    }
}
