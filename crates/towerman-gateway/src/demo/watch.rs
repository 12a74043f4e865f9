//! What the demo knows of the requests that have ended.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use towerman::{
    core::{CircuitState, PolicyHandle},
    telemetry::Decision,
};

/// Reads decision records as they are made.
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
    /// Microseconds in which no attempt was under way, of requests answered at the first try.
    pub(super) overheads: Vec<u64>,
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
        for attempt in &decision.attempts {
            totals.prompt += attempt.input + attempt.cache_read + attempt.cache_write;
            totals.cached += attempt.cache_read;
        }
        if decision.outcome != "success" {
            return;
        }
        match &decision.attempts[..] {
            [] => {}
            [only] => {
                totals.overheads.push(decision.overhead_us);
                *totals.answered.entry(only.endpoint.clone()).or_default() += 1;
            }
            [.., last] => {
                totals.failovers += 1;
                *totals.answered.entry(last.endpoint.clone()).or_default() += 1;
            }
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
