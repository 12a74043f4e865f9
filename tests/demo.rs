//! The demo's summary is true: checked against the simulated providers' own books.
#![allow(clippy::unwrap_used)]

use std::{collections::HashMap, time::Duration};

use towerman::core::{Pico, PolicyHandle};
use towerman_gateway::demo::{self, Options};

/// The figure that a line of the summary states.
fn figures(text: &str) -> HashMap<&str, &str> {
    text.lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(name, rest)| (name.trim(), rest.trim()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_through_the_outage_and_the_summary_is_true() {
    let mut out = Vec::new();
    let ended = demo::run(&Options::new(Duration::from_secs(6)), &mut out)
        .await
        .unwrap();
    let text = String::from_utf8(out).unwrap();
    let figures = figures(&text);
    let number = |name: &str| {
        figures[name]
            .split([' ', '$'])
            .find(|word| !word.is_empty())
            .unwrap()
            .to_owned()
    };

    assert_eq!(number("failed for clients"), "0", "{text}");
    assert!(number("failovers").parse::<u64>().unwrap() > 0, "{text}");
    assert!(text.contains("alpha goes down"), "{text}");
    assert!(text.contains("circuit closed → open"), "{text}");
    assert!(text.contains("alpha is back"), "{text}");

    let totals: Vec<_> = ended
        .fleet
        .providers
        .iter()
        .map(|(sim, _)| sim.book().totals())
        .collect();
    let billed: u128 = totals.iter().map(|totals| totals.cost_pico_usd).sum();
    // A request that was on its way when the port closed is estimated: not billed, as it is here.
    let spent = ended.summary.spent;
    assert_eq!(number("spent"), spent.to_string(), "{text}");
    let certain = spent.saturating_sub(ended.summary.in_doubt);
    assert_eq!(certain, Pico(billed), "{text}");
    let cached: u64 = totals.iter().map(|totals| totals.cache_read).sum();
    assert_eq!(number("read from cache"), cached.to_string(), "{text}");
    assert!(cached > 0, "{text}");
    let prompt: u64 = totals
        .iter()
        .map(|t| t.uncached_input + t.cache_read + t.cache_write)
        .sum();
    assert_eq!(number("prompt tokens"), prompt.to_string(), "{text}");
    let served: u64 = totals.iter().map(|totals| totals.lines).sum();
    assert_eq!(
        number("requests"),
        served.to_string(),
        "every request was billed once\n{text}"
    );

    // What caching saved, from the providers' own books and the prices in the policy.
    let policy = PolicyHandle::new(ended.fleet.draft()).unwrap().load();
    let lines: Vec<_> = ended
        .fleet
        .providers
        .iter()
        .flat_map(|(sim, _)| sim.book().lines())
        .collect();
    let saved = lines.iter().map(|line| {
        let mut endpoints = policy.endpoints().iter();
        let endpoint = endpoints.find(|endpoint| *endpoint.model == *line.model);
        let price = endpoint.unwrap().price.unwrap();
        u128::from(line.cache_read) * u128::from(price.input - price.cache_read)
    });
    let saved = Pico(saved.sum());
    assert!(saved > Pico(0), "{text}");
    assert_eq!(number("saved by caching"), saved.to_string(), "{text}");

    // Every answer is in the figure, and what its provider took is not.
    assert_eq!(ended.summary.timed as u64, served, "{text}");
    let [p50, p99] = ["added latency p50", "added latency p99"]
        .map(|name| Duration::from_micros(number(name).parse().unwrap()));
    let mut own: Vec<_> = lines.iter().map(|line| line.took.unwrap()).collect();
    own.sort_unstable();
    assert!(Duration::ZERO < p50 && p50 <= p99, "{text}");
    assert!(p50 < own[own.len() / 2] / 2, "{own:?}\n{text}");
    ended.fleet.stop().await;
}
