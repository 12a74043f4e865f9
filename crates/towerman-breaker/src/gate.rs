//! A circuit that threads share: the word that calls pass by, and the machine behind it.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use towerman_core::{Endpoint, policy::BreakerRules};

use crate::{
    circuit::{At, Circuit, News, Refusal, Token},
    evidence::Evidence,
    snapshot::CircuitSnapshot,
};

/// The circuit of one endpoint, as the services of a layer share it.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// The epoch, and in the lowest bit whether calls must ask the circuit first. Zero is a
    /// closed circuit of the first epoch.
    word: AtomicU64,
    /// Held for nanoseconds: when a call is over, or while calls must ask.
    circuit: Mutex<Circuit>,
}

impl Gate {
    /// Asks for admission. While nothing is wrong, this is one load.
    pub(crate) fn admit(
        &self,
        endpoint: &Endpoint,
        rules: &BreakerRules,
        now: Instant,
    ) -> Result<Token, Refusal> {
        let word = self.word.load(Relaxed);
        if word & 1 == 0 {
            return Ok(Token::Call { epoch: word >> 1 });
        }
        self.change(endpoint, rules, now, Circuit::admit)
    }

    /// A probe brought its first content. Returns the token to settle with.
    pub(crate) fn first_content(
        &self,
        endpoint: &Endpoint,
        rules: &BreakerRules,
        now: Instant,
        token: Token,
        late: Option<Duration>,
    ) -> Token {
        self.change(endpoint, rules, now, |circuit, at| {
            circuit.first_content(token, late, at)
        })
    }

    /// A call is over.
    pub(crate) fn settle(
        &self,
        endpoint: &Endpoint,
        rules: &BreakerRules,
        now: Instant,
        token: Token,
        evidence: &Evidence,
    ) {
        self.change(endpoint, rules, now, |circuit, at| {
            ((), circuit.settle(token, evidence, at))
        });
    }

    /// What the circuit looks like.
    pub(crate) fn snapshot(&self, now: Instant) -> CircuitSnapshot {
        let circuit = self.circuit.lock().unwrap_or_else(PoisonError::into_inner);
        circuit.snapshot(now)
    }

    fn change<T>(
        &self,
        endpoint: &Endpoint,
        rules: &BreakerRules,
        now: Instant,
        change: impl FnOnce(&mut Circuit, At<'_>) -> (T, News),
    ) -> T {
        let slot = endpoint.slot;
        // Nothing that is done under the lock can panic half-way.
        let mut circuit = self.circuit.lock().unwrap_or_else(PoisonError::into_inner);
        let (result, news) = change(&mut circuit, At { now, slot, rules });
        // Under the lock, so that the last word published is about the last change made.
        self.word.store(
            circuit.epoch() << 1 | u64::from(!circuit.is_free()),
            Relaxed,
        );
        if let Some(transition) = news.transition {
            endpoint.board.set_circuit(transition.to, transition.until);
        }
        if let Some(cooldown) = news.cooldown {
            endpoint.board.cool_until(cooldown.until);
        }
        drop(circuit);
        tell(endpoint, &news, now);
        result
    }
}

/// One event per change.
fn tell(endpoint: &Endpoint, news: &News, now: Instant) {
    if let Some(transition) = news.transition {
        tracing::info!(
            target: "towerman::breaker",
            endpoint = &*endpoint.name,
            from = transition.from.as_str(),
            to = transition.to.as_str(),
            why = %transition.why,
            for_ms = millis(transition.until, now),
            "circuit changed"
        );
    }
    if let Some(cooldown) = news.cooldown.filter(|_| news.cooled) {
        tracing::info!(
            target: "towerman::breaker",
            endpoint = &*endpoint.name,
            why = cooldown.why.as_str(),
            for_ms = millis(cooldown.until, now),
            "endpoint cools down"
        );
    }
}

fn millis(until: Instant, now: Instant) -> u64 {
    u64::try_from(until.saturating_duration_since(now).as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use towerman_core::{CircuitState, FailureKind, Outcome, Phase};

    use super::*;

    #[test]
    fn threads_that_ask_at_once_get_as_many_probes_as_the_rules_say() {
        let rules = BreakerRules {
            consecutive: 1,
            probes: 3,
            ..BreakerRules::default()
        };
        let (gate, endpoint, now) = (Gate::default(), Endpoint::unrouted(), Instant::now());
        let failed = Evidence {
            outcome: Outcome::Failure(FailureKind::Server),
            phase: Phase::Refused,
            ours: true,
            retry_after: None,
            streamed_after: None,
            took: Duration::ZERO,
        };
        for trial in 0..200 {
            // Each trial begins a while after the one before.
            let now = now + rules.open_at_most * trial * 2;
            let token = match gate.admit(endpoint, &rules, now) {
                Ok(token) => token,
                Err(refusal) => panic!("{refusal:?}"),
            };
            gate.settle(endpoint, &rules, now, token, &failed);
            assert_eq!(gate.snapshot(now).state, CircuitState::Open);
            let due = now + rules.open_at_most;
            let admitted: Vec<_> = std::thread::scope(|scope| {
                let ask = || gate.admit(endpoint, &rules, due).ok();
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
                threads
                    .into_iter()
                    .filter_map(|thread| thread.join().unwrap())
                    .collect()
            });
            assert_eq!(admitted.len(), 3);
            for token in admitted {
                let cancelled = Evidence {
                    outcome: Outcome::Cancelled,
                    ..failed
                };
                gate.settle(endpoint, &rules, due, token, &cancelled);
            }
        }
    }
}
