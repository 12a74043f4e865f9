//! The rate limits of every recorded answer, read by the crate and by a reader that knows each
//! provider by its folder, and not the headers by their shape.
//!
//! The recordings are not part of the project; see `recorded.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    env, fs,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};
use towerman_core::{Limit, RateLimits};
use towerman_wire::limits;

/// A recorded answer: its folder, its file and its headers.
type Answer = (String, String, Map<String, Value>);

/// Every recorded answer.
fn answers() -> Option<Vec<Answer>> {
    let root = env::var_os("TOWERMAN_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let folder = root.join("data/wire");
    if !folder.is_dir() {
        assert_ne!(env::var("CI").as_deref(), Ok("true"), "no recordings in CI");
        eprintln!("RECORDED TRAFFIC NOT RUN: no recordings found; set TOWERMAN_SHARED");
        return None;
    }
    let mut answers = Vec::new();
    for kind in ["recorded", "response-only"] {
        for provider in fs::read_dir(folder.join(kind)).unwrap() {
            let provider = provider.unwrap();
            for file in fs::read_dir(provider.path()).unwrap() {
                let path = file.unwrap().path();
                let exchange: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
                let headers = exchange["response"]["headers"].as_object();
                answers.push((
                    provider.file_name().into_string().unwrap(),
                    path.display().to_string(),
                    headers.cloned().unwrap_or_default(),
                ));
            }
        }
    }
    Some(answers)
}

/// Reads a reset, given the answer's date.
type Spelt = fn(&str, &str) -> f64;

fn duration(text: &str, _: &str) -> f64 {
    let (number, unit) = text.split_at(text.find(char::is_alphabetic).unwrap_or(text.len()));
    let unit = match unit {
        "ms" => 1e-3,
        "s" | "" => 1.0,
        unit => panic!("{unit} has not been recorded yet"),
    };
    number.parse::<f64>().unwrap() * unit
}

/// Seconds from the answer's date, which is within a day of the instant.
fn instant(text: &str, date: &str) -> f64 {
    let of_day = |text: &str| {
        let mut parts = text.split(':').map(|part| part.parse::<i64>().unwrap());
        parts.next().unwrap() * 3600 + parts.next().unwrap() * 60 + parts.next().unwrap()
    };
    let (day, time) = text.trim_end_matches('Z').split_once('T').unwrap();
    let date: Vec<_> = date.split(' ').collect();
    let days = i64::from(!day.ends_with(date[1]));
    let later = of_day(time) - of_day(date[4]) + days * 86_400;
    assert!(later < 3600, "{text} is too long after {date:?}");
    later.max(0) as f64
}

/// The limit that the headers of these three names tell.
fn limit(headers: &Map<String, Value>, names: [&str; 3], spelt: Spelt) -> Option<Limit> {
    let get = |name: &str| {
        let mut all = headers.iter();
        let found = all.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str().unwrap().to_owned())
    };
    let date = get("date").unwrap_or_default();
    let mut limit = Limit::default();
    limit.limit = get(names[0]).map(|value| value.parse().unwrap());
    limit.remaining = get(names[1]).map(|value| value.parse().unwrap());
    let reset = get(names[2]).map(|value| spelt(&value, &date));
    limit.reset = reset.map(|seconds| Duration::from_nanos((seconds * 1e9).round() as u64));
    (limit != Limit::default()).then_some(limit)
}

/// What a reader that shares no code with the crate finds.
fn expected(provider: &str, headers: &Map<String, Value>) -> RateLimits {
    let named = |order: fn(&str, &str) -> String, thing: &str, spelt: Spelt| {
        let name = |part: &str| order(part, thing);
        limit(
            headers,
            [&name("limit"), &name("remaining"), &name("reset")],
            spelt,
        )
    };
    let least = |limits: [Option<Limit>; 2]| {
        let limits = limits.into_iter().flatten();
        limits.min_by_key(|limit| limit.remaining)
    };
    let plain = |part: &str, thing: &str| format!("x-ratelimit-{part}-{thing}");
    let mut limits = RateLimits::default();
    match provider {
        "anthropic" => {
            let order = |part: &str, thing: &str| format!("anthropic-ratelimit-{thing}-{part}");
            limits.requests = named(order, "requests", instant);
            limits.tokens = named(order, "tokens", instant);
            limits.input_tokens = named(order, "input-tokens", instant);
            limits.output_tokens = named(order, "output-tokens", instant);
        }
        "mistral" | "mistral-embeddings" => {
            let of = |thing| named(plain, thing, duration);
            let bysize = |part: &str, _: &str| format!("ratelimitbysize-{part}");
            limits.requests = least([of("req-minute"), of("req-10-second")]);
            limits.tokens = least([of("tokens-minute"), of("tokens-month")])
                .or_else(|| named(bysize, "", duration));
        }
        "together" => {
            let bare = |part: &str, _: &str| format!("x-ratelimit-{part}");
            limits.requests = named(bare, "", duration);
        }
        _ => {
            let of = |thing| named(plain, thing, duration);
            limits.requests = of("requests");
            limits.tokens = least([of("tokens"), of("project-tokens")]);
        }
    }
    limits
}

/// Windows are read from names, which the other reader does not know.
fn without_windows(mut limits: RateLimits) -> RateLimits {
    for limit in [
        &mut limits.requests,
        &mut limits.tokens,
        &mut limits.input_tokens,
        &mut limits.output_tokens,
    ]
    .into_iter()
    .flatten()
    {
        limit.window = None;
    }
    limits
}

#[test]
fn every_recorded_answers_limits_are_read() {
    let Some(answers) = answers() else { return };
    let mut found = 0;
    for (provider, file, headers) in answers {
        let expected = expected(&provider, &headers);
        let map: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::try_from(name).unwrap(),
                    HeaderValue::from_str(value.as_str().unwrap()).unwrap(),
                )
            })
            .collect();
        // Everything recorded has a date, so that `now` is not asked.
        let read = limits::read(&map, SystemTime::UNIX_EPOCH);
        let read = read.map(without_windows).unwrap_or_default();
        assert_eq!(read, expected, "{file}");
        found += usize::from(read != RateLimits::default());

        // What the client is told says the same.
        let mut told = HeaderMap::new();
        limits::write(&expected, &mut told);
        let again = limits::read(&told, SystemTime::UNIX_EPOCH).unwrap_or_default();
        for ((name, told), (_, said)) in again.iter().zip(expected.iter()) {
            assert_eq!((told.limit, told.remaining), (said.limit, said.remaining));
            let (told, said) = (
                told.reset.unwrap_or_default(),
                said.reset.unwrap_or_default(),
            );
            let late = told
                .checked_sub(said)
                .expect("a reset is never told too short");
            assert!(late < Duration::from_millis(1), "{file}: {name}");
        }
        assert_eq!(again.iter().count(), expected.iter().count(), "{file}");
    }
    assert!(found >= 190, "only {found} answers have limits");
    println!("{found} answers have limits");
}
