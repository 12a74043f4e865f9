//! Writes down what this provider would charge: one line per accepted request.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    model::Price,
    script::lock,
    usage::{Usage, cost},
};

/// Lines kept; the oldest go first. Totals count every line.
const MAX_LINES: usize = 65_536;

/// The charge for one accepted request: one that got, or would have got, a 200.
///
/// Its input is billed from the moment of acceptance, its output as it is generated, until the
/// client is seen to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BookLine {
    /// The id in the response body; in a dialect that has none there, the request's.
    pub id: String,
    /// The model that the request named.
    pub model: String,
    /// Prompt tokens billed at the full price.
    pub uncached_input: u64,
    /// Prompt tokens read from the prompt cache.
    pub cache_read: u64,
    /// Prompt tokens written to the prompt cache.
    pub cache_write: u64,
    /// Output tokens generated so far.
    pub output: u64,
    /// The charge so far, in picodollars (10⁻¹² USD).
    pub cost_pico_usd: u128,
    /// The HTTP status.
    pub status: u16,
    /// The whole answer was handed over, terminal frame included.
    pub completed: bool,
    /// The client left first.
    pub cancelled: bool,
    /// The answer was asked for as a stream.
    pub stream: bool,
    /// How long the provider itself took: from having all of the request to handing over the last
    /// of the answer. `None` for an answer that is not complete.
    pub took: Option<Duration>,
}

/// Sums over a [`Book`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Accepted requests.
    pub lines: u64,
    /// Prompt tokens billed at the full price.
    pub uncached_input: u64,
    /// Prompt tokens read from the prompt cache.
    pub cache_read: u64,
    /// Prompt tokens written to the prompt cache.
    pub cache_write: u64,
    /// Output tokens.
    pub output: u64,
    /// The charge, in picodollars.
    pub cost_pico_usd: u128,
    /// Lines whose whole answer was handed over.
    pub completed: u64,
    /// Lines whose client left first.
    pub cancelled: u64,
}

/// The billing book of one simulated provider. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Book(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    requests: AtomicU64,
    ledger: Mutex<Ledger>,
}

#[derive(Debug, Default)]
struct Ledger {
    lines: BTreeMap<u64, BookLine>,
    totals: Totals,
    next: u64,
    /// Lines opened before this one were cleared: what they do now counts nowhere.
    first: u64,
}

impl Book {
    /// The lines, oldest first: the last 65,536.
    #[must_use]
    pub fn lines(&self) -> Vec<BookLine> {
        lock(&self.0.ledger).lines.values().cloned().collect()
    }

    /// The sums over all lines since the last [`clear`](Self::clear).
    #[must_use]
    pub fn totals(&self) -> Totals {
        lock(&self.0.ledger).totals
    }

    /// How many HTTP requests arrived, refused connections aside and failed requests included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// Starts a new book. Requests under way are not carried over.
    pub fn clear(&self) {
        let mut ledger = lock(&self.0.ledger);
        let next = ledger.next;
        *ledger = Ledger {
            next,
            first: next,
            ..Ledger::default()
        };
        self.0.requests.store(0, Ordering::Relaxed);
    }

    pub(crate) fn arrived(&self) {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Opens a line and bills the prompt.
    pub(crate) fn open(
        &self,
        id: String,
        model: String,
        usage: &Usage,
        price: Price,
        stream: bool,
    ) -> OpenLine {
        let mut ledger = lock(&self.0.ledger);
        let line = BookLine {
            id,
            model,
            uncached_input: usage.uncached,
            cache_read: usage.cache_read,
            cache_write: usage.cache_write(),
            output: 0,
            cost_pico_usd: usage.prompt_cost(&price),
            status: 200,
            completed: false,
            cancelled: false,
            stream,
            took: None,
        };
        let totals = &mut ledger.totals;
        totals.lines += 1;
        totals.uncached_input += line.uncached_input;
        totals.cache_read += line.cache_read;
        totals.cache_write += line.cache_write;
        totals.cost_pico_usd += line.cost_pico_usd;
        let key = ledger.next;
        ledger.next += 1;
        ledger.lines.insert(key, line);
        if ledger.lines.len() > MAX_LINES {
            ledger.lines.pop_first();
        }
        OpenLine {
            book: self.clone(),
            key,
            price,
            opened: Instant::now(),
        }
    }
}

/// A line whose answer is still on its way.
#[derive(Debug)]
pub(crate) struct OpenLine {
    book: Book,
    key: u64,
    price: Price,
    opened: Instant,
}

impl OpenLine {
    /// Bills output tokens.
    pub(crate) fn emit(&self, tokens: u64) {
        let charge = cost(tokens, self.price.output);
        self.edit(|line, totals| {
            totals.output += tokens;
            totals.cost_pico_usd += charge;
            if let Some(line) = line {
                line.output += tokens;
                line.cost_pico_usd += charge;
            }
        });
    }

    pub(crate) fn completed(&self) {
        let took = self.opened.elapsed();
        self.edit(|line, totals| {
            totals.completed += 1;
            if let Some(line) = line {
                line.completed = true;
                line.took = Some(took);
            }
        });
    }

    pub(crate) fn cancelled(&self) {
        self.edit(|line, totals| {
            totals.cancelled += 1;
            line.into_iter().for_each(|line| line.cancelled = true);
        });
    }

    fn edit(&self, edit: impl FnOnce(Option<&mut BookLine>, &mut Totals)) {
        let mut ledger = lock(&self.book.0.ledger);
        if self.key >= ledger.first {
            let Ledger { lines, totals, .. } = &mut *ledger;
            edit(lines.get_mut(&self.key), totals);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Price = Price {
        input: 10,
        cache_read: 1,
        cache_write: 12,
        output: 50,
    };

    fn open(book: &Book) -> OpenLine {
        let usage = Usage {
            uncached: 100,
            cache_read: 20,
            write_5m: 3,
            write_1h: 2,
            output: 9,
            reasoning: 0,
        };
        book.open("id".into(), "m".into(), &usage, PRICE, true)
    }

    #[test]
    fn input_at_once_and_output_as_emitted() {
        let book = Book::default();
        let line = open(&book);
        assert_eq!(book.totals().cost_pico_usd, 1000 + 20 + 60);
        line.emit(2);
        line.emit(1);
        line.cancelled();
        let written = &book.lines()[0];
        assert_eq!(
            (written.output, written.cache_write, written.cancelled),
            (3, 5, true)
        );
        assert_eq!(written.cost_pico_usd, 1080 + 150);
        assert_eq!(book.totals().cost_pico_usd, 1230);
    }

    #[test]
    fn clearing_forgets_what_is_under_way() {
        let book = Book::default();
        let line = open(&book);
        book.arrived();
        book.clear();
        line.emit(5);
        line.completed();
        assert_eq!(
            (book.totals(), book.requests(), book.lines().len()),
            (Totals::default(), 0, 0)
        );
    }

    #[test]
    fn old_lines_go_and_totals_stay() {
        let book = Book::default();
        let first = open(&book);
        for _ in 0..MAX_LINES {
            open(&book);
        }
        first.emit(1);
        assert_eq!(book.lines().len(), MAX_LINES);
        assert_eq!(book.totals().lines, MAX_LINES as u64 + 1);
        assert_eq!(book.totals().output, 1);
    }
}
