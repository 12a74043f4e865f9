//! What the last calls came to. Pure: `now` is an argument.
//!
//! The window is bounded by time and by count. A bucket is full after a tenth of the window's
//! time or a tenth of its calls, and a reading adds up whole buckets from the newest back, until
//! one lies outside a bound. Counts are exact; what is forgotten is forgotten in tenths.
//!
//! Each bucket knows when it began, and the bounds are applied when it is read, so rules may
//! change from one call to the next.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use towerman_core::policy::BreakerRules;

/// Counts of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) calls: u32,
    pub(crate) failures: u32,
    /// Calls of which it is known whether they were slow.
    pub(crate) timed: u32,
    pub(crate) slow: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Window {
    buckets: VecDeque<Bucket>,
    /// The bounds of the last call that was recorded.
    span: Duration,
    limit: u32,
}

#[derive(Debug)]
struct Bucket {
    began: Instant,
    tally: Tally,
}

const TENTHS: u32 = 10;

/// Ten buckets that time has filled, ten that calls have filled, and the one being filled: no
/// more can lie within both bounds.
const KEPT: usize = 21;

impl Window {
    /// Counts one call.
    pub(crate) fn record(&mut self, call: Tally, rules: &BreakerRules, now: Instant) {
        (self.span, self.limit) = (rules.window, rules.window_calls);
        let width = rules.window / TENTHS;
        let room = rules.window_calls.div_ceil(TENTHS);
        match self.buckets.back_mut() {
            Some(bucket)
                if now.saturating_duration_since(bucket.began) < width
                    && bucket.tally.calls < room =>
            {
                bucket.tally = bucket.tally.plus(call);
            }
            _ => {
                if self.buckets.len() == KEPT {
                    self.buckets.pop_front();
                }
                self.buckets.push_back(Bucket {
                    began: now,
                    tally: call,
                });
            }
        }
    }

    /// The calls within both bounds.
    pub(crate) fn tally(&self, now: Instant) -> Tally {
        let mut total = Tally::default();
        for bucket in self.buckets.iter().rev() {
            let sum = total.plus(bucket.tally);
            let old = now.saturating_duration_since(bucket.began) >= self.span;
            if old || sum.calls > self.limit {
                break;
            }
            total = sum;
        }
        total
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.buckets.clear();
    }
}

impl Tally {
    const fn plus(self, other: Self) -> Self {
        Self {
            calls: self.calls.saturating_add(other.calls),
            failures: self.failures.saturating_add(other.failures),
            timed: self.timed.saturating_add(other.timed),
            slow: self.slow.saturating_add(other.slow),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: Tally = Tally {
        calls: 1,
        failures: 1,
        timed: 0,
        slow: 0,
    };

    fn rules(window_calls: u32) -> BreakerRules {
        BreakerRules {
            window: Duration::from_secs(10),
            window_calls,
            ..BreakerRules::default()
        }
    }

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_call_is_forgotten_within_a_tenth_of_the_window_and_never_after_it() {
        let (mut window, rules, start) = (Window::default(), rules(100), Instant::now());
        window.record(CALL, &rules, start);
        window.record(CALL, &rules, start + seconds(0.9));
        window.record(CALL, &rules, start + seconds(1.0));
        assert_eq!(window.tally(start + seconds(9.9)).calls, 3);
        assert_eq!(window.tally(start + seconds(10.0)).calls, 1);
        assert_eq!(window.tally(start + seconds(11.0)).calls, 0);
    }

    #[test]
    fn at_any_rate_nine_tenths_of_the_calls_are_remembered_and_never_more_than_all() {
        let (mut window, rules, now) = (Window::default(), rules(1_000), Instant::now());
        for call in 1..10_000 {
            window.record(CALL, &rules, now);
            let calls = window.tally(now).calls;
            assert!(calls >= call.min(901), "{calls} after {call}");
            assert!(calls <= call.min(1_000), "{calls} after {call}");
        }
    }

    #[test]
    fn a_burst_is_remembered_as_long_as_single_calls() {
        let (mut window, rules, start) = (Window::default(), rules(1_000), Instant::now());
        (0..800).for_each(|_| window.record(CALL, &rules, start));
        for second in 1..10 {
            window.record(CALL, &rules, start + seconds(f64::from(second)));
            let calls = window.tally(start + seconds(f64::from(second))).calls;
            assert_eq!(calls, 800 + second);
        }
        window.record(CALL, &rules, start + seconds(10.0));
        assert_eq!(window.tally(start + seconds(10.0)).calls, 10);
    }

    #[test]
    fn bounds_smaller_than_the_number_of_buckets_hold() {
        let (mut window, rules, now) = (Window::default(), rules(3), Instant::now());
        for call in 1..10 {
            window.record(CALL, &rules, now);
            assert_eq!(window.tally(now).calls, call.min(3));
        }
    }

    #[test]
    fn a_window_that_shrinks_forgets_at_once_what_lies_outside() {
        let (mut window, mut rules, start) = (Window::default(), rules(100), Instant::now());
        window.record(CALL, &rules, start);
        rules.window = seconds(5.0);
        window.record(CALL, &rules, start + seconds(6.0));
        assert_eq!(window.tally(start + seconds(6.0)).calls, 1);
    }
}
