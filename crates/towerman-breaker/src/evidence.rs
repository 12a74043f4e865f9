//! What a call that is over says about its endpoint. Pure.

use std::time::Duration;

use towerman_core::{FailureKind, Outcome, Phase, policy::BreakerRules};

/// A call that is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Evidence {
    pub(crate) outcome: Outcome,
    pub(crate) phase: Phase,
    /// The request went out with our credentials, and not with the caller's own.
    pub(crate) ours: bool,
    /// How long the provider asked to be left alone.
    pub(crate) retry_after: Option<Duration>,
    /// Time to first content, if the answer was a stream.
    pub(crate) streamed_after: Option<Duration>,
    pub(crate) took: Duration,
}

/// What a call weighs in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    Success,
    Failure(FailureKind),
    /// Neither.
    Nothing,
}

impl Evidence {
    /// What the call weighs.
    pub(crate) fn weight(&self, rules: &BreakerRules) -> Weight {
        match self.outcome {
            // A refusal for the caller's sake: it must neither hide an outage nor end one.
            Outcome::Success if self.phase == Phase::Refused => Weight::Nothing,
            Outcome::Success => Weight::Success,
            // A key or an account was refused: no fault of the model's.
            Outcome::Failure(FailureKind::Auth | FailureKind::Quota) => Weight::Nothing,
            // The deadline is over all attempts: the last one may have had no chance.
            Outcome::Failure(FailureKind::Deadline) if self.took < rules.slow_after => {
                Weight::Nothing
            }
            Outcome::Failure(kind) => Weight::Failure(kind),
            _ => Weight::Nothing,
        }
    }

    /// How long the endpoint is to be left alone because of this call.
    pub(crate) fn cooldown(&self, rules: &BreakerRules) -> Option<Duration> {
        let asked = self
            .retry_after
            .map(|delay| delay.min(rules.cooldown_at_most));
        match self.outcome {
            Outcome::Throttled { retry_after } => Some(
                asked
                    .or(retry_after)
                    .unwrap_or(rules.cooldown)
                    .min(rules.cooldown_at_most),
            ),
            Outcome::Failure(FailureKind::Overloaded | FailureKind::Server) => asked,
            // Otherwise one caller with a bad key would take the endpoint from all others.
            Outcome::Failure(FailureKind::Auth | FailureKind::Quota) if self.ours => {
                Some(rules.open_at_most.max(asked.unwrap_or_default()))
            }
            _ => None,
        }
    }

    /// Whether the first content was late; `None` if it was not a stream, whose first content
    /// comes when the last does.
    pub(crate) fn slow(&self, rules: &BreakerRules) -> Option<bool> {
        self.streamed_after.map(|after| after > rules.slow_after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn evidence(outcome: Outcome) -> Evidence {
        Evidence {
            outcome,
            phase: Phase::Open,
            ours: true,
            retry_after: None,
            streamed_after: None,
            took: 20 * SECOND,
        }
    }

    #[test]
    fn a_throttled_answer_cools_and_weighs_nothing() {
        let rules = BreakerRules::default();
        let mut throttled = evidence(Outcome::Throttled { retry_after: None });
        assert_eq!(throttled.weight(&rules), Weight::Nothing);
        assert_eq!(throttled.cooldown(&rules), Some(rules.cooldown));
        throttled.retry_after = Some(7 * SECOND);
        assert_eq!(throttled.cooldown(&rules), Some(7 * SECOND));
        throttled.retry_after = Some(Duration::MAX);
        assert_eq!(throttled.cooldown(&rules), Some(rules.cooldown_at_most));
    }

    #[test]
    fn refused_credentials_of_ours_quarantine_and_weigh_nothing() {
        let rules = BreakerRules::default();
        for kind in [FailureKind::Auth, FailureKind::Quota] {
            let mut refused = evidence(Outcome::Failure(kind));
            assert_eq!(refused.weight(&rules), Weight::Nothing);
            assert_eq!(refused.cooldown(&rules), Some(rules.open_at_most));
            refused.ours = false;
            assert_eq!(refused.cooldown(&rules), None);
        }
    }

    #[test]
    fn an_overloaded_answer_that_names_a_time_fails_and_cools() {
        let rules = BreakerRules::default();
        let kind = FailureKind::Overloaded;
        let mut overloaded = evidence(Outcome::Failure(kind));
        assert_eq!(overloaded.weight(&rules), Weight::Failure(kind));
        assert_eq!(overloaded.cooldown(&rules), None);
        overloaded.retry_after = Some(SECOND);
        assert_eq!(overloaded.cooldown(&rules), Some(SECOND));
    }

    #[test]
    fn a_callers_error_weighs_nothing() {
        let mut refused = evidence(Outcome::Success);
        refused.phase = Phase::Refused;
        assert_eq!(refused.weight(&BreakerRules::default()), Weight::Nothing);
    }

    #[test]
    fn a_deadline_that_left_no_time_weighs_nothing() {
        let rules = BreakerRules::default();
        let mut late = evidence(Outcome::Failure(FailureKind::Deadline));
        assert_eq!(late.weight(&rules), Weight::Failure(FailureKind::Deadline));
        late.took = SECOND;
        assert_eq!(late.weight(&rules), Weight::Nothing);
    }

    #[test]
    fn only_a_stream_can_be_slow() {
        let rules = BreakerRules::default();
        let mut call = evidence(Outcome::Success);
        assert_eq!(call.slow(&rules), None);
        call.streamed_after = Some(rules.slow_after);
        assert_eq!(call.slow(&rules), Some(false));
        call.streamed_after = Some(rules.slow_after + SECOND);
        assert_eq!(call.slow(&rules), Some(true));
    }
}
