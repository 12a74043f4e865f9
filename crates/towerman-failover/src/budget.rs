//! How many retries all requests together may make. Pure: `now` is an argument.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use towerman_core::{Attempt, Phase};

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
    /// Thousandths of a retry that the floor has paid in since `start`.
    paid: AtomicU64,
    start: Instant,
}

/// A retry that was taken out of a budget. It goes back if the retry is never made: dropped before
/// its attempt begins, or turned away before anything was sent.
#[derive(Debug)]
pub(crate) struct RetryToken {
    budget: Arc<RetryBudget>,
    attempt: Option<Arc<Attempt>>,
    spent: bool,
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

    /// Takes out one retry, to be given back if it is not made.
    pub(crate) fn lend(self: &Arc<Self>, now: Instant) -> Option<RetryToken> {
        self.withdraw(now).then(|| RetryToken {
            budget: Arc::clone(self),
            attempt: None,
            spent: false,
        })
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
        let elapsed = now.saturating_duration_since(self.start).as_micros();
        let earned = elapsed * u128::from(Self::FLOOR_PER_SECOND * RETRY) / 1_000_000;
        let earned = u64::try_from(earned).unwrap_or(u64::MAX);
        // Whoever moves `paid` forward pays in what lies between, so nobody pays twice, and what is
        // less than a thousandth waits until it is one.
        let before = self.paid.fetch_max(earned, Relaxed);
        self.add(earned.saturating_sub(before));
    }

    fn add(&self, amount: u64) {
        let full = Self::CAPACITY * RETRY;
        let _ = self.tokens.fetch_update(Relaxed, Relaxed, |tokens| {
            Some(tokens.saturating_add(amount).min(full))
        });
    }
}

// === impl RetryToken ===

impl RetryToken {
    /// The retry begins as `attempt`.
    pub(crate) fn begin(&mut self, attempt: &Arc<Attempt>) {
        self.attempt = Some(Arc::clone(attempt));
    }

    /// The retry was made.
    pub(crate) fn spend(mut self) {
        self.spent = true;
    }
}

impl Drop for RetryToken {
    fn drop(&mut self) {
        // A client that leaves while the retry is under way has had it.
        let sent = |attempt: &Arc<Attempt>| attempt.phase() != Phase::Unsent;
        if !self.spent && !self.attempt.as_ref().is_some_and(sent) {
            self.budget.add(RETRY);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use towerman_core::Endpoint;

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
    fn the_floor_trickles_in_however_often_it_is_asked() {
        let now = Instant::now();
        let budget = RetryBudget::new(now);
        while budget.withdraw(now) {}
        let often = (1..=4_000).map(|step| now + Duration::from_micros(500) * step);
        assert_eq!(often.filter(|now| budget.withdraw(*now)).count(), 6);
    }

    #[test]
    fn a_retry_that_is_not_made_goes_back() {
        let now = Instant::now();
        let budget = Arc::new(RetryBudget::new(now));
        let attempt = || Arc::new(Attempt::new(Arc::clone(Endpoint::unrouted()), 2));
        let sent = |phase| {
            let (mut token, attempt) = (budget.lend(now).unwrap(), attempt());
            token.begin(&attempt);
            attempt.advance(phase);
        };
        drop(budget.lend(now));
        sent(Phase::Unsent);
        assert_eq!(budget.left(), RetryBudget::RESERVE);
        sent(Phase::Sent);
        assert_eq!(budget.left(), RetryBudget::RESERVE - 1);
        // Nobody was there to be sent to, but it was tried.
        budget.lend(now).unwrap().spend();
        assert_eq!(budget.left(), RetryBudget::RESERVE - 2);
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
