//! The end of a demo, in figures that can be checked.

use std::fmt;

use towerman::core::Pico;

use super::{screen::percent, traffic::Sent, watch};

/// What came of a demo.
#[derive(Clone, Debug)]
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
    /// Prompt tokens.
    pub prompt_tokens: u64,
    /// Prompt tokens that were read from a provider's cache.
    pub cached_tokens: u64,
    /// What the ledger says was spent.
    pub spent: Pico,
    /// What reading from caches saved.
    pub saved: Pico,
    /// What the providers' books say they would charge.
    pub billed: Pico,
    /// Median time added, in microseconds.
    pub added_p50_us: u64,
    /// 99th percentile of the time added, in microseconds.
    pub added_p99_us: u64,
}

impl Summary {
    pub(super) fn new(
        totals: &watch::Totals,
        sent: &Sent,
        ledger: towerman::cost::Total,
        billed: u128,
    ) -> Self {
        let failures = sent.failures();
        let mut overheads = totals.overheads.clone();
        overheads.sort_unstable();
        let quantile = |q: f64| {
            let index = (overheads.len() as f64 * q) as usize;
            overheads
                .get(index.min(overheads.len().saturating_sub(1)))
                .copied()
                .unwrap_or(0)
        };
        Self {
            requests: sent.requests(),
            failures: failures.len(),
            first_failures: failures.into_iter().take(3).collect(),
            failovers: totals.failovers,
            attempts: totals.attempts,
            prompt_tokens: totals.prompt,
            cached_tokens: totals.cached,
            spent: ledger.cost,
            saved: ledger.saved,
            billed: Pico(billed),
            added_p50_us: quantile(0.5),
            added_p99_us: quantile(0.99),
        }
    }

    /// Whether the ledger says what the providers' books say, to the pico-dollar.
    pub fn books_agree(&self) -> bool {
        self.spent == self.billed
    }
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
        writeln!(f, "spent                 ${}", self.spent)?;
        writeln!(f, "saved by caching      ${}", self.saved)?;
        let verdict = if self.books_agree() {
            "agrees to the last digit"
        } else {
            "DIFFERS"
        };
        writeln!(f, "providers' books      ${} ({verdict})", self.billed)?;
        writeln!(f, "added latency p50     {} µs", self.added_p50_us)?;
        writeln!(f, "added latency p99     {} µs", self.added_p99_us)
    }
}
