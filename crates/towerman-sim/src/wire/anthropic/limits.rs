//! Puts `anthropic-ratelimit-*` headers on a response; resets are RFC 3339 instants.

use std::time::Duration;

use crate::when::rfc3339;

const REQUESTS: u64 = 10_000;
const INPUT: u64 = 8_000_000;
const OUTPUT: u64 = 1_500_000;

pub(super) fn headers(
    tokens: u64,
    now: u64,
    exhausted: Option<Duration>,
) -> Vec<(&'static str, String)> {
    let left = if exhausted.is_some() { 0 } else { REQUESTS - 1 };
    // The header's unit is a second: a part of one is rounded up, so that waiting for it suffices.
    let reset = rfc3339(now + exhausted.map_or(0, |span| span.as_millis().div_ceil(1000) as u64));
    // Remaining tokens are rounded to thousands.
    let input = INPUT.saturating_sub(tokens) / 1000 * 1000;
    vec![
        ("anthropic-ratelimit-requests-limit", REQUESTS.to_string()),
        ("anthropic-ratelimit-requests-remaining", left.to_string()),
        ("anthropic-ratelimit-requests-reset", reset),
        ("anthropic-ratelimit-input-tokens-limit", INPUT.to_string()),
        (
            "anthropic-ratelimit-input-tokens-remaining",
            input.to_string(),
        ),
        ("anthropic-ratelimit-input-tokens-reset", rfc3339(now)),
        (
            "anthropic-ratelimit-output-tokens-limit",
            OUTPUT.to_string(),
        ),
        (
            "anthropic-ratelimit-output-tokens-remaining",
            OUTPUT.to_string(),
        ),
        ("anthropic-ratelimit-output-tokens-reset", rfc3339(now)),
        (
            "anthropic-ratelimit-tokens-limit",
            (INPUT + OUTPUT).to_string(),
        ),
        (
            "anthropic-ratelimit-tokens-remaining",
            (input + OUTPUT).to_string(),
        ),
        ("anthropic-ratelimit-tokens-reset", rfc3339(now)),
    ]
}
