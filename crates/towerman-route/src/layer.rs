//! Configuration of routing.

use std::sync::Arc;

use tower_layer::Layer;
use towerman_core::{PolicyHandle, strategy::Strategy};

use crate::{Route, strategy::built_in};

/// Turns model names into candidates. See the [crate docs](crate).
#[derive(Clone, Debug)]
pub struct RouteLayer {
    pub(crate) policy: PolicyHandle,
    strategies: Arc<[Arc<dyn Strategy>]>,
}

impl RouteLayer {
    /// A layer that knows the built-in strategies. A policy that is pinned to the request goes
    /// before `policy`.
    pub fn new(policy: &PolicyHandle) -> Self {
        Self {
            policy: policy.clone(),
            strategies: Arc::new(built_in()),
        }
    }

    /// Adds a strategy that routes may name. One of the same name as another goes before it.
    #[must_use]
    pub fn strategy(self, strategy: impl Strategy + 'static) -> Self {
        let first: Arc<dyn Strategy> = Arc::new(strategy);
        let strategies = std::iter::once(first)
            .chain(self.strategies.iter().cloned())
            .collect();
        Self { strategies, ..self }
    }

    /// The strategy of this name.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<dyn Strategy>> {
        self.strategies
            .iter()
            .find(|strategy| strategy.name() == name)
            .cloned()
    }
}

impl<S> Layer<S> for RouteLayer {
    type Service = Route<S>;

    fn layer(&self, inner: S) -> Route<S> {
        Route::new(inner, self.clone())
    }
}
