//! The circuit of one endpoint. Pure: `now` is an argument, and nothing here publishes anything.
//!
//! Every token names the epoch that it was given out in, and an epoch ends whenever the circuit
//! opens or closes. A call from before says nothing about now, however long its stream lives.

use std::time::{Duration, Instant};

use towerman_core::{CircuitState, FailureKind, Outcome, Slot, policy::BreakerRules};

use crate::{
    backoff::{jitter, later, open_for},
    evidence::{Evidence, Weight},
    snapshot::{CircuitSnapshot, Why},
    window::{Tally, Window},
};

/// When something happens, where, and by which rules.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    pub(crate) now: Instant,
    pub(crate) slot: Slot,
    pub(crate) rules: &'a BreakerRules,
}

#[derive(Debug, Default)]
pub(crate) struct Circuit {
    state: State,
    epoch: u64,
    /// The last change, and why.
    changed: Option<(Instant, Why)>,
    /// How often the circuit opened without a quiet window in between.
    level: u32,
    failures_in_a_row: u32,
    window: Window,
    cooldown: Option<Cooldown>,
    leases_given: u64,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Closed,
    Open {
        until: Instant,
    },
    HalfOpen {
        leases: Vec<Lease>,
    },
}

/// A probe under way. It stays the one that decides until its time is over *and* another call
/// wants its place: a slow answer is better evidence than none.
#[derive(Clone, Copy, Debug)]
struct Lease {
    number: u64,
    until: Instant,
}

/// The endpoint is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cooldown {
    pub(crate) until: Instant,
    pub(crate) why: Outcome,
}

/// What an admitted call shows when it comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Call { epoch: u64 },
    Probe { epoch: u64, lease: u64 },
}

/// Why a call was not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Open { until: Instant },
    Cooling(Cooldown),
}

/// The circuit changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transition {
    pub(crate) from: CircuitState,
    pub(crate) to: CircuitState,
    pub(crate) why: Why,
    /// When an open circuit will admit a probe; now for the other states.
    pub(crate) until: Instant,
}

/// What others must hear of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) transition: Option<Transition>,
    pub(crate) cooldown: Option<Cooldown>,
    /// The cooldown is a new one, and not an older one that became longer.
    pub(crate) cooled: bool,
}

impl Circuit {
    /// The number of the current epoch.
    pub(crate) const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether calls pass without asking.
    pub(crate) const fn is_free(&self) -> bool {
        matches!(self.state, State::Closed) && self.cooldown.is_none()
    }

    /// Asks for admission.
    pub(crate) fn admit(&mut self, at: At<'_>) -> (Result<Token, Refusal>, News) {
        self.cooldown = self.cooldown.filter(|cooldown| at.now < cooldown.until);
        let mut news = News::default();
        match (&self.state, self.cooldown) {
            (State::Open { until }, cooldown) if at.now < *until => {
                let until = cooldown.map_or(*until, |cooldown| cooldown.until.max(*until));
                return (Err(Refusal::Open { until }), news);
            }
            // A probe would only be told to go away.
            (_, Some(cooldown)) => return (Err(Refusal::Cooling(cooldown)), news),
            (State::Closed, None) => return (Ok(Token::Call { epoch: self.epoch }), news),
            (State::Open { .. }, None) => {
                let leases = Vec::new();
                news.transition = Some(self.turn(State::HalfOpen { leases }, Why::Due, at.now));
            }
            (State::HalfOpen { .. }, None) => {}
        }
        (self.lease(at), news)
    }

    /// An attempt brought its first content, `late` by as much if it was a stream and late. The
    /// returned token is the one to settle with.
    pub(crate) fn first_content(
        &mut self,
        token: Token,
        late: Option<Duration>,
        at: At<'_>,
    ) -> (Token, News) {
        let mut news = News::default();
        if !self.decides(token) {
            return (token, news);
        }
        match late {
            None => {
                news.transition = Some(self.close(at));
                let epoch = self.epoch;
                (Token::Call { epoch }, news)
            }
            Some(after) => {
                if self.release(token) {
                    news.transition = Some(self.open(Why::ProbeSlow { after }, at));
                }
                (token, news)
            }
        }
    }

    /// An attempt is over.
    pub(crate) fn settle(&mut self, token: Token, evidence: &Evidence, at: At<'_>) -> News {
        let mut news = News::default();
        // Whoever brings it, and however old the call: it is a plea, not an opinion.
        if let Some(delay) = evidence.cooldown(at.rules) {
            self.cool(delay, evidence.outcome, at.now, &mut news);
        }
        let weight = evidence.weight(at.rules);
        match token {
            Token::Probe { .. } if self.decides(token) => {
                // A lease that went to another has lost its say, except that it works: answers
                // that take longer than a lease would otherwise never close a circuit.
                let held = self.release(token);
                news.transition = match weight {
                    Weight::Success => Some(self.close(at)),
                    Weight::Failure(kind) if held => Some(self.open(Why::ProbeFailed { kind }, at)),
                    Weight::Failure(_) | Weight::Nothing => None,
                };
            }
            Token::Call { epoch } if epoch == self.epoch => {
                news.transition = self
                    .count(weight, evidence.slow(at.rules), at)
                    .map(|why| self.open(why, at));
            }
            Token::Probe { .. } | Token::Call { .. } => {}
        }
        news
    }

    /// What the circuit looks like.
    pub(crate) fn snapshot(&self, now: Instant) -> CircuitSnapshot {
        let tally = self.window.tally(now);
        CircuitSnapshot {
            state: self.state.name(),
            since: self.changed.map(|(since, _)| since),
            why: self.changed.map(|(_, why)| why),
            next_probe: match &self.state {
                State::Open { until } => Some(*until),
                State::HalfOpen { leases } => leases.iter().map(|lease| lease.until).min(),
                State::Closed => None,
            },
            cooling_until: self
                .cooldown
                .map(|cooldown| cooldown.until)
                .filter(|until| now < *until),
            failures: tally.failures,
            calls: tally.calls,
        }
    }

    /// Admits a probe, if there is room or the time of one that is under way is over.
    fn lease(&mut self, at: At<'_>) -> Result<Token, Refusal> {
        let State::HalfOpen { leases } = &mut self.state else {
            return Ok(Token::Call { epoch: self.epoch });
        };
        let lease = Lease {
            number: self.leases_given,
            until: later(at.now, at.rules.probe_lease),
        };
        if leases.len() < at.rules.probes.max(1) as usize {
            leases.push(lease);
        } else {
            match leases.iter_mut().min_by_key(|lease| lease.until) {
                Some(oldest) if at.now < oldest.until => {
                    return Err(Refusal::Open {
                        until: oldest.until,
                    });
                }
                Some(oldest) => *oldest = lease,
                None => leases.push(lease),
            }
        }
        self.leases_given += 1;
        Ok(Token::Probe {
            epoch: self.epoch,
            lease: lease.number,
        })
    }

    /// Whether the token is that of a probe of this very trial.
    fn decides(&self, token: Token) -> bool {
        matches!(token, Token::Probe { epoch, .. } if epoch == self.epoch)
    }

    /// Gives back a probe's lease. False if it had gone to another.
    fn release(&mut self, token: Token) -> bool {
        match (token, &mut self.state) {
            (Token::Probe { lease, .. }, State::HalfOpen { leases }) => {
                let before = leases.len();
                leases.retain(|held| held.number != lease);
                leases.len() < before
            }
            _ => false,
        }
    }

    /// Counts an ordinary call. Returns why the circuit must open, if it must.
    fn count(&mut self, weight: Weight, slow: Option<bool>, at: At<'_>) -> Option<Why> {
        let failed = match weight {
            Weight::Nothing => return None,
            Weight::Success => None,
            Weight::Failure(kind) => Some(kind),
        };
        self.failures_in_a_row = failed.map_or(0, |_| self.failures_in_a_row.saturating_add(1));
        let call = Tally {
            calls: 1,
            failures: failed.is_some().into(),
            timed: slow.is_some().into(),
            slow: slow.unwrap_or_default().into(),
        };
        self.window.record(call, at.rules, at.now);
        self.verdict(failed, at)
    }

    /// What the rules say about the calls so far. A limit of zero is no limit.
    fn verdict(&self, failed: Option<FailureKind>, at: At<'_>) -> Option<Why> {
        let rules = at.rules;
        let failures = self.failures_in_a_row;
        if let Some(last) = failed
            && rules.consecutive > 0
            && failures >= rules.consecutive
        {
            return Some(Why::Consecutive { failures, last });
        }
        let tally = self.window.tally(at.now);
        let exceeds = |part: u32, whole: u32, percent: u32| {
            percent > 0
                && whole >= rules.min_calls.max(1)
                && u64::from(part) * 100 >= u64::from(whole) * u64::from(percent)
        };
        if exceeds(tally.failures, tally.calls, rules.failure_percent) {
            let (failures, calls) = (tally.failures, tally.calls);
            return Some(Why::FailureRate { failures, calls });
        }
        exceeds(tally.slow, tally.timed, rules.slow_percent).then_some(Why::SlowRate {
            slow: tally.slow,
            calls: tally.timed,
        })
    }

    fn cool(&mut self, delay: Duration, why: Outcome, now: Instant, news: &mut News) {
        let active = self.cooldown.filter(|cooldown| now < cooldown.until);
        let until = later(now, delay);
        // A cooldown never shrinks while it is active.
        if until > active.map_or(now, |cooldown| cooldown.until) {
            let cooldown = Cooldown { until, why };
            self.cooldown = Some(cooldown);
            news.cooldown = Some(cooldown);
            news.cooled = active.is_none();
        }
    }

    fn open(&mut self, why: Why, at: At<'_>) -> Transition {
        let quiet = |since: Instant| at.now.saturating_duration_since(since) >= at.rules.window;
        self.level = match (&self.state, self.changed) {
            (State::Closed, None) => 0,
            (State::Closed, Some((since, _))) if quiet(since) => 0,
            _ => self.level.saturating_add(1),
        };
        self.epoch += 1;
        let delay = open_for(at.rules, self.level, jitter(at.slot, self.epoch));
        let until = later(at.now, delay);
        self.turn(State::Open { until }, why, at.now)
    }

    fn close(&mut self, at: At<'_>) -> Transition {
        self.epoch += 1;
        self.failures_in_a_row = 0;
        self.window.clear();
        self.turn(State::Closed, Why::ProbeSucceeded, at.now)
    }

    fn turn(&mut self, state: State, why: Why, now: Instant) -> Transition {
        let from = self.state.name();
        self.state = state;
        self.changed = Some((now, why));
        Transition {
            from,
            to: self.state.name(),
            why,
            until: match self.state {
                State::Open { until } => until,
                State::Closed | State::HalfOpen { .. } => now,
            },
        }
    }
}

impl State {
    const fn name(&self) -> CircuitState {
        match self {
            Self::Closed => CircuitState::Closed,
            Self::Open { .. } => CircuitState::Open,
            Self::HalfOpen { .. } => CircuitState::HalfOpen,
        }
    }
}

#[cfg(test)]
mod tests;
