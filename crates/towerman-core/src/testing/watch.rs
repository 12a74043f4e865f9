//! What a probe and all its clones have seen.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// What a [`Probe`](super::Probe) and all its clones have seen.
#[derive(Clone, Debug, Default)]
pub struct Watch(pub(super) Arc<Counts>);

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) clones: AtomicUsize,
    pub(super) readied: AtomicUsize,
    pub(super) calls: AtomicUsize,
    pub(super) unready_calls: AtomicUsize,
    pub(super) in_flight: AtomicUsize,
    pub(super) dropped: AtomicUsize,
    pub(super) bodies: AtomicUsize,
    pub(super) finished_bodies: AtomicUsize,
    pub(super) dropped_bodies: AtomicUsize,
}

impl Watch {
    /// How often the service was cloned.
    pub fn clones(&self) -> usize {
        self.0.clones.load(Relaxed)
    }

    /// How often readiness was asked for.
    pub fn readied(&self) -> usize {
        self.0.readied.load(Relaxed)
    }

    /// How often it was called.
    pub fn calls(&self) -> usize {
        self.0.calls.load(Relaxed)
    }

    /// How often it was called without having been readied: a violation of the contract.
    pub fn unready_calls(&self) -> usize {
        self.0.unready_calls.load(Relaxed)
    }

    /// Calls whose future is alive.
    pub fn in_flight(&self) -> usize {
        self.0.in_flight.load(Relaxed)
    }

    /// Calls whose future was dropped before it finished.
    pub fn dropped(&self) -> usize {
        self.0.dropped.load(Relaxed)
    }

    /// Bodies that are alive.
    pub fn bodies(&self) -> usize {
        self.0.bodies.load(Relaxed)
    }

    /// Bodies that were read to their end.
    pub fn finished_bodies(&self) -> usize {
        self.0.finished_bodies.load(Relaxed)
    }

    /// Bodies that were dropped before their end.
    pub fn dropped_bodies(&self) -> usize {
        self.0.dropped_bodies.load(Relaxed)
    }
}
