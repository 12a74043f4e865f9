//! Durations, sizes and prices as people write them. Pure, and exact.

use std::time::Duration;

/// No duration in a policy is longer: clocks may be added to it without a thought.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// `250ms`, `30s`, `5m` or `2h`.
pub(crate) fn duration(text: &str) -> Result<Duration, &'static str> {
    const EXPECTED: &str = "must be a duration, such as \"250ms\", \"30s\", \"5m\" or \"2h\"";
    let (number, unit) = split(text).ok_or(EXPECTED)?;
    let per_unit: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(EXPECTED),
    };
    number
        .checked_mul(per_unit)
        .map(Duration::from_millis)
        .filter(|duration| *duration <= LONGEST)
        .ok_or("must be no longer than 30 days")
}

/// `512B`, `64KiB`, `32MiB`, `1GiB`, or by thousands `64kB`, `32MB`, `1GB`.
pub(crate) fn bytes(text: &str) -> Result<usize, &'static str> {
    const EXPECTED: &str = "must be a size, such as \"64KiB\" or \"32MiB\", or a number of bytes";
    let (number, unit) = split(text).ok_or(EXPECTED)?;
    let per_unit: u64 = match unit {
        "B" => 1,
        "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(EXPECTED),
    };
    number.checked_mul(per_unit).and_then(size).ok_or(TOO_LARGE)
}

pub(crate) const TOO_LARGE: &str = "must be no larger than 1GiB";

/// A size that a process can hold.
pub(crate) fn size(bytes: u64) -> Option<usize> {
    usize::try_from(bytes)
        .ok()
        .filter(|bytes| *bytes <= 1 << 30)
}

/// Dollars per million tokens, written as a decimal, in pico-dollars per token: a shift by six
/// digits, so nothing is ever rounded.
pub(crate) fn price(text: &str) -> Result<u64, &'static str> {
    const EXPECTED: &str = "must be dollars per million tokens, such as \"1.25\"";
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return Err(EXPECTED),
        Some(parts) => parts,
        None => (text, ""),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return Err(EXPECTED);
    }
    if fraction.len() > 6 {
        return Err("must have at most 6 decimals: prices are whole pico-dollars per token");
    }
    format!("{whole}{fraction:0<6}")
        .parse()
        .map_err(|_| "is too large for a price")
}

/// A number and what follows it.
fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    // A number too large for 64 bits is too large for any unit.
    (!number.is_empty()).then(|| (number.parse().unwrap_or(u64::MAX), unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_shifted_and_never_rounded() {
        for (text, pico) in [
            ("1.25", 1_250_000),
            ("0.125", 125_000),
            ("10", 10_000_000),
            ("0.000001", 1),
            ("0.0375", 37_500),
            ("0.1", 100_000),
            ("0.3", 300_000),
            ("0", 0),
            ("00.50", 500_000),
            ("18446744073709.551615", u64::MAX),
        ] {
            assert_eq!(price(text), Ok(pico), "{text}");
        }
    }

    #[test]
    fn what_is_no_plain_decimal_is_no_price() {
        for text in [
            "", ".", "1.", ".5", "-1", "+1", "1e3", "1,25", "$1.25", " 1", "1 ", "1_0", "inf",
            "nan", "1.2.3", "0x10", "٣",
        ] {
            assert!(price(text).unwrap_err().contains("such as"), "{text}");
        }
        assert!(price("0.0000001").unwrap_err().contains("6 decimals"));
        assert!(
            price("18446744073709.551616")
                .unwrap_err()
                .contains("too large")
        );
    }

    #[test]
    fn durations_and_sizes_need_a_unit_and_have_a_limit() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(duration("720h"), Ok(LONGEST));
        for text in ["30", "s", "", "1.5s", "-1s", "1d", "1 s", "1S"] {
            assert!(duration(text).unwrap_err().contains("such as"), "{text}");
        }
        for text in ["721h", "99999999999999999999999h"] {
            assert!(duration(text).unwrap_err().contains("30 days"), "{text}");
        }
        assert_eq!(bytes("64KiB"), Ok(65_536));
        assert_eq!(bytes("1GiB"), Ok(1 << 30));
        assert_eq!(bytes("2kB"), Ok(2_000));
        for text in ["64", "KiB", "64KB", "64K", "1.5MiB", ""] {
            assert!(bytes(text).unwrap_err().contains("such as"), "{text}");
        }
        assert_eq!(bytes("2GiB"), Err(TOO_LARGE));
        assert_eq!(bytes("99999999999999999999999GiB"), Err(TOO_LARGE));
    }
}
