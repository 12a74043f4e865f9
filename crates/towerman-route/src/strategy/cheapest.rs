//! What this request is expected to cost least.

use towerman_core::{
    Candidate, Usage,
    strategy::{Facts, Strategy},
};

/// The endpoint at which this request is expected to cost least, counting what its cache holds.
/// Endpoints without a price go last. A bias of 1 is one pico-dollar.
///
/// What is cached costs the price of reading it, and no more of it counts than the prompt has: a
/// cache that was predicted in vain misjudges an endpoint by the discount on the prompt at most.
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

    fn price(input: u64, cache_read: u64) -> Option<Price> {
        Some(Price {
            input,
            cache_read,
            output: 4_000_000,
            ..Price::default()
        })
    }

    #[test]
    fn of_two_at_the_same_price_the_warm_one_goes_first() {
        let same = price(1_000_000, 100_000);
        let mut two = candidates(Cheapest, &[same, same]);
        warm(&mut two, 1, 1_024);
        assert_eq!(order(&two), ["1", "0"]);
        let full = price(1_000_000, 1_000_000);
        let mut two = candidates(Cheapest, &[full, full]);
        warm(&mut two, 1, 10_000);
        assert_eq!(order(&two), ["0", "1"], "nothing is saved there");
    }

    #[test]
    fn a_home_that_costs_more_is_left_and_one_that_costs_as_much_is_kept() {
        // 10,000 tokens at a tenth of 2.1 dollars a million, or all of them at about as much.
        let of_home = price(2_100_000, 210_000);
        for (other, first) in [(209_999, "0"), (210_000, "1"), (210_001, "1")] {
            let mut two = candidates(Cheapest, &[price(other, 0), of_home]);
            home(&mut two, 1, 10_000);
            assert_eq!(order(&two)[0], first, "{other}");
        }
    }

    #[test]
    fn no_more_is_cached_than_was_asked() {
        let mut two = candidates(Cheapest, &[price(1_000_000, 500_000), price(600_000, 0)]);
        for tokens in [10_000, 20_000, u64::MAX] {
            warm(&mut two, 0, tokens);
            let scores: Vec<_> = two.iter().map(|candidate| two.score(candidate)).collect();
            assert_eq!(scores, [7e9, 8e9], "{tokens}");
        }
    }
}
