//! A stream for a client.

use serde::Serialize;
use towerman_core::{Finish, Usage};

use super::{
    cite,
    tell::{is_redacted, metrics, picture, reason, usage},
};
use crate::{
    dialect::{
        Encode,
        node::{Node, Object},
    },
    framing::emit,
    neutral::{Delta, Maker, Opening},
};

/// The state of one stream: numbers, and how it ends.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    open: Open,
    blocks: u64,
    finish: Option<Finish>,
    met: bool,
    explanation: Option<String>,
    usage: Usage,
}

/// A piece of a block, as there are many.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(rename = "contentBlockIndex")]
    index: u64,
    delta: Piece<'a>,
}

#[derive(Serialize)]
enum Piece<'a> {
    #[serde(rename = "text")]
    Text(&'a str),
    #[serde(rename = "reasoningContent")]
    Thought(Thought<'a>),
    #[serde(rename = "toolUse")]
    Call { input: &'a str },
    #[serde(rename = "citation")]
    Citation(Node<'a>),
}

#[derive(Serialize)]
enum Thought<'a> {
    #[serde(rename = "text")]
    Text(&'a str),
    #[serde(rename = "signature")]
    Signature(&'a str),
    #[serde(rename = "redactedContent")]
    Redacted(&'a str),
}

/// The part that is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Open {
    #[default]
    Nothing,
    Text,
    Thought,
    /// And whether any of its input was told.
    Call(bool),
}

impl Encode for Encoder {
    fn delta(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) {
        match delta {
            Delta::Begin { .. } => {
                let start = Object::default().with("role", "assistant");
                emit::frame("messageStart", &start, out);
            }
            Delta::Open { what, .. } => self.begin(what, out),
            Delta::More { text, .. } => self.more(&text, out),
            Delta::Seal { seal, .. } => {
                if self.open == Open::Thought {
                    let told = seal.told(Maker::Anthropic);
                    let piece = match is_redacted(&seal) {
                        true => Thought::Redacted(&told),
                        false => Thought::Signature(&told),
                    };
                    self.told(Piece::Thought(piece), out);
                }
            }
            Delta::Close { .. } => self.end(out),
            Delta::Finish {
                finish,
                sequence,
                explanation,
                ..
            } => {
                self.finish = Some(finish);
                self.met = sequence.is_some();
                self.explanation = explanation.map(std::borrow::Cow::into_owned);
            }
            Delta::Usage(usage) => self.usage = usage,
            Delta::End => self.stop(out),
            Delta::Cite { cite, .. } => {
                if let Some(cite) = (self.open == Open::Text)
                    .then(|| cite::told(cite))
                    .flatten()
                {
                    self.told(Piece::Citation(cite), out);
                }
            }
            Delta::Logprobs { .. } | Delta::Ping | Delta::Fail(_) => {}
        }
    }
}

impl Encoder {
    fn begin(&mut self, what: Opening<'_>, out: &mut Vec<u8>) {
        let start = |block: Object<'_>, index: u64, out: &mut Vec<u8>| {
            let event = Object::default()
                .with("contentBlockIndex", index)
                .with("start", block);
            emit::frame("contentBlockStart", &event, out);
        };
        self.open = match what {
            // A block of words has no start.
            Opening::Text | Opening::Refusal => Open::Text,
            Opening::Thought { .. } => Open::Thought,
            Opening::Call { id, name, .. } => {
                let said = Object::default().with("toolUseId", id).with("name", name);
                start(Object::default().with("toolUse", said), self.blocks, out);
                Open::Call(false)
            }
            Opening::Media(media) => {
                // Where it starts there is no place for more than its format.
                if let Some((format, source)) = picture(media) {
                    let format = Object::default().with("format", format);
                    start(Object::default().with("image", format), self.blocks, out);
                    let source = Object::default().with("source", source);
                    let event = Object::default()
                        .with("contentBlockIndex", self.blocks)
                        .with("delta", Object::default().with("image", source));
                    emit::frame("contentBlockDelta", &event, out);
                    self.close(out);
                }
                Open::Nothing
            }
        };
    }

    fn more(&mut self, text: &str, out: &mut Vec<u8>) {
        let piece = match self.open {
            Open::Text => Piece::Text(text),
            Open::Thought => Piece::Thought(Thought::Text(text)),
            Open::Call(_) => {
                self.open = Open::Call(true);
                Piece::Call { input: text }
            }
            Open::Nothing => return,
        };
        self.told(piece, out);
    }

    fn told(&self, delta: Piece<'_>, out: &mut Vec<u8>) {
        let told = Told {
            index: self.blocks,
            delta,
        };
        emit::frame("contentBlockDelta", &told, out);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if self.open == Open::Call(false) {
            // Who puts its input together wants an object of it.
            self.more("{}", out);
        }
        if std::mem::take(&mut self.open) != Open::Nothing {
            self.close(out);
        }
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        let event = Object::default().with("contentBlockIndex", self.blocks);
        emit::frame("contentBlockStop", &event, out);
        self.blocks += 1;
    }

    fn stop(&mut self, out: &mut Vec<u8>) {
        if let Some(why) = self.explanation.take().filter(|_| self.blocks == 0) {
            self.begin(Opening::Text, out);
            self.more(&why, out);
            self.end(out);
        }
        let finish = self.finish.unwrap_or(Finish::Other);
        let event = Object::default().with("stopReason", reason(finish, self.met));
        emit::frame("messageStop", &event, out);
        let event = Object::default()
            .with("usage", usage(self.usage))
            .with("metrics", metrics());
        emit::frame("metadata", &event, out);
    }
}
