//! How long a provider asks to be left alone: every form of the hint, from an answer's headers and
//! from the words of an error.
//!
//! Only answers with status 408, 409, 429 or 5xx carry such a hint. Some providers send
//! `retry-after` with every success; whoever believes that blocks a healthy endpoint.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};
use towerman_core::RateLimits;

use crate::when;

/// The longest delay that is believed.
pub const CAP: Duration = Duration::from_secs(300);

/// The delay that `headers` ask for, at most [`CAP`]. Garbage is no hint.
///
/// In this order: `retry-after-ms`; `retry-after` in seconds or as a date; the latest reset of a
/// rate limit of which nothing is left (`limits`: what the same headers say of them). Dates are
/// relative to the answer's own `Date`, so that clocks need not agree, or else to `now`.
pub fn read(headers: &HeaderMap, limits: Option<&RateLimits>, now: SystemTime) -> Option<Duration> {
    let get = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let after = || {
        let value = get("retry-after")?;
        when::seconds(value)
            .or_else(|| when::http_date(value).map(|at| when::until(headers, at, now)))
    };
    let resets = || {
        // A limit that says it has something left is not the one that refused.
        let refuses = limits?
            .iter()
            .filter(|(_, limit)| limit.remaining.is_none_or(|left| left == 0));
        refuses.filter_map(|(_, limit)| limit.reset).max()
    };
    get("retry-after-ms")
        .and_then(|millis| when::number(millis, 1e-3))
        .or_else(after)
        .or_else(resets)
        .map(|delay| delay.min(CAP))
}

/// Whether an answer with this status may ask for it.
pub(crate) fn counts(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 409 | 429 | 500..)
}

/// The delay that an error's message asks for, at most [`CAP`]: `Please try again in 1m3.5s.`
pub(crate) fn in_words(message: &str) -> Option<Duration> {
    const PLEAS: [&str; 3] = ["try again in ", "retry in ", "retry after "];
    let message = message.to_ascii_lowercase();
    let asked = PLEAS
        .iter()
        .find_map(|plea| Some(message.split_once(plea)?.1))?;
    let mut words = asked.split_ascii_whitespace();
    let spelt = words.next()?.trim_end_matches(['.', ',', ';', ')']);
    let unit = words.next().is_some_and(|unit| unit.starts_with("second"));
    when::go_duration(spelt)
        .or_else(|| when::seconds(spelt).filter(|_| unit))
        .map(|delay| delay.min(CAP))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;
    use crate::limits;

    fn now() -> SystemTime {
        // 2026-08-19T14:35:00Z
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_787_150_100)
    }

    fn delay(headers: &[(&'static str, &str)]) -> Option<f64> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_str(value).unwrap(),
                )
            })
            .collect();
        let limits = limits::read(&headers, now());
        read(&headers, limits.as_ref(), now()).map(|delay| delay.as_secs_f64())
    }

    #[test]
    fn milliseconds_come_before_seconds() {
        let both = [("retry-after", "1"), ("retry-after-ms", "0")];
        assert_eq!(delay(&both), Some(0.0));
        assert_eq!(delay(&[("retry-after-ms", "1500.5")]), Some(1.5005));
        let bad = [("retry-after", "2"), ("retry-after-ms", "soon")];
        assert_eq!(delay(&bad), Some(2.0));
    }

    #[test]
    fn seconds_may_be_fractions_and_dates_are_relative_to_the_answer() {
        assert_eq!(delay(&[("retry-after", "0.25")]), Some(0.25));
        assert_eq!(delay(&[("retry-after", " 7 ")]), Some(7.0));
        let date = ("retry-after", "Wed, 19 Aug 2026 14:35:30 GMT");
        assert_eq!(delay(&[date]), Some(30.0));
        let clock = ("date", "Wed, 19 Aug 2026 14:35:20 GMT");
        assert_eq!(delay(&[date, clock]), Some(10.0));
        let past = ("retry-after", "Wed, 19 Aug 2026 14:00:00 GMT");
        assert_eq!(delay(&[past]), Some(0.0));
    }

    #[test]
    fn garbage_is_no_hint_and_eternity_is_capped() {
        for value in ["", "-1", "NaN", "inf", "-0.5", "soon", "1,5", "0x10", "1s"] {
            let hint = delay(&[("retry-after", value)]);
            assert!(hint.is_none(), "{value}: {hint:?}");
        }
        for value in ["1e12", "1e999", "301", "99999999999999999999999999"] {
            assert_eq!(delay(&[("retry-after", value)]), Some(300.0), "{value}");
        }
    }

    #[test]
    fn only_a_limit_that_is_used_up_says_when_to_return() {
        let reset = ("x-ratelimit-reset-requests", "1m26.4s");
        assert_eq!(
            delay(&[("x-ratelimit-remaining-requests", "0"), reset]),
            Some(86.4)
        );
        assert_eq!(
            delay(&[("x-ratelimit-remaining-requests", "12"), reset]),
            None
        );
        assert_eq!(delay(&[reset]), Some(86.4));
        assert_eq!(delay(&[("retry-after", "3"), reset]), Some(3.0));
        assert_eq!(delay(&[("x-ratelimit-reset-tokens", "20ms")]), Some(0.02));
        assert_eq!(delay(&[("x-ratelimit-reset-tokens", "60")]), Some(60.0));
        assert_eq!(delay(&[("x-ratelimit-reset-tokens", "6m0s")]), Some(300.0));
        assert_eq!(delay(&[("x-ratelimit-reset-tokens", "5y")]), None);
    }

    #[test]
    fn instants_are_read_with_any_offset() {
        let left = ("anthropic-ratelimit-tokens-remaining", "0");
        for value in [
            "2026-08-19T14:35:17Z",
            "2026-08-19T16:35:17+02:00",
            "2026-08-19T09:05:17-05:30",
            "2026-08-19t14:35:17.000z",
        ] {
            let reset = ("anthropic-ratelimit-tokens-reset", value);
            assert_eq!(delay(&[left, reset]), Some(17.0), "{value}");
        }
        for value in [
            "2026-08-19",
            "2026-13-19T14:35:17Z",
            "2026-08-19T14:35:17",
            "é",
        ] {
            let reset = ("anthropic-ratelimit-tokens-reset", value);
            let headers = [left, reset].into_iter().filter(|(_, v)| v.is_ascii());
            assert_eq!(delay(&headers.collect::<Vec<_>>()), None, "{value}");
        }
    }

    #[test]
    fn words_say_when_to_return_in_a_duration_or_in_seconds() {
        for (message, wanted) in [
            // OpenAI, Groq.
            (
                "Limit 6000, Requested 9. Please try again in 41.724s. Need more?",
                Some(41.724),
            ),
            ("Please try again in 1m3s.", Some(63.0)),
            ("Please try again in 20ms. Visit", Some(0.02)),
            ("Please try again in 6h2m1.5s.", Some(300.0)),
            // Gemini.
            (
                "* Quota exceeded\nPlease retry in 48.988651129s.",
                Some(48.988_651_129),
            ),
            // Azure.
            ("Please retry after 26 seconds.", Some(26.0)),
            ("Please retry after 1 second.", Some(1.0)),
            ("Please try again in 5 minutes", None),
            ("Please try again in a while", None),
            ("Please try again in ", None),
            ("Please retry shortly", None),
            ("", None),
        ] {
            let said = in_words(message).map(|delay| delay.as_secs_f64());
            assert_eq!(said, wanted, "{message}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_fail_or_wait_beyond_the_cap(value in "[ -~]{0,24}") {
            for name in ["retry-after", "retry-after-ms", "date", "x-ratelimit-reset-tokens",
                "anthropic-ratelimit-requests-reset"] {
                let delay = delay(&[(name, &value)]);
                prop_assert!(delay.is_none_or(|delay| (0.0..=300.0).contains(&delay)));
            }
        }
    }
}
