//! How many retries all requests together may make. Pure: `now` is an argument.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// A bucket of retries that requests fill and retries empty.
///
/// Each request pays in a share of a retry; each retry takes out a whole one. A floor of
/// [`FLOOR_PER_SECOND`](Self::FLOOR_PER_SECOND) retries trickles in besides, so that a service
/// with little traffic may retry too. Every change is one compare-and-swap: the bucket is never
/// overdrawn, whatever the interleaving.
#[derive(Debug)]
pub struct RetryBudget {
    /// Thousandths of a retry.
    tokens: AtomicU64,
    /// Up to when the floor has been paid in, in microseconds since `start`.
    paid: AtomicU64,
    start: Instant,
}

const RETRY: u64 = 1_000;

impl RetryBudget {
    /// Retries per second that need no requests to pay for them.
    pub const FLOOR_PER_SECOND: u64 = 3;
    /// The most retries that can be saved up.
    pub const CAPACITY: u64 = 100;
    /// Retries that are there at the start.
    pub const RESERVE: u64 = 10;

    /// A bucket with its reserve in it.
    pub const fn new(now: Instant) -> Self {
        Self {
            tokens: AtomicU64::new(Self::RESERVE * RETRY),
            paid: AtomicU64::new(0),
            start: now,
        }
    }

    /// A request begins: pays in `percent` hundredths of a retry.
    pub fn deposit(&self, percent: u32) {
        self.add(u64::from(percent) * (RETRY / 100));
    }

    /// Takes out one retry. False if there is none.
    pub fn withdraw(&self, now: Instant) -> bool {
        self.pay_floor(now);
        self.tokens
            .fetch_update(Relaxed, Relaxed, |tokens| tokens.checked_sub(RETRY))
            .is_ok()
    }

    /// Whole retries that are left.
    pub fn left(&self) -> u64 {
        self.tokens.load(Relaxed) / RETRY
    }

    fn pay_floor(&self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.start);
        let at = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        // Whoever moves `paid` forward pays in what lies between, so nobody pays twice.
        let before = self.paid.fetch_max(at, Relaxed);
        let between = Duration::from_micros(at.saturating_sub(before));
        let earned = between
            .as_millis()
            .saturating_mul(u128::from(Self::FLOOR_PER_SECOND));
        self.add(u64::try_from(earned).unwrap_or(u64::MAX));
    }

    fn add(&self, amount: u64) {
        let full = Self::CAPACITY * RETRY;
        let _ = self.tokens.fetch_update(Relaxed, Relaxed, |tokens| {
            Some(tokens.saturating_add(amount).min(full))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_all_there_is_without_requests() {
        let now = Instant::now();
        let budget = RetryBudget::new(now);
        let granted = (0..1_000).filter(|_| budget.withdraw(now)).count();
        assert_eq!(granted as u64, RetryBudget::RESERVE);
    }

    #[test]
    fn ten_percent_of_requests_may_be_retried() {
        let now = Instant::now();
        let budget = RetryBudget::new(now);
        while budget.withdraw(now) {}
        (0..200).for_each(|_| budget.deposit(10));
        assert_eq!((0..200).filter(|_| budget.withdraw(now)).count(), 20);
    }

    #[test]
    fn the_floor_trickles_in_with_time() {
        let now = Instant::now();
        let budget = RetryBudget::new(now);
        while budget.withdraw(now) {}
        let later = now + Duration::from_secs(2);
        assert_eq!((0..100).filter(|_| budget.withdraw(later)).count(), 6);
    }

    #[test]
    fn the_bucket_is_never_overdrawn_by_threads() {
        let now = Instant::now();
        let budget = RetryBudget::new(now);
        let granted: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| (0..100).filter(|_| budget.withdraw(now)).count()))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum()
        });
        assert_eq!(granted as u64, RetryBudget::RESERVE);
    }
}
