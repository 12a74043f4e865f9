//! What the demo knows of the requests that have ended.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use towerman::{
    core::{CircuitState, Pico, PolicyHandle},
    cost::{Ledger, Line},
    telemetry::Decision,
};

/// Reads decision records and ledger lines as they are made.
#[derive(Debug)]
pub(super) struct Watch {
    policy: PolicyHandle,
    totals: Mutex<Totals>,
    circuits: Mutex<BTreeMap<Arc<str>, CircuitState>>,
}

/// Sums over all requests that have ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Totals {
    pub(super) requests: u64,
    pub(super) failovers: u64,
    pub(super) attempts: u64,
    pub(super) prompt: u64,
    pub(super) cached: u64,
    /// Requests by the endpoint that answered them.
    pub(super) answered: BTreeMap<Arc<str>, u64>,
    /// Money for attempts that were sent and never answered: nobody knows whether it is owed.
    pub(super) in_doubt: Pico,
}

impl Watch {
    pub(super) fn new(policy: &PolicyHandle) -> Self {
        Self {
            policy: policy.clone(),
            totals: Mutex::default(),
            circuits: Mutex::default(),
        }
    }

    pub(super) fn see(&self, decision: &Decision) {
        let mut totals = self.lock();
        totals.requests += 1;
        totals.attempts += decision.attempts.len() as u64;
        for attempt in decision.attempts.iter().filter(|tried| !tried.estimated) {
            totals.prompt += attempt.input + attempt.cache_read + attempt.cache_write;
            totals.cached += attempt.cache_read;
        }
        if decision.outcome != "success" {
            return;
        }
        let ends = decision.attempts.first().zip(decision.attempts.last());
        if let Some((first, last)) = ends {
            totals.failovers += u64::from(first.endpoint != last.endpoint);
            *totals.answered.entry(last.endpoint.clone()).or_default() += 1;
        }
    }

    pub(super) fn totals(&self) -> Totals {
        self.lock().clone()
    }

    /// Circuits that have changed since the last look, in words.
    pub(super) fn changes(&self) -> Vec<String> {
        let mut known = self.circuits.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changes = Vec::new();
        for endpoint in self.policy.load().endpoints() {
            let now = endpoint.board.circuit();
            let before = known.insert(endpoint.name.clone(), now).unwrap_or_default();
            if before != now {
                changes.push(format!(
                    "{}: circuit {} → {}",
                    endpoint.name,
                    before.as_str(),
                    now.as_str()
                ));
            }
        }
        changes
    }

    fn lock(&self) -> MutexGuard<'_, Totals> {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger for Watch {
    fn record(&self, line: &Line) {
        if line.maybe_billed {
            self.lock().in_doubt += line.cost.unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use towerman::core::policy::Draft;

    use super::*;

    #[test]
    fn only_what_was_never_answered_is_in_doubt() {
        let watch = Watch::new(&PolicyHandle::new(Draft::new()).unwrap());
        let mut line = Line::default();
        line.cost = Some(Pico(7));
        watch.record(&line);
        assert_eq!(watch.totals().in_doubt, Pico(0));
        line.maybe_billed = true;
        watch.record(&line);
        watch.record(&line);
        assert_eq!(watch.totals().in_doubt, Pico(14));
    }
}
