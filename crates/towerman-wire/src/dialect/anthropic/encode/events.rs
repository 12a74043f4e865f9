//! What the events of a stream look like.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    dialect::anthropic::{
        shape::{Message, Said, Stop},
        usage::Told,
    },
    framing::emit,
};

/// An event of a stream. Its name is its type.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Event<'a> {
    Ping {},
    MessageStart { message: Message<'a> },
    ContentBlockStart { index: u32, content_block: Said<'a> },
    ContentBlockDelta { index: u32, delta: Change<'a> },
    ContentBlockStop { index: u32 },
    MessageDelta { delta: Stop<'a>, usage: Told },
    MessageStop {},
}

#[derive(Debug, Serialize)]
#[serde(tag = "type")]
pub(super) enum Change<'a> {
    #[serde(rename = "text_delta")]
    Text { text: &'a str },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: &'a str },
    #[serde(rename = "signature_delta")]
    Signature { signature: &'a str },
    #[serde(rename = "citations_delta")]
    Citation { citation: Cow<'a, RawValue> },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: &'a str },
}

// === impl Event ===

impl Event<'_> {
    const fn name(&self) -> &'static str {
        match self {
            Self::Ping {} => "ping",
            Self::MessageStart { .. } => "message_start",
            Self::ContentBlockStart { .. } => "content_block_start",
            Self::ContentBlockDelta { .. } => "content_block_delta",
            Self::ContentBlockStop { .. } => "content_block_stop",
            Self::MessageDelta { .. } => "message_delta",
            Self::MessageStop {} => "message_stop",
        }
    }
}

pub(super) fn emit(event: &Event<'_>, out: &mut Vec<u8>) {
    emit::event(Some(event.name()), event, out);
}
