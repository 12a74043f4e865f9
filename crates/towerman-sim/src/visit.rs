//! Follows one request from its arrival to the end of its body, however that comes about.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::book::OpenLine;

/// Requests now being served, and those whose client left.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) in_flight: AtomicU64,
    pub(crate) cancelled: AtomicU64,
}

/// One request's stay. Dropped before it ended, the client left: that is counted and written down.
#[derive(Debug)]
pub(crate) struct Visit {
    traffic: Arc<Traffic>,
    line: Option<OpenLine>,
    over: bool,
}

impl Visit {
    pub(crate) fn begin(traffic: &Arc<Traffic>) -> Self {
        traffic.in_flight.fetch_add(1, Ordering::Relaxed);
        Self {
            traffic: Arc::clone(traffic),
            line: None,
            over: false,
        }
    }

    /// The request was accepted: from now on it has a line in the book.
    pub(crate) fn bill(&mut self, line: OpenLine) {
        self.line = Some(line);
    }

    /// Output tokens were generated.
    pub(crate) fn emit(&self, tokens: u64) {
        if tokens > 0
            && let Some(line) = &self.line
        {
            line.emit(tokens);
        }
    }

    /// The whole answer was handed over.
    pub(crate) fn complete(&mut self) {
        if !self.over {
            self.line.iter().for_each(OpenLine::completed);
            self.end();
        }
    }

    /// The provider itself ended it, not the client.
    pub(crate) fn end(&mut self) {
        if !self.over {
            self.over = true;
            self.traffic.in_flight.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if !self.over {
            self.traffic.cancelled.fetch_add(1, Ordering::Relaxed);
            self.line.iter().for_each(OpenLine::cancelled);
            self.end();
        }
    }
}
