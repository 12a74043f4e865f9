//! Every metric there is: names, help, units and labels, in one table.

use metrics::Unit;

/// One row of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// The name, in Prometheus' form: base unit last, `_total` on counters.
    pub name: &'static str,
    /// What kind of instrument it is.
    pub kind: Kind,
    /// Its unit, if it has one.
    pub unit: Option<Unit>,
    /// Its labels. Values come from the policy, or from a fixed list in this code.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

/// Kinds of instrument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution, with these bucket bounds.
    Histogram(&'static [f64]),
}

/// Seconds from a millisecond to ten minutes.
const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
    120.0, 300.0, 600.0,
];
/// Seconds from ten microseconds to a second: what this process adds.
const FINE_SECONDS: &[f64] = &[
    1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 0.1, 0.25, 1.0,
];
/// Dollars from a millionth to ten.
const DOLLARS: &[f64] = &[1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0];

macro_rules! catalogue {
    ($($constant:ident = $name:literal, $kind:expr, $unit:expr, [$($label:literal),*], $help:literal;)*) => {
        $(pub(crate) const $constant: Metric = Metric {
            name: $name, kind: $kind, unit: $unit, labels: &[$($label),*], help: $help,
        };)*

        /// Every metric there is.
        pub const CATALOGUE: &[Metric] = &[$($constant),*];
    };
}

catalogue! {
    REQUESTS = "towerman_requests_total", Kind::Counter, None, ["route", "priority", "outcome"],
        "Requests that have ended, by how they ended for the client.";
    REQUEST_SECONDS = "towerman_request_duration_seconds", Kind::Histogram(SECONDS), Some(Unit::Seconds), ["route"],
        "Time from a request's head to the end of its answer.";
    OVERHEAD_SECONDS = "towerman_overhead_seconds", Kind::Histogram(FINE_SECONDS), Some(Unit::Seconds), ["route"],
        "The part of a request's time in which no attempt was under way.";
    ATTEMPTS = "towerman_attempts_total", Kind::Counter, None, ["endpoint", "outcome"],
        "Attempts that have ended, by how they ended for the endpoint.";
    FIRST_CONTENT_SECONDS = "towerman_first_content_seconds", Kind::Histogram(SECONDS), Some(Unit::Seconds), ["endpoint"],
        "Time from an attempt's dispatch to its first content.";
    FAILOVERS = "towerman_failovers_total", Kind::Counter, None, ["route"],
        "Requests that were answered by another endpoint than the first tried.";
    TOKENS = "towerman_tokens_total", Kind::Counter, None, ["endpoint", "kind"],
        "Tokens used, in disjoint kinds: input, cache_read, cache_write, output.";
    LOSSES = "towerman_losses_total", Kind::Counter, None, ["endpoint", "tier"],
        "Places of requests that were said in another way (mapped), left out (dropped), or could not be said (refused).";
    SKIPPED_EVENTS = "towerman_skipped_events_total", Kind::Counter, None, ["endpoint"],
        "Events of streams that made no sense and were passed over; three in a row end the stream.";
    COST_DOLLARS = "towerman_attempt_cost_dollars", Kind::Histogram(DOLLARS), None, ["endpoint"],
        "What attempts cost; the sum is the money spent.";
    SAVED_DOLLARS = "towerman_attempt_saved_dollars", Kind::Histogram(DOLLARS), None, ["endpoint"],
        "What reading from provider caches saved; the sum is the money saved.";
    CIRCUIT = "towerman_circuit_state", Kind::Gauge, None, ["endpoint"],
        "The endpoint's circuit: 0 closed, 1 half-open, 2 open.";
    IN_FLIGHT = "towerman_attempts_in_flight", Kind::Gauge, None, ["endpoint"],
        "Attempts that are under way.";
    REVISION = "towerman_policy_revision", Kind::Gauge, None, [],
        "The revision of the policy in force; goes up with every reload.";
    RELOADS = "towerman_policy_reloads_total", Kind::Counter, None, ["result"],
        "Reloads of the policy file: applied, or rejected.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_follow_the_conventions_and_are_unique() {
        let mut seen = HashSet::new();
        for metric in CATALOGUE {
            assert!(seen.insert(metric.name), "{} stands twice", metric.name);
            assert!(metric.name.starts_with("towerman_"));
            assert_eq!(
                metric.kind == Kind::Counter,
                metric.name.ends_with("_total"),
                "{}",
                metric.name
            );
            assert_eq!(
                metric.unit == Some(Unit::Seconds),
                metric.name.ends_with("_seconds")
            );
            assert!(metric.help.ends_with('.'));
        }
    }
}
