//! Where the first content is expected soonest.

use towerman_core::{
    Availability, Candidate,
    strategy::{Facts, Strategy},
};

/// The endpoint from which the first content is expected soonest: what was learned of it, times
/// the calls that it has under way, less the part of the prompt that its cache holds. One that
/// refuses calls goes last. A bias of 1 is one microsecond.
///
/// One of which nothing is known goes first, so that something becomes known; but each call that it
/// has under way counts as a second, so that not everybody waits for the outcome of the first. One
/// on trial stands where it would stand if it were well: if it went last, no call would ever try it.
///
/// Without Affinity no part of any prompt is taken to be cached.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fastest;

impl Strategy for Fastest {
    fn name(&self) -> &'static str {
        "fastest"
    }

    fn score(&self, candidate: &Candidate, facts: &Facts) -> f64 {
        let board = &candidate.endpoint().board;
        if matches!(board.availability(facts.now), Availability::Refused { .. }) {
            return f64::INFINITY;
        }
        let waiting = f64::from(board.in_flight());
        let expected = match board.first_content() {
            Some(time) => time.as_secs_f64() * (1.0 + waiting),
            None => waiting,
        } * 1e6;
        // At least a tenth remains: a cached prompt is read, too.
        let cached = candidate.cached_tokens().min(facts.prompt_tokens) as f64;
        let uncached = 1.0 - 0.9 * cached / (facts.prompt_tokens.max(1) as f64);
        expected * uncached
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use towerman_core::CircuitState;

    use super::{super::testing::*, *};

    #[test]
    fn the_unknown_then_the_quick_then_the_sick() {
        let four = candidates(Fastest, &[None; 4]);
        let board = |index: usize| &four.iter().nth(index).unwrap().endpoint().board;
        board(0).set_circuit(CircuitState::Open, Instant::now() + Duration::from_secs(9));
        board(1).learn_first_content(Duration::from_millis(900));
        board(2).learn_first_content(Duration::from_millis(200));
        assert_eq!(order(&four), ["3", "2", "1", "0"]);
    }

    #[test]
    fn an_endpoint_on_trial_is_not_sent_to_the_end() {
        let two = candidates(Fastest, &[None; 2]);
        let board = |index: usize| &two.iter().nth(index).unwrap().endpoint().board;
        board(0).learn_first_content(Duration::from_millis(200));
        board(1).learn_first_content(Duration::from_millis(900));
        for state in [CircuitState::Open, CircuitState::HalfOpen] {
            // Its time is over, so a probe may pass.
            board(0).set_circuit(state, two.common().now);
            assert_eq!(order(&two), ["0", "1"], "{state:?}");
        }
        board(0).cool_until(Instant::now() + Duration::from_secs(9));
        assert_eq!(order(&two), ["1", "0"], "it cools down");
    }

    #[test]
    fn not_everybody_waits_for_the_first_answer_of_an_unknown_endpoint() {
        let two = candidates(Fastest, &[None; 2]);
        let board = |index: usize| &two.iter().nth(index).unwrap().endpoint().board;
        board(1).learn_first_content(Duration::from_millis(300));
        assert_eq!(order(&two), ["0", "1"]);
        let _first = board(0).enter();
        assert_eq!(order(&two), ["1", "0"]);
    }

    #[test]
    fn calls_under_way_and_cached_tokens_count() {
        let mut two = candidates(Fastest, &[None; 2]);
        let boards: Vec<_> = two
            .iter()
            .map(|c| std::sync::Arc::clone(&c.endpoint().board))
            .collect();
        boards
            .iter()
            .for_each(|board| board.learn_first_content(Duration::from_millis(300)));
        let _busy = [boards[0].enter(), boards[0].enter()];
        assert_eq!(order(&two), ["1", "0"]);
        warm(&mut two, 0, 10_000);
        assert_eq!(order(&two), ["0", "1"]);
    }

    #[test]
    fn a_cache_shortens_the_wait_to_a_tenth_at_most_and_a_home_no_further() {
        let mut two = candidates(Fastest, &[None; 2]);
        let board =
            |index: usize| std::sync::Arc::clone(&two.iter().nth(index).unwrap().endpoint().board);
        let (slow, quick) = (board(0), board(1));
        slow.learn_first_content(Duration::from_millis(1_000));
        quick.learn_first_content(Duration::from_millis(99));
        for tokens in [10_000, u64::MAX] {
            home(&mut two, 0, tokens);
            assert_eq!(order(&two), ["1", "0"], "{tokens}");
        }
        quick.learn_first_content(Duration::from_millis(200));
        assert_eq!(order(&two), ["0", "1"]);
    }
}
