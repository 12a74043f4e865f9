//! The policy's order.

use towerman_core::{
    Candidate,
    strategy::{Facts, Strategy},
};

/// The policy's order, and nothing else. A bias of 1 is one place.
#[derive(Clone, Copy, Debug, Default)]
pub struct Priority;

impl Strategy for Priority {
    fn name(&self) -> &'static str {
        "priority"
    }

    fn score(&self, candidate: &Candidate, _: &Facts) -> f64 {
        f64::from(candidate.position())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    #[test]
    fn a_prefix_that_anybody_may_share_changes_nothing() {
        let mut three = candidates(Priority, &[None, None, None]);
        assert_eq!(order(&three), ["0", "1", "2"]);
        warm(&mut three, 2, 4_000);
        assert_eq!(order(&three), ["0", "1", "2"]);
    }

    #[test]
    fn the_home_of_the_conversation_goes_first() {
        let mut three = candidates(Priority, &[None, None, None]);
        home(&mut three, 2, 4_000);
        assert_eq!(order(&three), ["2", "0", "1"]);
        home(&mut three, 1, 4_000);
        assert_eq!(order(&three), ["1", "2", "0"], "the policy's order of two");
    }
}
