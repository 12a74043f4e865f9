//! What all services of a layer share. Pure: `now` is an argument.

use std::{
    cell::LazyCell,
    fmt,
    time::{Duration, Instant},
};

use towerman_core::{Ask, Availability, Candidate, Candidates, Endpoint, Slot, Usage};

use crate::{
    fingerprint::Fingerprint,
    reports::Reports,
    table::{Stamp, Table},
};

pub(crate) struct State {
    table: Table,
    reports: Reports,
    secret: u64,
    start: Instant,
    /// In quarter seconds.
    ttl: u32,
}

/// What an endpoint probably holds of a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Warm {
    pub(crate) slot: Slot,
    pub(crate) tokens: u64,
    /// It is where the conversation was last answered.
    pub(crate) home: bool,
}

impl State {
    pub(crate) fn new(bytes: usize, secret: u64, ttl: Duration, start: Instant) -> Self {
        Self {
            table: Table::new(bytes),
            reports: Reports::new(),
            secret,
            start,
            ttl: quarters(ttl),
        }
    }

    pub(crate) const fn secret(&self) -> u64 {
        self.secret
    }

    /// What the prompt is known by.
    pub(crate) fn fingerprint(&self, ask: &Ask, body: &[u8], tenant: &str) -> Fingerprint {
        Fingerprint::of(ask, body, self.secret, tenant)
    }

    /// The candidates that hold a part of the prompt, as far as health and quality permit them.
    pub(crate) fn warm(
        &self,
        candidates: &Candidates,
        print: &Fingerprint,
        now: Instant,
    ) -> Vec<Warm> {
        let stamp = self.stamp(now);
        // Most prompts are known nowhere, and then nobody asks for it.
        let leader = LazyCell::new(|| leading_quality(candidates, now));
        let permitted = |slot| {
            candidates
                .iter()
                .find(|candidate| candidate.endpoint().slot == slot)
                .is_some_and(|candidate| permits(candidate, *leader, now))
        };
        let mut warm: Vec<Warm> = Vec::new();
        // Not this turn: whoever answered the very same prompt may have had it from anybody.
        for turn in print.turns[1..].iter().flatten() {
            for slot in self.table.find(turn.hash, stamp, self.ttl) {
                if permitted(slot) {
                    warm.push(Warm {
                        slot,
                        tokens: print.tokens(*turn),
                        home: true,
                    });
                }
            }
            if !warm.is_empty() {
                break;
            }
        }
        // The longest known prefix of each endpoint counts, so from the longest down.
        for mark in print.chunks.iter().rev() {
            if warm.len() == candidates.len() {
                break;
            }
            for slot in self.table.find(mark.hash, stamp, self.ttl) {
                if warm.iter().all(|known| known.slot != slot) && permitted(slot) {
                    warm.push(Warm {
                        slot,
                        tokens: print.tokens(*mark),
                        home: false,
                    });
                }
            }
        }
        warm
    }

    /// Remembers that the endpoint at `slot` has read the prompt.
    pub(crate) fn remember(&self, print: &Fingerprint, slot: Slot, now: Instant) {
        let stamp = self.stamp(now);
        // Of the turns only this one: the earlier ones are left to grow old, so that a prompt from
        // which many conversations go on ties no one down for longer than a provider keeps it.
        for mark in print.chunks.iter().chain(&print.turns[0]) {
            self.table.insert(mark.hash, slot, stamp);
        }
    }

    /// Compares what `endpoint` was thought to hold with what it says it had.
    pub(crate) fn compare(
        &self,
        print: &Fingerprint,
        endpoint: &Endpoint,
        usage: &Usage,
        warm: &[Warm],
    ) {
        let predicted = warm.iter().any(|known| known.slot == endpoint.slot);
        if self.reports.missed(endpoint, usage) && predicted {
            // It has read the prompt now, but does not seem to keep prompts: let it earn it anew.
            for mark in print.chunks.iter().chain(&print.turns[0]) {
                self.table.remove(mark.hash, endpoint.slot);
            }
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
