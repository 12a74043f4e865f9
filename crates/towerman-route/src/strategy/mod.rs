//! The built-in strategies, one pure file each.

mod cheapest;
mod fastest;
mod priority;
mod weighted;

use std::sync::Arc;

use towerman_core::strategy::Strategy;

pub use self::{cheapest::Cheapest, fastest::Fastest, priority::Priority, weighted::Weighted};

/// The built-in strategies, in the order of
/// [`BUILT_IN`](towerman_core::strategy::BUILT_IN).
pub(crate) fn built_in() -> [Arc<dyn Strategy>; 4] {
    [
        Arc::new(Priority),
        Arc::new(Weighted),
        Arc::new(Cheapest),
        Arc::new(Fastest),
    ]
}

#[cfg(test)]
mod testing {
    use std::{sync::Arc, time::Instant};

    use towerman_core::{
        Candidates, Dialect, PolicyHandle, Price, Term,
        policy::{Draft, EndpointDraft, ProviderDraft, RouteDraft},
        strategy::{Facts, Strategy},
    };

    pub(super) const FACTS: fn() -> Facts = || Facts {
        prompt_tokens: 10_000,
        output_tokens: 500,
        seed: 7,
        now: Instant::now(),
    };

    /// Candidates `p/0`, `p/1`, … at these prices.
    pub(super) fn candidates(
        strategy: impl Strategy + 'static,
        prices: &[Option<Price>],
    ) -> Candidates {
        let names: Vec<_> = (0..prices.len())
            .map(|index| format!("p/{index}"))
            .collect();
        let mut draft = Draft::new()
            .provider(ProviderDraft::inner("p", Dialect::OpenAiChat))
            .route(RouteDraft::new("r", names.iter().map(String::as_str)));
        for (name, price) in names.iter().zip(prices) {
            draft = draft.endpoint(EndpointDraft {
                price: *price,
                ..EndpointDraft::new(name)
            });
        }
        let policy = PolicyHandle::new(draft).unwrap().load();
        Candidates::new(policy.endpoints().iter().cloned(), Instant::now())
            .strategy(Arc::new(strategy))
            .facts(FACTS())
    }

    pub(super) fn order(candidates: &Candidates) -> Vec<&str> {
        candidates
            .order()
            .iter()
            .map(|candidate| &*candidate.endpoint().model)
            .collect()
    }

    /// Says that the endpoint holds so much of the prompt.
    pub(super) fn warm(candidates: &mut Candidates, index: usize, tokens: u64) {
        let term = Term::CachedTokens(tokens);
        let candidate = candidates.iter_mut().nth(index).unwrap();
        candidate.term("affinity", term);
    }

    /// Says, as Affinity does, that the conversation was last answered there.
    pub(super) fn home(candidates: &mut Candidates, index: usize, tokens: u64) {
        let places = Term::Bias(-(candidates.len() as f64));
        warm(candidates, index, tokens);
        let candidate = candidates.iter_mut().nth(index).unwrap();
        candidate.term("affinity", places);
    }
}
