//! Configuration of the breaker, and the circuits that its services share.

use std::sync::Arc;

use tower_layer::Layer;
use towerman_core::{Endpoint, Slotted, policy::BreakerRules};

use crate::{Breaker, gate::Gate, permit::now, snapshot::CircuitSnapshot};

/// Refuses calls to endpoints that keep failing. See the [crate docs](crate).
///
/// All services made by one layer, and by its clones, share their circuits.
#[derive(Clone, Debug)]
pub struct BreakerLayer {
    rules: Arc<BreakerRules>,
    circuits: Arc<Slotted<Gate>>,
}

impl BreakerLayer {
    /// A layer with default rules, and every circuit closed.
    pub fn new() -> Self {
        Self {
            rules: Arc::default(),
            circuits: Arc::default(),
        }
    }

    /// Sets the rules for requests whose context carries no policy.
    #[must_use]
    pub fn rules(mut self, rules: BreakerRules) -> Self {
        self.rules = Arc::new(rules);
        self
    }

    /// What the circuit of `endpoint` looks like now.
    pub fn snapshot(&self, endpoint: &Endpoint) -> CircuitSnapshot {
        self.circuits.get(endpoint.slot).snapshot(now())
    }
}

impl Default for BreakerLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for BreakerLayer {
    type Service = Breaker<S>;

    fn layer(&self, inner: S) -> Breaker<S> {
        Breaker::new(inner, Arc::clone(&self.rules), Arc::clone(&self.circuits))
    }
}
