//! Everything a dialect needs to put an answer on the wire.

use std::time::Duration;

use bytes::Bytes;

use crate::{answer::Answer, hash, usage::Usage};

/// An answer to one accepted request.
#[derive(Debug)]
pub(crate) struct Reply {
    /// Unique per provider and request: ids follow from it.
    pub(crate) seed: u64,
    pub(crate) id: String,
    /// Seconds since 1970.
    pub(crate) created: u64,
    pub(crate) model: String,
    pub(crate) answer: Answer,
    /// How many times the answer is given.
    pub(crate) choices: u64,
    /// The whole request's usage, output included.
    pub(crate) usage: Usage,
    pub(crate) include_usage: bool,
    pub(crate) obfuscate: bool,
}

impl Reply {
    /// The tail of the id of a tool call.
    pub(crate) fn call_id(&self, choice: u64, call: usize) -> String {
        hash::letters(hash::mix(self.seed, (choice << 32) + call as u64), 24)
    }
}

/// One piece of a body: an SSE event, or a part of a JSON text.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) bytes: Bytes,
    /// Output tokens it carries.
    pub(crate) tokens: u64,
    /// Time that passes before it.
    pub(crate) wait: Duration,
}

impl Event {
    pub(crate) fn new(bytes: impl Into<Bytes>, tokens: u64) -> Self {
        Self {
            bytes: bytes.into(),
            tokens,
            wait: Duration::ZERO,
        }
    }
}

/// A body, made as it is sent: a long answer is never in memory as a whole.
pub(crate) type Events = Box<dyn Iterator<Item = Event> + Send + Sync>;
