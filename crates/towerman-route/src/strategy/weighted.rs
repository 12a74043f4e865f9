//! A draw by weight, stable per conversation.

use towerman_core::{
    Candidate,
    strategy::{Facts, Strategy},
};

/// Each endpoint gets its share of conversations. A bias of 1 is more than any draw.
///
/// Weighted rendezvous hashing: every endpoint draws a number from the conversation's seed and its
/// own name, and the smallest wins. The same conversation draws the same numbers on every replica,
/// and taking an endpoint away moves only the conversations that it had.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weighted;

impl Strategy for Weighted {
    fn name(&self) -> &'static str {
        "weighted"
    }

    fn score(&self, candidate: &Candidate, facts: &Facts) -> f64 {
        // An exponential variate whose rate is the weight: the minimum is at this endpoint with
        // probability weight / sum of weights. Weight 0 never wins a draw, and serves as a spare.
        let uniform =
            (hash(facts.seed, &candidate.endpoint().name) >> 11) as f64 / (1_u64 << 53) as f64;
        let draw = -(1.0 - uniform).ln() / f64::from(candidate.weight());
        // A variate of 53 bits is below 37 per unit of weight; a spare's is infinite, or none. From
        // 0 to 1 in the same order, so that a bias can be larger than all of them.
        let draw = draw.min(1_000.0);
        draw / (1.0 + draw)
    }
}

/// FNV-1a over the name, started from the seed, and mixed so that every bit counts.
fn hash(seed: u64, name: &str) -> u64 {
    let mut hash = seed ^ 0xcbf2_9ce4_8422_2325;
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use towerman_core::{Candidates, Term, Veto};

    use super::{super::testing::*, *};

    fn weighted(weights: &[u32]) -> Candidates {
        let mut candidates = candidates(Weighted, &vec![None; weights.len()]);
        for (candidate, weight) in candidates.iter_mut().zip(weights) {
            candidate.term("route", Term::Weight(*weight));
        }
        candidates
    }

    fn first(candidates: &Candidates, seed: u64) -> String {
        let drawn = candidates.clone().facts(Facts { seed, ..FACTS() });
        order(&drawn)[0].to_owned()
    }

    #[test]
    fn shares_follow_the_weights() {
        let candidates = weighted(&[6, 3, 1, 0]);
        let mut counts = [0_u32; 4];
        for seed in 0..10_000 {
            counts[first(&candidates, seed).parse::<usize>().unwrap()] += 1;
        }
        for (count, expected) in counts.iter().zip([6_000_u32, 3_000, 1_000, 0]) {
            assert!(count.abs_diff(expected) < 200, "{counts:?}");
        }
    }

    #[test]
    fn a_prefix_that_anybody_may_share_changes_no_draw() {
        let cold = weighted(&[3, 1, 0]);
        let mut warmed = cold.clone();
        warm(&mut warmed, 1, 2_000);
        warm(&mut warmed, 2, 2_000);
        assert!((0..1_000).all(|seed| first(&warmed, seed) == first(&cold, seed)));
    }

    #[test]
    fn the_home_of_the_conversation_goes_first_and_two_share_by_weight() {
        let mut candidates = weighted(&[100, 1, 1, 0]);
        home(&mut candidates, 1, 2_000);
        assert!((0..100).all(|seed| first(&candidates, seed) == "1"));
        home(&mut candidates, 2, 2_000);
        let of_one = (0..1_000)
            .filter(|seed| first(&candidates, *seed) == "1")
            .count();
        assert!(of_one.abs_diff(500) < 60, "{of_one}");
        let mut spare = weighted(&[100, 0]);
        home(&mut spare, 1, 2_000);
        assert!((0..100).all(|seed| first(&spare, seed) == "1"));
    }

    #[test]
    fn taking_one_away_moves_only_what_it_had() {
        let all = weighted(&[1, 1, 1]);
        let mut fewer = all.clone();
        fewer.iter_mut().next().unwrap().veto("test", Veto::Health);
        for seed in 0..1_000 {
            let before = first(&all, seed);
            assert!(
                before == "0" || before == first(&fewer, seed),
                "seed {seed} moved"
            );
        }
    }
}
