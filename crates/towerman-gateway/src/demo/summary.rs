//! The end of a demo, in figures that can be checked.

use std::{collections::HashMap, fmt, time::Duration};

use towerman::core::Pico;

use super::{screen::percent, traffic::Sent, watch};
use crate::simulated::Fleet;

/// What came of a demo.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Summary {
    /// Requests that clients sent.
    pub requests: u64,
    /// Requests that failed for their client.
    pub failures: usize,
    /// The first few of those failures, in words.
    pub first_failures: Vec<String>,
    /// Requests answered by another endpoint than the first tried.
    pub failovers: u64,
    /// Attempts, those that failed included.
    pub attempts: u64,
    /// Prompt tokens, as providers reported them.
    pub prompt_tokens: u64,
    /// Prompt tokens that were read from a provider's cache.
    pub cached_tokens: u64,
    /// What the ledger says was spent.
    pub spent: Pico,
    /// The part of that for attempts that were sent and never answered: the ledger estimates them,
    /// and whether they are billed only the provider knows.
    pub in_doubt: Pico,
    /// What reading from caches saved.
    pub saved: Pico,
    /// What the providers' books say they would charge.
    pub billed: Pico,
    /// Answers whose added time is known: that of the client, from sending the request to having
    /// all of the answer, less the provider's own, from having all of the request to handing over
    /// the last of the answer. Two hops are in it, and all attempts that came to nothing.
    pub timed: usize,
    /// The median of the times added.
    pub added_p50: Duration,
    /// Their 99th percentile.
    pub added_p99: Duration,
}

impl Summary {
    pub(super) fn new(
        totals: &watch::Totals,
        sent: &Sent,
        ledger: towerman::cost::Total,
        fleet: &Fleet,
    ) -> Self {
        let failures = sent.failures();
        let added = added(sent, fleet);
        Self {
            requests: sent.requests(),
            failures: failures.len(),
            first_failures: failures.into_iter().take(3).collect(),
            failovers: totals.failovers,
            attempts: totals.attempts,
            prompt_tokens: totals.prompt,
            cached_tokens: totals.cached,
            spent: ledger.cost,
            in_doubt: totals.in_doubt,
            saved: ledger.saved,
            billed: Pico(fleet.billed()),
            timed: added.len(),
            added_p50: quantile(&added, 0.5),
            added_p99: quantile(&added, 0.99),
        }
    }

    /// Whether the ledger says what the providers' books say, to the pico-dollar: a provider of
    /// this demo that does not answer does not bill.
    pub fn books_agree(&self) -> bool {
        self.spent.saturating_sub(self.in_doubt) == self.billed
    }
}

/// What each answer took longer than its provider did, shortest first.
fn added(sent: &Sent, fleet: &Fleet) -> Vec<Duration> {
    let lines = fleet
        .providers
        .iter()
        .flat_map(|(provider, _)| provider.book().lines());
    let own: HashMap<_, _> = lines
        .filter_map(|line| Some((line.id, line.took?)))
        .collect();
    let mut added: Vec<_> = sent
        .times()
        .into_iter()
        .filter_map(|(id, took)| Some(took.saturating_sub(*own.get(&id)?)))
        .collect();
    added.sort_unstable();
    added
}

/// The smallest that this part of them does not exceed.
fn quantile(sorted: &[Duration], part: f64) -> Duration {
    let rank = (sorted.len() as f64 * part).ceil() as usize;
    let found = sorted.get(rank.saturating_sub(1));
    found.copied().unwrap_or_default()
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cached = percent(self.cached_tokens, self.prompt_tokens);
        writeln!(f, "requests              {}", self.requests)?;
        writeln!(f, "failed for clients    {}", self.failures)?;
        for failure in &self.first_failures {
            writeln!(f, "                      {failure}")?;
        }
        writeln!(f, "failovers             {}", self.failovers)?;
        writeln!(f, "attempts              {}", self.attempts)?;
        writeln!(f, "prompt tokens         {}", self.prompt_tokens)?;
        writeln!(
            f,
            "read from cache       {} ({cached:.0} %)",
            self.cached_tokens
        )?;
        write!(f, "spent                 ${}", self.spent)?;
        if self.in_doubt > Pico(0) {
            write!(f, " (${} of it for no answer, in doubt)", self.in_doubt)?;
        }
        writeln!(f)?;
        writeln!(f, "saved by caching      ${}", self.saved)?;
        let verdict = if self.books_agree() {
            "agrees to the last digit"
        } else {
            "DIFFERS"
        };
        writeln!(f, "providers' books      ${} ({verdict})", self.billed)?;
        let of = format!("client's time less the provider's, {} answers", self.timed);
        let (p50, p99) = (self.added_p50.as_micros(), self.added_p99.as_micros());
        writeln!(f, "added latency p50     {p50} µs ({of})")?;
        writeln!(f, "added latency p99     {p99} µs")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_books_agree_but_for_what_is_in_doubt() {
        let mut summary = Summary {
            spent: Pico(10),
            billed: Pico(7),
            ..Summary::default()
        };
        assert!(!summary.books_agree());
        summary.in_doubt = Pico(3);
        assert!(summary.books_agree());
        let text = summary.to_string();
        assert!(
            text.contains("$0.000000000003 of it for no answer, in doubt"),
            "{text}"
        );
    }

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let values: Vec<_> = (1..=200).map(Duration::from_micros).collect();
        assert_eq!(quantile(&values, 0.5), values[99]);
        assert_eq!(quantile(&values, 0.99), values[197]);
        assert_eq!(quantile(&values[..1], 0.99), values[0]);
        assert_eq!(quantile(&[], 0.5), Duration::ZERO);
    }
}
