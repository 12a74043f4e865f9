//! Which endpoint is next, and whether there is a next at all. Pure: `now` is an argument.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use towerman_core::{
    Availability, Endpoint, FailureKind, Outcome, Phase,
    policy::{Class, FailoverRules},
};

/// The course of one request over its candidates.
#[derive(Debug)]
pub(crate) struct Plan {
    order: Vec<Arc<Endpoint>>,
    /// Endpoints tried since the last pause, by index into `order`.
    tried: Vec<bool>,
    /// Endpoints that took the request and brought nothing, and so never get the same one again.
    spent: Vec<bool>,
    attempts: u32,
    ambiguous: u32,
    pauses: u32,
}

/// What to do next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Try this one.
    Try(Arc<Endpoint>),
    /// Wait this long, then ask again.
    Pause(Duration),
    /// There is nothing left to try.
    Stop,
}

impl Plan {
    pub(crate) fn new(order: Vec<Arc<Endpoint>>) -> Self {
        let none = vec![false; order.len()];
        Self {
            order,
            tried: none.clone(),
            spent: none,
            attempts: 0,
            ambiguous: 0,
            pauses: 0,
        }
    }

    /// Attempts so far.
    pub(crate) const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The next step at `now`.
    pub(crate) fn next(
        &mut self,
        rules: &FailoverRules,
        class: &Class,
        last: Option<Outcome>,
        now: Instant,
    ) -> Next {
        if self.attempts >= rules.max_attempts.max(1) || self.ambiguous > class.max_ambiguous {
            return Next::Stop;
        }
        for (index, endpoint) in self.order.iter().enumerate() {
            if self.tried[index] {
                continue;
            }
            if matches!(
                endpoint.board.availability(now),
                Availability::Refused { .. }
            ) {
                continue;
            }
            self.tried[index] = true;
            self.attempts += 1;
            return Next::Try(Arc::clone(endpoint));
        }
        if self.pauses >= rules.max_attempts {
            Next::Stop
        } else {
            self.pause(last)
        }
    }

    /// Every untried endpoint was refused or has failed: those that failed in a way that passes
    /// may be tried once more after a pause.
    fn pause(&mut self, last: Option<Outcome>) -> Next {
        let Some(wait) = last.and_then(|outcome| backoff(outcome, self.pauses)) else {
            return Next::Stop;
        };
        self.pauses += 1;
        self.tried.clone_from(&self.spent);
        if self.tried.iter().all(|tried| *tried) {
            Next::Stop
        } else {
            Next::Pause(wait)
        }
    }

    /// The endpoint turned the call away before anything was sent: that was no attempt.
    pub(crate) const fn turned_away(&mut self) {
        self.attempts = self.attempts.saturating_sub(1);
    }

    /// The attempt at `endpoint` failed in `phase`.
    pub(crate) fn failed(&mut self, endpoint: &Endpoint, phase: Phase) {
        // Sent and unanswered may be billed or not; with a head it surely is, and no riddle.
        if phase == Phase::Sent {
            self.ambiguous += 1;
        }
        if matches!(phase, Phase::Sent | Phase::Open) {
            for (spent, candidate) in self.spent.iter_mut().zip(&self.order) {
                *spent |= candidate.slot == endpoint.slot;
            }
        }
    }

    /// When the first of the endpoints that are refused now may be asked again.
    pub(crate) fn earliest(&self, now: Instant) -> Option<Duration> {
        self.order
            .iter()
            .filter_map(|endpoint| match endpoint.board.availability(now) {
                Availability::Refused { until } => Some(until.saturating_duration_since(now)),
                _ => None,
            })
            .min()
    }

    /// The names of endpoints that are refused now.
    pub(crate) fn refused(&self, now: Instant) -> impl Iterator<Item = &str> {
        self.order.iter().filter_map(move |endpoint| {
            matches!(
                endpoint.board.availability(now),
                Availability::Refused { .. }
            )
            .then_some(&*endpoint.name)
        })
    }
}

/// The longest pause that a provider's `Retry-After` is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long to wait before the same endpoint is tried again, at most; `None` is never.
fn backoff(outcome: Outcome, pauses: u32) -> Option<Duration> {
    let base = match outcome {
        Outcome::Throttled { retry_after } => {
            return retry_after.filter(|wait| *wait <= PATIENCE);
        }
        Outcome::Failure(FailureKind::Overloaded) => Duration::from_secs(1),
        Outcome::Failure(FailureKind::Connect | FailureKind::Server | FailureKind::InStream) => {
            Duration::from_millis(50)
        }
        _ => return None,
    };
    Some((base * 2_u32.saturating_pow(pauses)).min(PATIENCE))
}

#[cfg(test)]
mod tests {
    use towerman_core::{
        CircuitState, Dialect, PolicyHandle, Priority,
        policy::{Draft, ProviderDraft, RouteDraft},
    };

    use super::*;

    fn endpoints(count: usize) -> Vec<Arc<Endpoint>> {
        let names = (0..count).map(|index| format!("p/{index}"));
        let draft = Draft::new()
            .provider(ProviderDraft::inner("p", Dialect::OpenAiChat))
            .route(RouteDraft::new("r", names));
        PolicyHandle::new(draft)
            .unwrap()
            .load()
            .endpoints()
            .to_vec()
    }

    fn tries(next: &Next) -> &str {
        match next {
            Next::Try(endpoint) => &endpoint.name,
            Next::Pause(_) => "pause",
            Next::Stop => "stop",
        }
    }

    const NORMAL: Class = Class::default_for(Priority::Normal);
    const SERVER: Option<Outcome> = Some(Outcome::Failure(FailureKind::Server));

    #[test]
    fn candidates_are_tried_in_order_and_then_again_after_a_pause() {
        let (mut plan, rules, now) = (
            Plan::new(endpoints(2)),
            FailoverRules::default(),
            Instant::now(),
        );
        let steps: Vec<_> = (0..5)
            .map(|_| tries(&plan.next(&rules, &NORMAL, SERVER, now)).to_owned())
            .collect();
        assert_eq!(steps, ["p/0", "p/1", "pause", "p/0", "stop"]);
    }

    #[test]
    fn an_open_circuit_is_skipped_without_an_attempt() {
        let (order, now) = (endpoints(2), Instant::now());
        order[0]
            .board
            .set_circuit(CircuitState::Open, now + Duration::from_secs(9));
        let mut plan = Plan::new(order);
        assert_eq!(
            tries(&plan.next(&FailoverRules::default(), &NORMAL, None, now)),
            "p/1"
        );
        // Boards count in microseconds.
        assert_eq!(plan.earliest(now).unwrap().as_secs_f64().round(), 9.0);
    }

    #[test]
    fn a_request_that_may_be_billed_is_repeated_once_and_never_at_the_same_place() {
        let (mut plan, rules, now) = (
            Plan::new(endpoints(1)),
            FailoverRules::default(),
            Instant::now(),
        );
        let Next::Try(endpoint) = plan.next(&rules, &NORMAL, None, now) else {
            panic!("must try")
        };
        plan.failed(&endpoint, Phase::Sent);
        assert_eq!(tries(&plan.next(&rules, &NORMAL, SERVER, now)), "stop");

        let mut plan = Plan::new(endpoints(3));
        for expected in ["p/0", "p/1", "stop"] {
            let next = plan.next(&rules, &NORMAL, SERVER, now);
            assert_eq!(tries(&next), expected);
            if let Next::Try(endpoint) = next {
                plan.failed(&endpoint, Phase::Sent);
            }
        }
    }

    #[test]
    fn a_long_retry_after_is_not_waited_for() {
        let (mut plan, rules, now) = (
            Plan::new(endpoints(1)),
            FailoverRules::default(),
            Instant::now(),
        );
        plan.next(&rules, &NORMAL, None, now);
        let throttled = |seconds| {
            Some(Outcome::Throttled {
                retry_after: Some(Duration::from_secs(seconds)),
            })
        };
        assert_eq!(
            tries(&plan.next(&rules, &NORMAL, throttled(60), now)),
            "stop"
        );
        assert_eq!(
            tries(&plan.next(&rules, &NORMAL, throttled(1), now)),
            "pause"
        );
    }
}
