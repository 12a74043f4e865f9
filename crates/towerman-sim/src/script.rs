//! Decides which fault, if any, falls on the next request.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use crate::{fault::Fault, gate::Gate, hash};

/// The faults of one simulated provider, changeable at any time from any clone.
///
/// Every request that arrives, whatever its path, takes one: the head of the queue
/// ([`once`](Self::once), [`times`](Self::times)); if that is empty the standing fault
/// ([`always`](Self::always)); if there is none, a share of requests
/// ([`fraction`](Self::fraction)).
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    script: Mutex<Script>,
    /// Listeners to close while [`Fault::Refuse`] stands.
    gates: Mutex<Vec<Weak<Gate>>>,
}

#[derive(Debug, Default)]
struct Script {
    queue: VecDeque<(usize, Fault)>,
    standing: Option<Fault>,
    shares: Vec<Share>,
}

#[derive(Debug)]
struct Share {
    p: f64,
    fault: Fault,
    seed: u64,
    drawn: u64,
}

impl Script {
    fn refuses(&self) -> bool {
        self.standing == Some(Fault::Refuse)
    }

    fn draw(&mut self) -> Option<Fault> {
        if let Some((left, fault)) = self.queue.front_mut() {
            let fault = fault.clone();
            *left -= 1;
            if *left == 0 {
                self.queue.pop_front();
            }
            return Some(fault);
        }
        if self.standing.is_some() {
            return self.standing.clone();
        }
        // Every share draws, so that adding one does not shift the others' sequence.
        self.shares.iter_mut().fold(None, |found, share| {
            share.drawn += 1;
            let hit = hash::unit(hash::mix(share.seed, share.drawn)) < share.p;
            found.or_else(|| hit.then(|| share.fault.clone()))
        })
    }
}

impl Faults {
    /// Puts a fault at the end of the queue: it falls on one request.
    pub fn once(&self, fault: Fault) -> &Self {
        self.times(1, fault)
    }

    /// Puts a fault at the end of the queue: it falls on `n` requests.
    pub fn times(&self, n: usize, fault: Fault) -> &Self {
        if n > 0 {
            self.change(|script| script.queue.push_back((n, fault)));
        }
        self
    }

    /// Makes a fault stand until another one does, or [`clear`](Self::clear) is called.
    ///
    /// With [`Fault::Refuse`] the provider's ports are closed when this returns.
    pub fn always(&self, fault: Fault) -> &Self {
        self.change(|script| script.standing = Some(fault));
        self
    }

    /// Makes a fault fall on a share `p` (0 to 1) of requests, the same ones for the same `seed`.
    pub fn fraction(&self, p: f64, fault: Fault, seed: u64) -> &Self {
        self.change(|script| {
            script.shares.push(Share {
                p,
                fault,
                seed,
                drawn: 0,
            })
        });
        self
    }

    /// Removes every fault. Ports that were closed accept connections when this returns; one that
    /// cannot be listened on again stays closed until the next call.
    pub fn clear(&self) -> &Self {
        self.change(|script| *script = Script::default());
        self
    }

    /// How many requests the queue still has faults for.
    #[must_use]
    pub fn pending(&self) -> usize {
        lock(&self.0.script)
            .queue
            .iter()
            .map(|(left, _)| left)
            .sum()
    }

    pub(crate) fn draw(&self) -> Option<Fault> {
        lock(&self.0.script).draw()
    }

    /// Closes and opens this listener with [`Fault::Refuse`] from now on.
    pub(crate) fn govern(&self, gate: &Arc<Gate>) {
        let mut gates = lock(&self.0.gates);
        gates.retain(|gate| gate.strong_count() > 0);
        gates.push(Arc::downgrade(gate));
        gate.set_open(!lock(&self.0.script).refuses());
    }

    fn change(&self, edit: impl FnOnce(&mut Script)) {
        // The gates are locked first and for the whole change, so that two threads cannot leave
        // the ports in the state of the one that came first.
        let gates = lock(&self.0.gates);
        let open = {
            let mut script = lock(&self.0.script);
            edit(&mut script);
            !script.refuses()
        };
        gates
            .iter()
            .filter_map(Weak::upgrade)
            .for_each(|gate| gate.set_open(open));
    }
}

/// A poisoned lock still holds a good value here: no critical section leaves one half-written.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_comes_before_the_standing_fault() {
        let faults = Faults::default();
        faults
            .always(Fault::Overloaded)
            .once(Fault::Garbage)
            .times(2, Fault::EmptyBody)
            .times(0, Fault::Refuse);
        assert_eq!(faults.pending(), 3);
        assert_eq!(faults.draw(), Some(Fault::Garbage));
        assert_eq!(faults.draw(), Some(Fault::EmptyBody));
        assert_eq!(faults.draw(), Some(Fault::EmptyBody));
        assert_eq!(faults.draw(), Some(Fault::Overloaded));
        assert_eq!(faults.draw(), Some(Fault::Overloaded));
        assert_eq!(faults.clear().draw(), None);
    }

    #[test]
    fn a_share_is_the_same_for_the_same_seed() {
        let draw = |seed| {
            let faults = Faults::default();
            faults.fraction(0.3, Fault::Status(500), seed);
            (0..1000)
                .map(|_| faults.draw().is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let hits = draw(1).iter().filter(|hit| **hit).count();
        assert!((250..350).contains(&hits), "{hits}");
    }

    #[test]
    fn shares_at_the_ends_are_exact() {
        let faults = Faults::default();
        faults
            .fraction(0.0, Fault::Garbage, 1)
            .fraction(1.0, Fault::EmptyBody, 1);
        assert!((0..100).all(|_| faults.draw() == Some(Fault::EmptyBody)));
    }
}
