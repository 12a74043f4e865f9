//! An admitted call. It settles when it is dropped, so there is no way out that is not counted.

use std::{
    fmt,
    ops::Deref,
    sync::Arc,
    time::{Duration, Instant},
};

use towerman_core::{
    Attempt, BoxError, FailureKind, Fault, InFlight, Outcome, Phase, Policy, Slotted, Target, find,
    policy::BreakerRules,
};

use crate::{
    circuit::{Refusal, Token},
    error::{CircuitOpen, CoolingDown},
    evidence::{self, End, Evidence},
    gate::Gate,
};

/// The rules of one call: it ends under those that it began under.
#[derive(Clone, Debug)]
pub(crate) enum Rules {
    Policy(Arc<Policy>),
    Layer(Arc<BreakerRules>),
}

/// Lives in the future until there is a head, and in the body from then on.
pub(crate) struct Permit {
    circuits: Arc<Slotted<Gate>>,
    attempt: Arc<Attempt>,
    rules: Rules,
    token: Token,
    started: Instant,
    /// Whether the answer is a stream.
    streams: bool,
    first_content: Option<Duration>,
    end: End,
    _in_flight: InFlight,
}

impl Permit {
    /// Asks the circuit of the attempt's endpoint.
    pub(crate) fn ask(
        circuits: &Arc<Slotted<Gate>>,
        attempt: Arc<Attempt>,
        rules: Rules,
    ) -> Result<Self, BoxError> {
        let endpoint = attempt.endpoint();
        let now = now();
        match circuits.get(endpoint.slot).admit(endpoint, &rules, now) {
            Ok(token) => Ok(Self {
                circuits: Arc::clone(circuits),
                _in_flight: endpoint.board.enter(),
                attempt,
                rules,
                token,
                started: now,
                streams: false,
                first_content: None,
                end: End::Dropped,
            }),
            Err(Refusal::Open { until }) => Err(CircuitOpen::new(endpoint, until, now).into()),
            Err(Refusal::Cooling(cooldown)) => {
                Err(CoolingDown::new(endpoint, cooldown.why, cooldown.until, now).into())
            }
        }
    }

    /// The attempt that was admitted.
    pub(crate) const fn attempt(&self) -> &Arc<Attempt> {
        &self.attempt
    }

    /// There is a head.
    pub(crate) const fn answered(&mut self, streams: bool) {
        self.streams = streams;
    }

    /// The body went on: has it brought content?
    pub(crate) fn watch(&mut self) {
        if self.first_content.is_some() || self.attempt.phase() != Phase::Content {
            return;
        }
        let now = now();
        let after = now.saturating_duration_since(self.started);
        self.first_content = Some(after);
        self.attempt
            .note(|facts| facts.first_content = facts.first_content.or(Some(after)));
        let endpoint = self.attempt.endpoint();
        endpoint.board.learn_first_content(after);
        // A probe need not wait for the end of a stream that may take minutes.
        if matches!(self.token, Token::Probe { .. }) {
            let late = (self.streams && after > self.rules.slow_after).then_some(after);
            let gate = self.circuits.get(endpoint.slot);
            self.token = gate.first_content(endpoint, &self.rules, now, self.token, late);
        }
    }

    /// The call is over.
    pub(crate) fn finish(mut self, end: End) {
        self.end = end;
    }

    /// The service answered with an error.
    pub(crate) fn broke(self, error: &BoxError) {
        let unsent = self.attempt.phase() == Phase::Unsent;
        let end = match find::<Fault>(error.as_ref()) {
            // A layer further in would not put the request to this endpoint. (The source of
            // another circuit's refusal is a fault, too.)
            Some(fault) if unsent || fault.kind().is_callers() => End::Unfit,
            _ if unsent => End::Broke(FailureKind::Connect),
            _ => End::Broke(FailureKind::Reset),
        };
        self.finish(end);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        // The last frame may have brought the first content.
        self.watch();
        let now = now();
        let took = now.saturating_duration_since(self.started);
        let phase = self.attempt.phase();
        let (outcome, retry_after) = self.attempt.note(|facts| {
            let outcome = evidence::outcome(phase, facts, self.end);
            if let End::Broke(kind) = self.end
                && outcome == Outcome::Failure(kind)
            {
                facts.fail(kind);
            }
            facts.outcome = Some(outcome);
            facts.duration.get_or_insert(took);
            (outcome, facts.retry_after)
        });
        let endpoint = self.attempt.endpoint();
        let evidence = Evidence {
            outcome,
            phase,
            ours: matches!(endpoint.provider.target, Target::Url(_)),
            retry_after,
            streamed_after: self.first_content.filter(|_| self.streams),
            took,
        };
        let gate = self.circuits.get(endpoint.slot);
        gate.settle(endpoint, &self.rules, now, self.token, &evidence);
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("attempt", &self.attempt)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

impl Deref for Rules {
    type Target = BreakerRules;

    fn deref(&self) -> &BreakerRules {
        match self {
            Self::Policy(policy) => policy.breaker(),
            Self::Layer(rules) => rules,
        }
    }
}

/// The runtime's clock, which tests can pause.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
