//! Configuration of failover.

use std::sync::Arc;

use tokio::time::Instant;
use tower_layer::Layer;
use towerman_core::policy::FailoverRules;

use crate::{Failover, RetryBudget};

/// Tries candidates in order. See the [crate docs](crate).
///
/// All services made by one layer, and by its clones, share one [`RetryBudget`].
#[derive(Clone, Debug)]
pub struct FailoverLayer {
    pub(crate) rules: FailoverRules,
    pub(crate) budget: Arc<RetryBudget>,
}

impl FailoverLayer {
    /// A layer with default rules. A policy in the request's context overrides them.
    pub fn new() -> Self {
        Self {
            rules: FailoverRules::default(),
            budget: Arc::new(RetryBudget::new(Instant::now().into_std())),
        }
    }

    /// Sets the rules for requests that carry no policy.
    #[must_use]
    pub const fn rules(mut self, rules: FailoverRules) -> Self {
        self.rules = rules;
        self
    }

    /// The budget that this layer's retries are taken from.
    pub const fn budget(&self) -> &Arc<RetryBudget> {
        &self.budget
    }
}

impl Default for FailoverLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for FailoverLayer {
    type Service = Failover<S>;

    fn layer(&self, inner: S) -> Failover<S> {
        Failover::new(inner, self.clone())
    }
}
