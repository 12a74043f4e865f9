//! What all services of a layer share.

use std::{
    cell::LazyCell,
    fmt,
    time::{Duration, Instant},
};

use towerman_core::{Ask, Availability, Candidate, Candidates, Slot};

use crate::{
    fingerprint::{Mark, marks},
    table::{Stamp, Table},
};

/// Prefixes shorter than this are cached by no provider.
const LEAST_TOKENS: u64 = 1_024;

pub(crate) struct State {
    table: Table,
    secret: u64,
    start: Instant,
    /// In quarter seconds.
    ttl: u32,
}

impl State {
    pub(crate) fn new(bytes: usize, secret: u64, ttl: Duration, start: Instant) -> Self {
        Self {
            table: Table::new(bytes),
            secret,
            start,
            ttl: quarters(ttl),
        }
    }

    pub(crate) const fn secret(&self) -> u64 {
        self.secret
    }

    /// The prompt's marks.
    pub(crate) fn marks(&self, ask: &Ask, body: &[u8], tenant: &str) -> Vec<Mark> {
        marks(body, &ask.prompt_spans, self.secret, tenant, &ask.model)
    }

    /// The candidates that may be moved forward, by slot, and the tokens that their caches probably
    /// hold.
    pub(crate) fn warm(
        &self,
        candidates: &Candidates,
        marks: &[Mark],
        ask: &Ask,
        now: Instant,
    ) -> Vec<(Slot, u64)> {
        let stamp = self.stamp(now);
        // Most prompts are known nowhere, and then nobody asks for it.
        let leader = LazyCell::new(|| leading_quality(candidates, now));
        let whole: usize = ask
            .prompt_spans
            .iter()
            .flatten()
            .map(ExactSizeIterator::len)
            .sum();
        let mut warm = Vec::new();
        // The longest known prefix of each endpoint counts, so from the longest down.
        for mark in marks.iter().rev() {
            let tokens = share(ask.prompt_tokens, mark.bytes, whole);
            if tokens < LEAST_TOKENS {
                break;
            }
            for slot in self.table.find(mark.hash, stamp, self.ttl) {
                let known = warm.iter().any(|(known, _)| *known == slot);
                let permitted = || {
                    candidates
                        .iter()
                        .find(|candidate| candidate.endpoint().slot == slot)
                        .is_some_and(|candidate| permits(candidate, *leader, now))
                };
                if !known && permitted() {
                    warm.push((slot, tokens));
                }
            }
        }
        warm
    }

    /// Remembers that the endpoint at `slot` has read the prompt.
    pub(crate) fn remember(&self, marks: &[Mark], slot: Slot, now: Instant) {
        let stamp = self.stamp(now);
        for mark in marks {
            self.table.insert(mark.hash, slot, stamp);
        }
    }

    /// The endpoint at `slot` did not have what it was thought to have.
    pub(crate) fn forget(&self, marks: &[Mark], slot: Slot) {
        for mark in marks {
            self.table.remove(mark.hash, slot);
        }
    }

    fn stamp(&self, now: Instant) -> Stamp {
        Stamp(quarters(now.saturating_duration_since(self.start)))
    }
}

/// The quality of the endpoint that would be called first without this layer: one that refuses
/// calls is passed over, and must not keep the others from being compared.
fn leading_quality(candidates: &Candidates, now: Instant) -> Option<u8> {
    let order = candidates.order();
    order
        .iter()
        .find(|candidate| admits(candidate, now))
        .or(order.first())
        .and_then(|candidate| candidate.endpoint().quality)
}

/// One on trial counts: a probe is one call, and a warm endpoint that nobody tried again would stay
/// away until its cache is cold.
fn admits(candidate: &Candidate, now: Instant) -> bool {
    let availability = candidate.endpoint().board.availability(now);
    !matches!(availability, Availability::Refused { .. })
}

/// Whether health and quality permit moving `candidate` before the leader.
fn permits(candidate: &Candidate, leader: Option<u8>, now: Instant) -> bool {
    // An endpoint that nobody has judged is taken to be as good as any.
    let good = match (candidate.endpoint().quality, leader) {
        (Some(quality), Some(leader)) => quality >= leader,
        _ => true,
    };
    good && candidate.vetoes().is_empty() && admits(candidate, now)
}

/// The part of `tokens` that `bytes` of `whole` are.
const fn share(tokens: u64, bytes: usize, whole: usize) -> u64 {
    if whole == 0 {
        0
    } else {
        tokens.saturating_mul(bytes as u64) / whole as u64
    }
}

fn quarters(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis() / 250).unwrap_or(u32::MAX)
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the secret.
        f.debug_struct("State")
            .field("ttl", &(self.ttl / 4))
            .finish_non_exhaustive()
    }
}
