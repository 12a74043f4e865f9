//! Everything a dialect needs to put an answer on the wire.

use std::time::Duration;

use bytes::Bytes;

use crate::{
    answer::Answer,
    ask::Thoughts,
    hash,
    object::Raw,
    usage::Usage,
    wire::{Form, Operation},
};

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
    pub(crate) operation: Operation,
    pub(crate) form: Form,
    /// Thoughts are shown.
    pub(crate) thoughts: Thoughts,
    /// The signature of what it thought, where a dialect has one; only a model that thinks signs.
    pub(crate) seal: Option<String>,
    /// Members of the request that the answer repeats.
    pub(crate) echo: Vec<(&'static str, Raw)>,
}

impl Reply {
    /// The tail of the id of a tool call.
    pub(crate) fn call_id(&self, choice: u64, call: usize) -> String {
        hash::letters(hash::mix(self.seed, (choice << 32) + call as u64), 24)
    }

    /// What the model thought, if the client is to see it.
    pub(crate) fn shown(&self) -> Option<&str> {
        let thought = self.answer.thought.as_deref();
        thought.filter(|_| self.thoughts == Thoughts::Shown)
    }

    /// The tokens of thoughts that the client is not to see.
    pub(crate) fn hidden(&self) -> u64 {
        match self.shown() {
            Some(_) => 0,
            None => self.answer.reasoning(),
        }
    }
}

/// One piece of a body: an event of a stream, or a part of a JSON text.
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
