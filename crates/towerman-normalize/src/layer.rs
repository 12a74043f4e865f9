//! Puts dialects around a service.

use tower_layer::Layer;

use crate::Normalize;

/// Translates between the client's dialect and the endpoint's. See the [crate docs](crate).
#[derive(Clone, Copy, Debug, Default)]
pub struct NormalizeLayer {
    _private: (),
}

impl NormalizeLayer {
    /// A layer. It holds no state: what it does follows from the attempt's endpoint.
    pub const fn new() -> Self {
        Self { _private: () }
    }
}

impl<S> Layer<S> for NormalizeLayer {
    type Service = Normalize<S>;

    fn layer(&self, inner: S) -> Normalize<S> {
        Normalize::new(inner)
    }
}
