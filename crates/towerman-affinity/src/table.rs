//! Which endpoint answered which prefix: a table of fixed size, without locks. Pure.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use towerman_core::Slot;

/// Entries per bucket: a cache line.
const WAYS: usize = 8;

/// A table of hints.
///
/// An entry is one word: 32 bits of the hash, 12 of the slot, 20 of the time in quarter seconds. A
/// lost race loses a hint, and a false match (two in a billion) costs a detour: both are harmless.
pub(crate) struct Table {
    buckets: Box<[Bucket]>,
}

/// Aligned, so that a look-up touches one line and not two.
#[derive(Default)]
#[repr(align(64))]
struct Bucket([AtomicU64; WAYS]);

/// A point in time, in quarter seconds since the layer was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(pub(crate) u32);

const SLOT_BITS: u32 = 12;
const STAMP_BITS: u32 = 20;
const STAMP_MASK: u32 = (1 << STAMP_BITS) - 1;
/// The largest slot that an entry can hold.
const LAST_SLOT: u32 = (1 << SLOT_BITS) - 1;

impl Table {
    /// A table of at most `bytes` bytes, but at least one bucket.
    pub(crate) fn new(bytes: usize) -> Self {
        // A power of two; rounded down, because `bytes` is a bound.
        let buckets = 1_usize << (bytes / size_of::<Bucket>()).max(1).ilog2();
        Self {
            buckets: (0..buckets).map(|_| Bucket::default()).collect(),
        }
    }

    /// The slots at which `hash` was seen within `ttl` quarter seconds.
    pub(crate) fn find(&self, hash: u64, now: Stamp, ttl: u32) -> impl Iterator<Item = Slot> {
        let tag = tag(hash);
        self.bucket(hash).0.iter().filter_map(move |entry| {
            let entry = entry.load(Relaxed);
            let fresh = entry != 0 && entry >> 32 == tag && age(entry, now) <= ttl;
            // Slot 0 is the unrouted service, which is never remembered.
            fresh.then_some(Slot((entry >> STAMP_BITS) as u32 & LAST_SLOT))
        })
    }

    /// Remembers that `slot` holds `hash`. The oldest entry of a full bucket makes room.
    pub(crate) fn insert(&self, hash: u64, slot: Slot, now: Stamp) {
        if slot == Slot::UNROUTED || slot.0 > LAST_SLOT {
            return;
        }
        let key = tag(hash) << SLOT_BITS | u64::from(slot.0);
        let new = key << STAMP_BITS | u64::from(now.0 & STAMP_MASK);
        let mut oldest: Option<(&AtomicU64, u64)> = None;
        for entry in &self.bucket(hash).0 {
            let value = entry.load(Relaxed);
            if value >> STAMP_BITS == key {
                entry.store(new, Relaxed);
                return;
            }
            let replaces = match oldest {
                None => true,
                Some((_, other)) => other != 0 && (value == 0 || age(value, now) > age(other, now)),
            };
            if replaces {
                oldest = Some((entry, value));
            }
        }
        if let Some((entry, value)) = oldest {
            // A lost race loses a hint.
            let _ = entry.compare_exchange(value, new, Relaxed, Relaxed);
        }
    }

    /// Forgets that `slot` holds `hash`.
    pub(crate) fn remove(&self, hash: u64, slot: Slot) {
        let key = tag(hash) << SLOT_BITS | u64::from(slot.0);
        for entry in &self.bucket(hash).0 {
            let value = entry.load(Relaxed);
            if value >> STAMP_BITS == key {
                let _ = entry.compare_exchange(value, 0, Relaxed, Relaxed);
            }
        }
    }

    fn bucket(&self, hash: u64) -> &Bucket {
        // A power of two: the mask is a remainder.
        &self.buckets[hash as usize & (self.buckets.len() - 1)]
    }
}

/// The upper half of the hash; the lower half chooses the bucket. Never 0, which is empty.
const fn tag(hash: u64) -> u64 {
    let tag = hash >> 32;
    if tag == 0 { 1 } else { tag }
}

/// Quarter seconds since the entry was made. Stamps wrap after three days.
const fn age(entry: u64, now: Stamp) -> u32 {
    now.0.wrapping_sub(entry as u32 & STAMP_MASK) & STAMP_MASK
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(table: &Table, hash: u64, now: u32) -> Vec<u32> {
        table
            .find(hash, Stamp(now), 100)
            .map(|slot| slot.0)
            .collect()
    }

    #[test]
    fn what_was_put_in_is_found_until_it_is_old_or_removed() {
        let table = Table::new(4096);
        let hash = 0x1234_5678_9abc_def0;
        table.insert(hash, Slot(3), Stamp(10));
        table.insert(hash, Slot(4), Stamp(50));
        assert_eq!(find(&table, hash, 50), [3, 4]);
        assert_eq!(find(&table, hash, 111), [4]);
        table.insert(hash, Slot(3), Stamp(120));
        assert_eq!(find(&table, hash, 120), [3, 4], "touched, not doubled");
        table.remove(hash, Slot(3));
        assert_eq!(find(&table, hash, 120), [4]);
        assert!(find(&table, hash ^ 1 << 40, 120).is_empty());
    }

    #[test]
    fn a_full_bucket_drops_its_oldest() {
        let table = Table::new(1);
        for number in 1..=9_u64 {
            table.insert(number << 32, Slot(1), Stamp(number as u32));
        }
        assert!(find(&table, 1 << 32, 9).is_empty());
        assert!((2..=9_u64).all(|number| find(&table, number << 32, 9) == [1]));
    }

    #[test]
    fn threads_that_write_at_once_leave_only_what_one_of_them_wrote() {
        let table = Table::new(1);
        std::thread::scope(|scope| {
            for slot in 1..=4 {
                let table = &table;
                scope.spawn(move || {
                    for round in 0..2_000 {
                        table.insert((round % 16 + 1) << 32, Slot(slot), Stamp(1));
                        table.remove((round % 7 + 1) << 32, Slot(slot));
                    }
                });
            }
        });
        let found: Vec<_> = (0..=20)
            .flat_map(|n| find(&table, n << 32, 1).into_iter().map(move |s| (n, s)))
            .collect();
        assert!(found.len() <= WAYS, "{found:?}");
        let written = |(n, slot): &(u64, u32)| (1..=16).contains(n) && (1..=4).contains(slot);
        assert!(found.iter().all(written), "{found:?}");
    }

    #[test]
    fn time_may_wrap() {
        let table = Table::new(64);
        table.insert(7 << 32, Slot(2), Stamp(STAMP_MASK));
        assert_eq!(find(&table, 7 << 32, STAMP_MASK + 5), [2]);
    }

    #[test]
    fn memory_is_what_was_asked_for_and_slots_that_do_not_fit_are_left_out() {
        let table = Table::new(1 << 20);
        assert_eq!(size_of_val(&*table.buckets), 1 << 20);
        for bytes in [64, 65, 100_000, (1 << 20) - 1] {
            assert!(size_of_val(&*Table::new(bytes).buckets) <= bytes, "{bytes}");
        }
        table.insert(1 << 32, Slot(LAST_SLOT + 1), Stamp(1));
        table.insert(1 << 32, Slot::UNROUTED, Stamp(1));
        assert!(find(&table, 1 << 32, 1).is_empty());
    }
}
