//! What this request is expected to cost least.

use towerman_core::{
    Candidate, Usage,
    strategy::{Facts, Strategy},
};

/// The endpoint at which this request is expected to cost least, counting what its cache holds.
/// Endpoints without a price go last.
///
/// Without Affinity the whole prompt is taken to be uncached.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cheapest;

impl Strategy for Cheapest {
    fn name(&self) -> &'static str {
        "cheapest"
    }

    fn score(&self, candidate: &Candidate, facts: &Facts) -> f64 {
        let Some(price) = &candidate.endpoint().price else {
            return f64::INFINITY;
        };
        let cached = candidate.cached_tokens().min(facts.prompt_tokens);
        let expected = Usage {
            input: facts.prompt_tokens - cached,
            cache_read: cached,
            output: facts.output_tokens,
            ..Usage::default()
        };
        price.cost(&expected).0 as f64
    }
}

#[cfg(test)]
mod tests {
    use towerman_core::Price;

    use super::{super::testing::*, *};

    #[test]
    fn a_warm_cache_can_make_the_dearer_model_the_cheaper_one() {
        let dear = Price {
            input: 3_000_000,
            cache_read: 300_000,
            output: 4_000_000,
            ..Price::default()
        };
        let cheap = Price {
            input: 1_000_000,
            cache_read: 1_000_000,
            output: 4_000_000,
            ..Price::default()
        };
        let mut three = candidates(Cheapest, &[None, Some(dear), Some(cheap)]);
        assert_eq!(order(&three), ["2", "1", "0"]);
        warm(&mut three, 1, 10_000);
        assert_eq!(order(&three), ["1", "2", "0"]);
    }
}
