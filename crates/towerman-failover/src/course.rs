//! Which endpoint is next, and whether there is a next at all. Pure: `now` is an argument.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use towerman_core::{
    Availability, Endpoint, FailureKind, Fault, Outcome, Phase,
    policy::{Class, FailoverRules},
};

use crate::exhausted;

/// The course of one request over its candidates.
#[derive(Debug)]
pub(crate) struct Course {
    stops: Vec<Stop>,
    max_attempts: u32,
    max_ambiguous: u32,
    attempts: u32,
    ambiguous: u32,
    pauses: u32,
}

/// One candidate, and what came of trying it.
#[derive(Debug)]
struct Stop {
    endpoint: Arc<Endpoint>,
    /// Tried since the last pause.
    tried: bool,
    /// Took the request and brought nothing, or cannot take it: never gets the same one again.
    spent: bool,
    last: Option<Outcome>,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Try this stop.
    Try(usize),
    /// Wait, then ask again.
    Pause(Wait),
    /// There is nothing left to try.
    Stop,
}

/// How long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    /// At least: what the provider asked for.
    pub(crate) least: Duration,
    /// A random share of this besides, so that requests that failed together do not return
    /// together.
    pub(crate) spread: Duration,
}

impl Wait {
    const fn most(self) -> Duration {
        self.least.saturating_add(self.spread)
    }
}

impl Course {
    pub(crate) fn new(
        order: impl IntoIterator<Item = Arc<Endpoint>>,
        rules: &FailoverRules,
        class: &Class,
    ) -> Self {
        let stop = |endpoint| Stop {
            endpoint,
            tried: false,
            spent: false,
            last: None,
        };
        Self {
            stops: order.into_iter().map(stop).collect(),
            max_attempts: rules.max_attempts.max(1),
            max_ambiguous: class.max_ambiguous,
            attempts: 0,
            ambiguous: 0,
            pauses: 0,
        }
    }

    /// Attempts so far.
    pub(crate) const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Whether an attempt has failed, so that the next one is a retry.
    pub(crate) fn failed_before(&self) -> bool {
        self.stops.iter().any(|stop| stop.last.is_some())
    }

    /// Whether the attempt under way is the last that may be made, whatever comes of it.
    pub(crate) fn is_last(&self) -> bool {
        self.attempts >= self.max_attempts
    }

    /// The endpoint of a stop.
    pub(crate) fn endpoint(&self, stop: usize) -> &Arc<Endpoint> {
        &self.stops[stop].endpoint
    }

    /// The next step at `now`.
    pub(crate) fn next(&mut self, now: Instant) -> Next {
        if self.is_last() || self.ambiguous > self.max_ambiguous {
            return Next::Stop;
        }
        let open = |stop: &Stop| !stop.tried && !is_refused(&stop.endpoint, now);
        if let Some(index) = self.stops.iter().position(open) {
            self.stops[index].tried = true;
            self.attempts += 1;
            return Next::Try(index);
        }
        self.pause()
    }

    /// Every untried endpoint was refused or has failed: those that failed in a way that passes
    /// may be tried once more after a pause.
    fn pause(&mut self) -> Next {
        if self.pauses >= self.max_attempts {
            return Next::Stop;
        }
        let pauses = self.pauses;
        let wait_for = |stop: &Stop| match stop.last {
            Some(outcome) if !stop.spent => backoff(outcome, pauses),
            _ => None,
        };
        let waits = self.stops.iter().filter_map(wait_for);
        let Some(wait) = waits.min_by_key(|wait| wait.most()) else {
            return Next::Stop;
        };
        self.pauses += 1;
        for stop in &mut self.stops {
            // Whoever asked for a longer wait gets it; whoever only turned a call away may do
            // better by then.
            let ready = match stop.last {
                Some(outcome) => {
                    backoff(outcome, pauses).is_some_and(|own| own.least <= wait.most())
                }
                None => true,
            };
            stop.tried = stop.spent || !ready;
        }
        Next::Pause(wait)
    }

    /// The call was turned away before anything was sent: that was no attempt.
    pub(crate) const fn turned_away(&mut self) {
        self.attempts = self.attempts.saturating_sub(1);
    }

    /// The request cannot be put to this endpoint, and never will: that was no attempt either.
    pub(crate) fn unfit(&mut self, stop: usize) {
        self.turned_away();
        self.stops[stop].spent = true;
    }

    /// The attempt failed in `phase`.
    pub(crate) fn failed(&mut self, stop: usize, outcome: Outcome, phase: Phase) {
        // Sent and unanswered may be billed or not; with a head it surely is, and no riddle.
        if phase == Phase::Sent {
            self.ambiguous += 1;
        }
        let stop = &mut self.stops[stop];
        stop.last = Some(outcome);
        stop.spent |= matches!(phase, Phase::Sent | Phase::Open);
    }

    /// What the client is told when nothing is left to try.
    pub(crate) fn fault(&self, now: Instant) -> Fault {
        let outcomes = self.stops.iter().filter_map(|stop| stop.last);
        exhausted::fault(outcomes, self.earliest(now))
    }

    /// When the first of the endpoints that are refused now may be asked again.
    pub(crate) fn earliest(&self, now: Instant) -> Option<Duration> {
        let refused_until = |stop: &Stop| match stop.endpoint.board.availability(now) {
            Availability::Refused { until } => Some(until.saturating_duration_since(now)),
            _ => None,
        };
        self.stops.iter().filter_map(refused_until).min()
    }

    /// The names of endpoints that were never tried, because they are refused.
    pub(crate) fn skipped(&self, now: Instant) -> impl Iterator<Item = &str> {
        self.stops.iter().filter_map(move |stop| {
            let skipped = stop.last.is_none() && !stop.tried && is_refused(&stop.endpoint, now);
            skipped.then_some(&*stop.endpoint.name)
        })
    }
}

fn is_refused(endpoint: &Endpoint, now: Instant) -> bool {
    let availability = endpoint.board.availability(now);
    matches!(availability, Availability::Refused { .. })
}

/// The longest pause that a provider's `Retry-After` is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long to wait before the same endpoint is tried again; `None` is never.
fn backoff(outcome: Outcome, pauses: u32) -> Option<Wait> {
    let base = match outcome {
        Outcome::Throttled { retry_after } => {
            let least = retry_after.filter(|wait| *wait <= PATIENCE)?;
            let spread = least / 4;
            return Some(Wait { least, spread });
        }
        Outcome::Failure(FailureKind::Overloaded) => Duration::from_secs(1),
        Outcome::Failure(FailureKind::Connect | FailureKind::Server | FailureKind::InStream) => {
            Duration::from_millis(50)
        }
        _ => return None,
    };
    Some(Wait {
        least: Duration::ZERO,
        spread: (base * 2_u32.saturating_pow(pauses)).min(PATIENCE),
    })
}

#[cfg(test)]
mod tests;
