use http::HeaderName;
use proptest::prelude::*;

use super::*;

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| {
        (
            HeaderName::try_from(*name).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        )
    });
    pairs.collect()
}

fn read_at_dawn(pairs: &[(&str, &str)]) -> Option<RateLimits> {
    read(&headers(pairs), SystemTime::UNIX_EPOCH)
}

fn limit(limit: Option<u64>, remaining: Option<u64>, reset: Option<f64>) -> Limit {
    let mut told = Limit::default();
    told.limit = limit;
    told.remaining = remaining;
    told.reset = reset.map(Duration::from_secs_f64);
    told
}

#[test]
fn what_is_negative_or_a_limit_of_nothing_is_unknown() {
    let azure = |limit, remaining| {
        read_at_dawn(&[
            ("x-ratelimit-limit-tokens", limit),
            ("x-ratelimit-remaining-tokens", remaining),
            ("x-ratelimit-reset-tokens", "0"),
            ("x-ratelimit-renewalperiod-tokens", "60"),
        ])
        .and_then(|limits| limits.tokens)
    };
    assert_eq!(azure("-1", "-1"), None);
    assert_eq!(azure("0", "0"), None);
    assert_eq!(azure("-1", "7"), None);
    let known = azure("50", "0").unwrap();
    assert_eq!((known.limit, known.remaining), (Some(50), Some(0)));
    assert_eq!(known.window, Some(Duration::from_secs(60)));
    assert_eq!(azure("50", "-1").unwrap().remaining, None);
    // A window alone limits nothing.
    assert_eq!(
        read_at_dawn(&[("x-ratelimit-renewalperiod-tokens", "60")]),
        None
    );
}

#[test]
fn of_several_limits_on_one_thing_the_one_with_least_left_counts() {
    let limits = read_at_dawn(&[
        ("x-ratelimit-limit-req-minute", "360"),
        ("x-ratelimit-remaining-req-minute", "300"),
        ("x-ratelimit-limit-req-10-second", "60"),
        ("x-ratelimit-remaining-req-10-second", "3"),
        ("x-ratelimit-limit-tokens-minute", "1000"),
        ("x-ratelimit-remaining-tokens-minute", "900"),
        ("x-ratelimit-limit-tokens-month", "5000"),
        ("x-ratelimit-remaining-tokens-month", "12"),
    ])
    .unwrap();
    let requests = limits.requests.unwrap();
    assert_eq!((requests.limit, requests.remaining), (Some(60), Some(3)));
    assert_eq!(requests.window, Some(Duration::from_secs(10)));
    let tokens = limits.tokens.unwrap();
    assert_eq!((tokens.limit, tokens.remaining), (Some(5000), Some(12)));
    // Both refuse: the one that refuses for longer.
    let limits = read_at_dawn(&[
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-reset-tokens", "5s"),
        ("x-ratelimit-remaining-project-tokens", "0"),
        ("x-ratelimit-reset-project-tokens", "1m"),
    ])
    .unwrap();
    assert_eq!(limits.tokens, Some(limit(None, Some(0), Some(60.0))));
}

#[test]
fn instants_are_relative_to_the_answers_date() {
    let at = |date: Option<&str>| {
        let mut pairs = vec![
            ("anthropic-ratelimit-input-tokens-limit", "10"),
            ("anthropic-ratelimit-input-tokens-remaining", "4"),
            (
                "anthropic-ratelimit-input-tokens-reset",
                "1970-01-01T00:01:30Z",
            ),
        ];
        pairs.extend(date.map(|date| ("date", date)));
        let reset = read_at_dawn(&pairs).unwrap().input_tokens.unwrap().reset;
        reset.unwrap().as_secs()
    };
    assert_eq!(at(None), 90);
    assert_eq!(at(Some("Thu, 01 Jan 1970 00:01:00 GMT")), 30);
    assert_eq!(at(Some("Thu, 01 Jan 1970 00:02:00 GMT")), 0);
}

#[test]
fn a_day_is_not_cut_to_the_longest_plea_that_is_believed() {
    let limits = read_at_dawn(&[("x-ratelimit-reset-requests", "23h59m59.5s")]).unwrap();
    assert_eq!(limits.requests, Some(limit(None, None, Some(86_399.5))));
}

#[test]
fn headers_of_others_are_none() {
    for name in [
        "retry-after",
        "ratelimit",
        "x-ratelimit-key",
        "x-ratelimit-limit-audio-seconds-minute",
        "x-ratelimit-limit-input-images",
        "x-ratelimit-tokens-query-cost",
        "anthropic-ratelimit-unified-status",
        "anthropic-ratelimit-tokens",
        "ratelimitbysize-query-cost",
    ] {
        assert_eq!(read_at_dawn(&[(name, "3")]), None, "{name}");
    }
}

#[test]
fn what_is_written_is_one_set_of_names() {
    let limits = read_at_dawn(&[
        ("anthropic-ratelimit-requests-limit", "50"),
        ("anthropic-ratelimit-requests-remaining", "49"),
        (
            "anthropic-ratelimit-requests-reset",
            "1970-01-01T00:00:01.5Z",
        ),
        ("anthropic-ratelimit-output-tokens-remaining", "8000"),
    ])
    .unwrap();
    let mut told = HeaderMap::new();
    write(&limits, &mut told);
    let wanted = headers(&[
        ("x-ratelimit-limit-requests", "50"),
        ("x-ratelimit-remaining-requests", "49"),
        ("x-ratelimit-reset-requests", "1.5s"),
        ("x-ratelimit-remaining-output-tokens", "8000"),
    ]);
    assert_eq!(told, wanted);
    for (nanos, wanted) in [(0, "0s"), (1, "0.001s"), (17_399_999_999, "17.4s")] {
        assert_eq!(spelt(Duration::from_nanos(nanos)), wanted);
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_as_the_same(
        limit in proptest::option::of(1_u64..1 << 60),
        remaining in proptest::option::of(0_u64..1 << 60),
        millis in proptest::option::of(0_u64..1 << 31),
    ) {
        let mut said = Limit::default();
        said.limit = limit;
        said.remaining = remaining;
        said.reset = millis.map(Duration::from_millis);
        let mut limits = RateLimits::default();
        let told = said != Limit::default();
        limits.tokens = told.then_some(said);
        limits.output_tokens = limits.tokens;
        let mut headers = HeaderMap::new();
        write(&limits, &mut headers);
        let again = read(&headers, SystemTime::UNIX_EPOCH);
        prop_assert_eq!(again, told.then_some(limits));
    }

    #[test]
    fn no_value_makes_it_fail(value in "[ -~]{0,24}", place in 0..THINGS.len()) {
        for part in ["limit", "remaining", "reset", "renewalperiod"] {
            let name = format!("x-ratelimit-{part}-{}", THINGS[place].0);
            let mut headers = HeaderMap::new();
            if let Ok(name) = HeaderName::try_from(name.trim_end_matches('-')) {
                headers.insert(name, HeaderValue::from_str(&value).unwrap());
            }
            let limits = read(&headers, SystemTime::UNIX_EPOCH);
            let shows = limits.is_none_or(|limits| limits.iter().count() == 1);
            prop_assert!(shows);
        }
    }
}
