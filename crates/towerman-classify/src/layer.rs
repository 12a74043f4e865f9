//! Configuration of classification.

use http::HeaderName;
use tower_layer::Layer;
use towerman_core::PolicyHandle;

use crate::Classify;

/// Says who asks, how urgently, and what for. See the [crate docs](crate).
#[derive(Clone, Debug)]
pub struct ClassifyLayer {
    pub(crate) policy: PolicyHandle,
    pub(crate) header: HeaderName,
}

impl ClassifyLayer {
    /// A layer that knows the policy's tenants. The policy is pinned to each request here.
    pub fn new(policy: &PolicyHandle) -> Self {
        Self {
            policy: policy.clone(),
            header: HeaderName::from_static("x-priority"),
        }
    }

    /// Reads the priority from another header than `x-priority`.
    #[must_use]
    pub fn header(mut self, name: HeaderName) -> Self {
        self.header = name;
        self
    }
}

impl<S> Layer<S> for ClassifyLayer {
    type Service = Classify<S>;

    fn layer(&self, inner: S) -> Classify<S> {
        Classify::new(inner, self.clone())
    }
}
