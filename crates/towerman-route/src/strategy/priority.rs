//! The policy's order, but the warm endpoint first.

use towerman_core::{
    Candidate,
    strategy::{Facts, Strategy},
};

use super::is_warm;

/// The policy's order; an endpoint that holds the prompt's prefix moves to the front.
///
/// Without Affinity it is the policy's order and nothing else.
#[derive(Clone, Copy, Debug, Default)]
pub struct Priority;

impl Strategy for Priority {
    fn name(&self) -> &'static str {
        "priority"
    }

    fn score(&self, candidate: &Candidate, _: &Facts) -> f64 {
        let position = f64::from(candidate.position());
        // Every warm score is below every cold one.
        if is_warm(candidate) {
            position - f64::from(u32::MAX)
        } else {
            position
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    #[test]
    fn the_policys_order_holds_until_one_is_warm() {
        let mut three = candidates(Priority, &[None, None, None]);
        assert_eq!(order(&three), ["0", "1", "2"]);
        warm(&mut three, 2, 4_000);
        assert_eq!(order(&three), ["2", "0", "1"]);
    }
}
