//! Puts `x-ratelimit-*` headers on a response; resets are spans such as `1m26.4s`.

use std::time::Duration;

use crate::when::go_duration;

const REQUESTS: u64 = 10_000;
const TOKENS: u64 = 30_000_000;

pub(super) fn headers(tokens: u64, exhausted: Option<Duration>) -> Vec<(&'static str, String)> {
    let (left, reset) = match exhausted {
        Some(reset) => (0, reset),
        // What a bucket that refills 10,000 times a minute says after one request.
        None => (REQUESTS - 1, Duration::from_millis(6)),
    };
    vec![
        ("x-ratelimit-limit-requests", REQUESTS.to_string()),
        ("x-ratelimit-limit-tokens", TOKENS.to_string()),
        ("x-ratelimit-remaining-requests", left.to_string()),
        (
            "x-ratelimit-remaining-tokens",
            TOKENS.saturating_sub(tokens).to_string(),
        ),
        ("x-ratelimit-reset-requests", go_duration(reset)),
        (
            "x-ratelimit-reset-tokens",
            go_duration(Duration::from_millis(tokens / 500)),
        ),
    ]
}
