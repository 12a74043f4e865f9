//! Times and delays, as headers and messages spell them. Pure: `now` is an argument.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, header::DATE};

/// Longer than any delay that is meant.
const AGES: Duration = Duration::from_secs(u32::MAX as u64);

/// From the answer's own `Date`, so that clocks need not agree, or else from `now`, to `instant`.
pub(crate) fn until(headers: &HeaderMap, instant: SystemTime, now: SystemTime) -> Duration {
    let date = headers.get(DATE).and_then(|date| date.to_str().ok());
    let base = date.and_then(|date| http_date(date.trim())).unwrap_or(now);
    instant.duration_since(base).unwrap_or_default()
}

/// `Wed, 19 Aug 2026 14:35:30 GMT`.
pub(crate) fn http_date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text).ok()
}

/// A number of seconds.
pub(crate) fn seconds(text: &str) -> Option<Duration> {
    number(text, 1.0)
}

/// A finite, non-negative decimal number of units, at most [`AGES`].
pub(crate) fn number(text: &str, unit: f64) -> Option<Duration> {
    let digits = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    // Rust's own parser also reads "inf", "nan" and "1e12".
    if !text
        .bytes()
        .all(|byte| digits(byte) || b"eE+".contains(&byte))
    {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    let seconds = (value * unit).min(AGES.as_secs_f64());
    Duration::try_from_secs_f64(seconds).ok()
}

/// `1m26.4s`, `20ms`: a duration as Go prints it.
pub(crate) fn go_duration(text: &str) -> Option<Duration> {
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
pub(crate) fn rfc3339(text: &str) -> Option<SystemTime> {
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
    use proptest::prelude::*;

    use super::*;

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
    }
}
