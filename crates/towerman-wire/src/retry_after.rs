//! How long a provider asks to be left alone: every form of the hint, from an answer's headers.
//!
//! Only answers with status 408, 409, 429 or 5xx carry such a hint. Some providers send
//! `retry-after` with every success; whoever believes that blocks a healthy endpoint.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

/// The longest delay that is believed.
pub const CAP: Duration = Duration::from_secs(300);

/// Resets of a limit, each beside what is left of it.
const DURATIONS: [[&str; 2]; 2] = [
    [
        "x-ratelimit-remaining-requests",
        "x-ratelimit-reset-requests",
    ],
    ["x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"],
];
const INSTANTS: [[&str; 2]; 4] = [
    [
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
    ],
    [
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-tokens-reset",
    ],
    [
        "anthropic-ratelimit-input-tokens-remaining",
        "anthropic-ratelimit-input-tokens-reset",
    ],
    [
        "anthropic-ratelimit-output-tokens-remaining",
        "anthropic-ratelimit-output-tokens-reset",
    ],
];

/// The delay that `headers` ask for, at most [`CAP`]. Garbage is no hint.
///
/// In this order: `retry-after-ms`; `retry-after` in seconds or as a date; the latest reset of a
/// rate limit of which nothing is left. Dates are relative to the answer's own `Date`, so that
/// clocks need not agree, or else to `now`.
pub fn read(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let get = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let base = get("date")
        .and_then(|date| httpdate::parse_http_date(date).ok())
        .unwrap_or(now);
    let until = |instant: SystemTime| instant.duration_since(base).unwrap_or_default();

    let after = || {
        let value = get("retry-after")?;
        seconds(value).or_else(|| httpdate::parse_http_date(value).ok().map(until))
    };
    let resets = || {
        // A limit that says it has something left is not the one that refused.
        let refuses = |remaining: &str| match get(remaining) {
            Some(left) => left.parse() == Ok(0.0),
            None => true,
        };
        let durations = DURATIONS.into_iter().filter_map(|[remaining, reset]| {
            let reset = get(reset).filter(|_| refuses(remaining))?;
            seconds(reset).or_else(|| go_duration(reset))
        });
        let instants = INSTANTS.into_iter().filter_map(|[remaining, reset]| {
            let reset = get(reset).filter(|_| refuses(remaining))?;
            rfc3339(reset).map(until)
        });
        durations.chain(instants).max()
    };
    get("retry-after-ms")
        .and_then(|millis| number(millis, 1e-3))
        .or_else(after)
        .or_else(resets)
        .map(|delay| delay.min(CAP))
}

fn seconds(text: &str) -> Option<Duration> {
    number(text, 1.0)
}

/// A finite, non-negative decimal number of units, at most [`CAP`].
fn number(text: &str, unit: f64) -> Option<Duration> {
    let digits = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    // Rust's own parser also reads "inf", "nan" and "1e12".
    if !text
        .bytes()
        .all(|byte| digits(byte) || b"eE+".contains(&byte))
    {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    let seconds = (value * unit).min(CAP.as_secs_f64());
    Duration::try_from_secs_f64(seconds).ok()
}

/// `1m26.4s`, `20ms`: a duration as Go prints it.
fn go_duration(text: &str) -> Option<Duration> {
    let (mut rest, mut total) = (text, Duration::ZERO);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (count, tail) = rest.split_at(end);
        let end = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let unit = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        total = total.saturating_add(number(count, unit)?);
        rest = tail;
    }
    (!text.is_empty()).then_some(total)
}

/// `2026-08-19T14:35:17Z`, with an optional fraction and any offset.
fn rfc3339(text: &str) -> Option<SystemTime> {
    let field = |from: usize, to: usize| -> Option<u64> {
        let digits = text.get(from..to)?;
        let all = digits.bytes().all(|byte| byte.is_ascii_digit());
        all.then(|| digits.parse().ok()).flatten()
    };
    let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    let marked = |&(at, mark): &(usize, u8)| text.as_bytes().get(at) == Some(&mark);
    if !marks.iter().all(marked) || !matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' ')) {
        return None;
    }
    let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
    let (hour, minute, second) = (field(11, 13)?, field(14, 16)?, field(17, 19)?);
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut tail = text.get(19..)?;
    let mut fraction = 0.0;
    if tail.starts_with('.') {
        let end = tail[1..]
            .find(|c: char| !c.is_ascii_digit())
            .map_or(tail.len(), |end| end + 1);
        fraction = tail[..end].parse().ok()?;
        tail = &tail[end..];
    }
    let offset = match tail.as_bytes() {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let at = text.len() - 5;
            let minutes = i64::try_from(field(at, at + 2)? * 60 + field(at + 3, at + 5)?).ok()?;
            if *sign == b'+' { minutes } else { -minutes }
        }
        _ => return None,
    };
    // Days since 1970, counting years from March so that the leap day comes last.
    let (y, m) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719_468;
    let local = i64::try_from(days * 86_400 + hour * 3600 + minute * 60 + second).ok()?;
    let utc = u64::try_from(local - offset * 60).ok()?;
    let instant = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(utc))?;
    instant.checked_add(Duration::try_from_secs_f64(fraction).ok()?)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

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
        read(&headers, now()).map(|delay| delay.as_secs_f64())
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

    proptest! {
        #[test]
        fn instants_agree_with_http_dates(secs in 0_u64..4_102_444_800) {
            let instant = SystemTime::UNIX_EPOCH + Duration::from_secs(secs);
            // "Thu, 01 Jan 1970 00:00:00 GMT"
            let text = httpdate::fmt_http_date(instant);
            const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
            let month = MONTHS.find(&text[8..11]).unwrap() / 3 + 1;
            let iso = format!("{}-{month:02}-{}T{}Z", &text[12..16], &text[5..7], &text[17..25]);
            prop_assert_eq!(rfc3339(&iso), Some(instant));
        }

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
