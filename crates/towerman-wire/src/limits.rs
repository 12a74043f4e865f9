//! Rate limits, from any provider's headers, and as one set for every client.

use std::{
    cmp::Reverse,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderName, HeaderValue};
use towerman_core::{Limit, RateLimits};

use crate::when;

/// How the names of all such headers begin. `bysize` is Mistral's older word for tokens.
const FAMILIES: [(&str, Order); 4] = [
    ("x-ratelimit-", Order::PartFirst("")),
    ("anthropic-ratelimit-", Order::PartLast),
    ("x-ratelimitbysize-", Order::PartFirst("tokens")),
    ("ratelimitbysize-", Order::PartFirst("tokens")),
];

/// Where a name says which part of a limit it tells of: `limit-tokens` or `tokens-limit`.
#[derive(Clone, Copy)]
enum Order {
    /// With the thing that is limited, if the family's name says it.
    PartFirst(&'static str),
    PartLast,
}

/// Things that are limited, and over which window where the name tells. An empty name is a
/// limit of nothing in particular, which is of requests.
const THINGS: [(&str, Thing, Option<u64>); 11] = [
    ("requests", Thing::Requests, None),
    ("", Thing::Requests, None),
    ("project-requests", Thing::Requests, None),
    ("req-minute", Thing::Requests, Some(60)),
    ("req-10-second", Thing::Requests, Some(10)),
    ("tokens", Thing::Tokens, None),
    ("project-tokens", Thing::Tokens, None),
    ("tokens-minute", Thing::Tokens, Some(60)),
    ("tokens-month", Thing::Tokens, Some(30 * 24 * 3600)),
    ("input-tokens", Thing::InputTokens, None),
    ("output-tokens", Thing::OutputTokens, None),
];

#[derive(Clone, Copy)]
enum Thing {
    Requests,
    Tokens,
    InputTokens,
    OutputTokens,
}

/// What the headers said of one of [`THINGS`], before it is judged.
#[derive(Clone, Copy, Default)]
struct Said {
    /// The limit is none: zero, or less.
    void: bool,
    limit: Limit,
}

/// What `headers` say of rate limits, whoever sent them. `None` if they say nothing.
///
/// Of several limits on the same thing (per minute and per month, of a project and of an
/// organisation) the one counts of which the least is left. Instants are relative to the answer's
/// own `Date`, or else to `now`. What is negative, and whatever stands beside a limit of zero or
/// less, is unknown.
pub fn read(headers: &HeaderMap, now: SystemTime) -> Option<RateLimits> {
    let mut said = [Said::default(); THINGS.len()];
    let mut any = false;
    for (name, value) in headers {
        let Some((part, thing)) = parts(name.as_str()) else {
            continue;
        };
        let Ok(value) = value.to_str().map(str::trim) else {
            continue;
        };
        let Said { void, limit } = &mut said[thing];
        match part {
            "limit" => {
                *void = value.parse::<f64>().is_ok_and(|value| value <= 0.0);
                limit.limit = value.parse().ok();
            }
            "remaining" => limit.remaining = value.parse().ok(),
            "reset" => limit.reset = reset(headers, value, now),
            _ => limit.window = when::seconds(value),
        }
        any = true;
    }
    if !any {
        return None;
    }
    let mut limits = RateLimits::default();
    for (Said { void, mut limit }, (_, thing, window)) in said.into_iter().zip(THINGS) {
        // A window alone limits nothing.
        let silent = (limit.limit, limit.remaining, limit.reset) == (None, None, None);
        if void || silent {
            continue;
        }
        limit.window = limit.window.or(window.map(Duration::from_secs));
        let place = match thing {
            Thing::Requests => &mut limits.requests,
            Thing::Tokens => &mut limits.tokens,
            Thing::InputTokens => &mut limits.input_tokens,
            Thing::OutputTokens => &mut limits.output_tokens,
        };
        if place.is_none_or(|other| tightness(&limit) < tightness(&other)) {
            *place = Some(limit);
        }
    }
    (limits != RateLimits::default()).then_some(limits)
}

/// Adds `limits` to `headers` under the names that OpenAI gave them.
pub fn write(limits: &RateLimits, headers: &mut HeaderMap) {
    for (thing, limit) in limits.iter() {
        let mut put = |part: &str, value: Option<String>| {
            let name = HeaderName::try_from(format!("x-ratelimit-{part}-{thing}"));
            if let (Ok(name), Some(Ok(value))) = (name, value.map(HeaderValue::try_from)) {
                headers.insert(name, value);
            }
        };
        put("limit", limit.limit.map(|limit| limit.to_string()));
        put("remaining", limit.remaining.map(|left| left.to_string()));
        put("reset", limit.reset.map(spelt));
    }
}

/// The part of a limit that a header of this name tells, and the place of the thing in [`THINGS`].
fn parts(name: &str) -> Option<(&str, usize)> {
    // Nothing else that answers carry has it; this is asked of every header of every answer.
    if !name.contains("ratelimit") {
        return None;
    }
    let (rest, order) = FAMILIES
        .into_iter()
        .find_map(|(family, order)| Some((name.strip_prefix(family)?, order)))?;
    let (part, thing) = match order {
        Order::PartLast => {
            let (thing, part) = rest.rsplit_once('-')?;
            (part, thing)
        }
        Order::PartFirst(thing) => match (rest.split_once('-').unwrap_or((rest, "")), thing) {
            ((part, "minute"), "tokens") => (part, "tokens-minute"),
            ((part, "month"), "tokens") => (part, "tokens-month"),
            ((part, ""), thing) => (part, thing),
            ((part, thing), "") => (part, thing),
            _ => return None,
        },
    };
    if !matches!(part, "limit" | "remaining" | "reset" | "renewalperiod") {
        return None;
    }
    let place = THINGS.iter().position(|(name, ..)| *name == thing)?;
    Some((part, place))
}

/// `17`, `1m26.4s` or an instant.
fn reset(headers: &HeaderMap, value: &str, now: SystemTime) -> Option<Duration> {
    when::seconds(value)
        .or_else(|| when::go_duration(value))
        .or_else(|| when::rfc3339(value).map(|at| when::until(headers, at, now)))
}

/// The smallest is the one that will refuse first, and of two that refuse, for longest.
fn tightness(limit: &Limit) -> (u64, Reverse<Option<Duration>>) {
    (limit.remaining.unwrap_or(u64::MAX), Reverse(limit.reset))
}

/// `1.5s`: never shorter than it is.
fn spelt(reset: Duration) -> String {
    let millis = reset.as_nanos().div_ceil(1_000_000);
    format!("{}s", millis as f64 / 1e3)
}

#[cfg(test)]
mod tests;
