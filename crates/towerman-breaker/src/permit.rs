//! An admitted call. It settles when it is dropped, so there is no way out that is not counted.

use std::{
    fmt,
    ops::Deref,
    sync::Arc,
    time::{Duration, Instant},
};

use towerman_core::{
    Attempt, BoxError, End, InFlight, Phase, Policy, Slotted, Target, policy::BreakerRules,
};

use crate::{
    circuit::{Refusal, Token},
    error::{CircuitOpen, CoolingDown},
    evidence::Evidence,
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
    /// There was content.
    content: bool,
    /// How long it took until there was, if the answer is a stream.
    streamed_after: Option<Duration>,
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
                content: false,
                streamed_after: None,
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

    /// The body went on: has it brought content?
    pub(crate) fn watch(&mut self) {
        if self.content || self.attempt.phase() != Phase::Content {
            return;
        }
        self.content = true;
        // The first content of a whole answer comes when the last does, and says nothing.
        let streamed_after = self.attempt.note(|facts| {
            let elapsed = || now().saturating_duration_since(self.started);
            facts
                .streams
                .then(|| *facts.first_content.get_or_insert_with(elapsed))
        });
        self.streamed_after = streamed_after;
        let endpoint = self.attempt.endpoint();
        if let Some(after) = streamed_after {
            endpoint.board.learn_first_content(after);
        }
        // A probe need not wait for the end of a stream that may take minutes.
        if matches!(self.token, Token::Probe { .. }) {
            let late = streamed_after.filter(|after| *after > self.rules.slow_after);
            let gate = self.circuits.get(endpoint.slot);
            self.token = gate.first_content(endpoint, &self.rules, now(), self.token, late);
        }
    }

    /// The call is over.
    pub(crate) fn finish(mut self, end: End) {
        self.end = end;
    }

    /// The service answered with an error.
    pub(crate) fn broke(self, error: &BoxError) {
        let end = End::of_error(error.as_ref(), self.attempt.phase());
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
        let (outcome, retry_after) = self
            .attempt
            .note(|facts| (facts.end(phase, self.end, took), facts.retry_after));
        let endpoint = self.attempt.endpoint();
        let evidence = Evidence {
            outcome,
            phase,
            ours: matches!(endpoint.provider.target, Target::Url(_)),
            retry_after,
            streamed_after: self.streamed_after,
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
