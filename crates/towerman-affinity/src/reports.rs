//! Which endpoints say what they read from their cache. Pure.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use towerman_core::{Dialect, Endpoint, Slot, Usage};

/// One bit for each slot that the table can hold.
///
/// No cached tokens in the usage means a miss to one endpoint and nothing at all to another, which
/// never reports any. Who has reported some once is taken to report them always.
#[derive(Debug)]
pub(crate) struct Reports([AtomicU64; 64]);

impl Reports {
    pub(crate) const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; 64])
    }

    /// Whether `usage` says that `endpoint` has neither read the prompt from its cache nor written
    /// it there.
    pub(crate) fn missed(&self, endpoint: &Endpoint, usage: &Usage) -> bool {
        let cached = [usage.cache_read, usage.cache_write, usage.cache_write_long];
        let Slot(slot) = endpoint.slot;
        let Some(word) = self.0.get(slot as usize / 64) else {
            return false;
        };
        let bit = 1 << (slot % 64);
        if cached != [0; 3] {
            // Rarely news, and a line that nobody writes is read by all.
            if word.load(Relaxed) & bit == 0 {
                word.fetch_or(bit, Relaxed);
            }
            return false;
        }
        // Anthropic's usage always counts them.
        endpoint.provider.dialect == Dialect::Anthropic || word.load(Relaxed) & bit != 0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use towerman_core::{
        PolicyHandle,
        policy::{Draft, ProviderDraft, RouteDraft},
    };

    use super::*;

    fn endpoints() -> Vec<Arc<Endpoint>> {
        let draft = Draft::new()
            .provider(ProviderDraft::inner("o", Dialect::OpenAiChat))
            .provider(ProviderDraft::inner("a", Dialect::Anthropic))
            .route(RouteDraft::new("r", ["o/1", "o/2", "a/1"]));
        PolicyHandle::new(draft)
            .unwrap()
            .load()
            .endpoints()
            .to_vec()
    }

    #[test]
    fn silence_is_a_miss_only_of_an_endpoint_that_has_spoken() {
        let (reports, all) = (Reports::new(), endpoints());
        let silent = Usage {
            input: 2_000,
            ..Usage::default()
        };
        assert!(!reports.missed(&all[0], &silent));
        let read = Usage {
            cache_read: 1_024,
            ..silent
        };
        assert!(!reports.missed(&all[0], &read));
        assert!(reports.missed(&all[0], &silent));
        assert!(!reports.missed(&all[1], &silent), "to each its own");
    }

    #[test]
    fn a_dialect_that_always_counts_is_believed_at_once() {
        let (reports, all) = (Reports::new(), endpoints());
        assert!(reports.missed(&all[2], &Usage::default()));
        let written = Usage {
            cache_write: 2_000,
            ..Usage::default()
        };
        assert!(!reports.missed(&all[2], &written), "it is there now");
    }
}
