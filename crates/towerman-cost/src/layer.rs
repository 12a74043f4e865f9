//! Configuration of the ledger.

use std::sync::Arc;

use tower_layer::Layer;

use crate::{Cost, Ledger, Totals, guard::Shared};

/// Writes a line for every attempt. See the [crate docs](crate).
///
/// All services made by one layer, and by its clones, share one ledger and one [`Totals`].
#[derive(Clone, Debug)]
pub struct CostLayer {
    shared: Arc<Shared>,
}

impl CostLayer {
    /// A layer that writes to `ledger`; `()` keeps nothing but the totals.
    pub fn new(ledger: impl Ledger) -> Self {
        Self {
            shared: Arc::new(Shared::new(Arc::new(ledger))),
        }
    }

    /// What has been spent.
    pub fn totals(&self) -> &Arc<Totals> {
        &self.shared.totals
    }

    /// Where lines go: for [`flush`](Ledger::flush) at shutdown.
    pub fn ledger(&self) -> &Arc<dyn Ledger> {
        &self.shared.ledger
    }
}

impl<S> Layer<S> for CostLayer {
    type Service = Cost<S>;

    fn layer(&self, inner: S) -> Cost<S> {
        Cost::new(inner, Arc::clone(&self.shared))
    }
}
