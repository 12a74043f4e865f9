//! How long to wait. Pure.

use std::time::{Duration, Instant};

use towerman_core::{Slot, policy::BreakerRules};

/// How long a circuit stays open: twice as long with each level, and up to a quarter less, so
/// that endpoints that failed together are not probed together.
pub(crate) fn open_for(rules: &BreakerRules, level: u32, jitter: f64) -> Duration {
    let doubled = rules.open_for.saturating_mul(2_u32.saturating_pow(level));
    let full = doubled.min(rules.open_at_most);
    full - full.mul_f64(jitter / 4.0)
}

/// `now + delay`, for delays that somebody may have meant as "for ever".
pub(crate) fn later(now: Instant, delay: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    now + delay.min(YEAR)
}

/// A fraction below one that follows from where and when, and looks like chance.
pub(crate) fn jitter(slot: Slot, epoch: u64) -> f64 {
    // The finalizer of SplitMix64.
    let mut z = (u64::from(slot.0) << 32 ^ epoch).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    (z >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_follows_from_slot_and_epoch_alone_and_spreads() {
        let samples: Vec<_> = (0..1_000).map(|slot| jitter(Slot(slot), 7)).collect();
        assert_eq!(samples[3], jitter(Slot(3), 7));
        assert!(samples.iter().all(|sample| (0.0..1.0).contains(sample)));
        let mean = samples.iter().sum::<f64>() / 1_000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }
}
