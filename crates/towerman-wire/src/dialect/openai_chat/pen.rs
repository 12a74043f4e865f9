//! Puts chunks of a stream on the wire.

use super::{
    frame::{CallChange, Change, Chosen, Chunk, Function},
    heard::Used,
};
use crate::{framing::emit, neutral::Raw};

/// What every chunk says.
#[derive(Debug, Default)]
pub(super) struct Pen {
    pub(super) id: String,
    pub(super) model: String,
    pub(super) created: u64,
    /// Every chunk speaks of usage, and the last one tells it.
    pub(super) usage: bool,
}

impl Pen {
    pub(super) fn arguments(&self, choice: u32, index: usize, arguments: &str, out: &mut Vec<u8>) {
        let function = Function {
            name: None,
            arguments,
        };
        let more = CallChange {
            index,
            function: Some(function),
            ..CallChange::default()
        };
        self.call(choice, more, out);
    }

    pub(super) fn call(&self, choice: u32, call: CallChange<'_>, out: &mut Vec<u8>) {
        let change = Change {
            tool_calls: Some([call]),
            ..Change::default()
        };
        self.tell(choice, change, out);
    }

    pub(super) fn tell(&self, choice: u32, delta: Change<'_>, out: &mut Vec<u8>) {
        self.chunk(choice, delta, None, None, out);
    }

    pub(super) fn chunk(
        &self,
        index: u32,
        delta: Change<'_>,
        logprobs: Option<Raw<'_>>,
        finish_reason: Option<&'static str>,
        out: &mut Vec<u8>,
    ) {
        let choice = Chosen {
            index,
            delta,
            logprobs,
            finish_reason,
        };
        self.emit(&[choice], self.usage.then_some(None), out);
    }

    pub(super) fn emit(
        &self,
        choices: &[Chosen<'_>],
        usage: Option<Option<Used>>,
        out: &mut Vec<u8>,
    ) {
        let chunk = Chunk {
            id: &self.id,
            object: "chat.completion.chunk",
            created: self.created,
            model: &self.model,
            choices,
            usage,
        };
        emit::event(None, &chunk, out);
    }
}
