//! State per endpoint, indexed: no hashing, no lock, and it survives a policy reload.

use std::{fmt, sync::OnceLock};

/// The stable number of an endpoint.
///
/// A name keeps its slot for the life of the [`PolicyHandle`](crate::PolicyHandle), through any
/// number of reloads. Slot 0 is [`Endpoint::unrouted`](crate::Endpoint::unrouted).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

impl Slot {
    /// The service itself, when nothing was routed.
    pub const UNROUTED: Self = Self(0);
}

/// One `T` for every slot, made on first use.
///
/// Reading is two array look-ups and an atomic load. Buckets double in size, so nothing ever
/// moves and a reference stays good for the life of the table.
pub struct Slotted<T> {
    buckets: [OnceLock<Box<[OnceLock<T>]>>; BUCKETS],
}

/// Bucket `b` holds slots `2^b - 1 .. 2^(b+1) - 1`: 32 buckets cover every `u32` but the last.
const BUCKETS: usize = 32;

impl<T: Default> Slotted<T> {
    /// An empty table.
    pub const fn new() -> Self {
        Self {
            buckets: [const { OnceLock::new() }; BUCKETS],
        }
    }

    /// The state of `slot`.
    pub fn get(&self, slot: Slot) -> &T {
        // The last u32 shares its neighbour's place rather than having a bucket of its own.
        let position = slot.0.min(u32::MAX - 1) + 1;
        let bucket = position.ilog2();
        let offset = (position - (1 << bucket)) as usize;
        let cells = self.buckets[bucket as usize]
            .get_or_init(|| (0..1_usize << bucket).map(|_| OnceLock::new()).collect());
        cells[offset].get_or_init(T::default)
    }
}

impl<T: Default> Default for Slotted<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Slotted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slotted").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn every_slot_has_its_own_state_and_keeps_it() {
        let table = Slotted::<AtomicU32>::new();
        for slot in 0..5_000 {
            table.get(Slot(slot)).store(slot, Ordering::Relaxed);
        }
        for slot in 0..5_000 {
            assert_eq!(table.get(Slot(slot)).load(Ordering::Relaxed), slot);
        }
    }
}
