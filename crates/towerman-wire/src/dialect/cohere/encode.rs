//! A stream for a client.

use serde::Serialize;
use towerman_core::{Finish, Usage};

use super::{
    cite,
    tell::{called, reason, usage},
};
use crate::{
    dialect::{
        Encode,
        node::{Node, Object},
    },
    framing::emit,
    neutral::{Delta, Opening, Text},
    sse,
};

/// The state of one stream: numbers, and how it ends.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    open: Open,
    content: u32,
    calls: u32,
    citations: u32,
    /// Something was said, or called.
    said: bool,
    finish: Option<Finish>,
    met: bool,
    explanation: Option<String>,
    usage: Option<Usage>,
}

/// The part that is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Open {
    #[default]
    Nothing,
    Text(u32),
    Thought(u32),
    /// Its number, and whether any of its arguments were told.
    Call(u32, bool),
}

impl Encode for Encoder {
    fn delta(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) {
        match delta {
            Delta::Begin { id, .. } => {
                let none = Vec::<Node<'_>>::new;
                let message = Object::default()
                    .with("role", "assistant")
                    .with("content", none())
                    .with("tool_plan", "")
                    .with("tool_calls", none())
                    .with("citations", none());
                let event = Object::default()
                    .with("id", id)
                    .with("type", "message-start")
                    .with("delta", Object::default().with("message", message));
                emit::event(Some("message-start"), &event, out);
            }
            Delta::Open { what, .. } => self.begin(what, out),
            Delta::More { text, .. } => self.more(&text, out),
            Delta::Cite { cite, .. } => {
                if let Open::Text(index) = self.open
                    && let Some(told) = cite::told(cite, index, None)
                {
                    let number = self.citations;
                    self.citations += 1;
                    let message = Object::default().with("citations", told);
                    event("citation-start", number, Some(message), out);
                    event("citation-end", number, None, out);
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
            Delta::Usage(usage) => self.usage = Some(usage),
            Delta::End => self.stop(out),
            Delta::Seal { .. } | Delta::Logprobs { .. } | Delta::Ping | Delta::Fail(_) => {}
        }
    }
}

impl Encoder {
    fn begin(&mut self, what: Opening<'_>, out: &mut Vec<u8>) {
        self.open = match what {
            Opening::Text | Opening::Refusal => {
                self.said = true;
                Open::Text(self.content)
            }
            Opening::Thought { .. } => Open::Thought(self.content),
            Opening::Call { id, name, .. } => {
                let number = self.calls;
                (self.calls, self.said) = (number + 1, true);
                let call = called(id, Text::Said(name), "".into());
                let message = Object::default().with("tool_calls", call);
                event("tool-call-start", number, Some(message), out);
                Open::Call(number, false)
            }
            // Its answers are words.
            Opening::Media(_) => Open::Nothing,
        };
        let (Open::Text(index) | Open::Thought(index)) = self.open else {
            return;
        };
        self.content += 1;
        let kind = match self.open {
            Open::Thought(_) => "thinking",
            _ => "text",
        };
        let content = Object::new(kind).with(kind, "");
        let message = Object::default().with("content", content);
        event("content-start", index, Some(message), out);
    }

    fn more(&mut self, text: &str, out: &mut Vec<u8>) {
        let content = |index, words, out: &mut Vec<u8>| {
            piece("content-delta", index, Said::Content(words), out);
        };
        match &mut self.open {
            Open::Text(index) => content(*index, Words::Text(text), out),
            Open::Thought(index) => content(*index, Words::Thought(text), out),
            Open::Call(number, said) => {
                *said = true;
                argue(*number, text, out);
            }
            Open::Nothing => {}
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        match std::mem::take(&mut self.open) {
            Open::Text(index) | Open::Thought(index) => event("content-end", index, None, out),
            Open::Call(number, said) => {
                if !said {
                    // Who puts arguments together wants an object of them.
                    argue(number, "{}", out);
                }
                event("tool-call-end", number, None, out);
            }
            Open::Nothing => {}
        }
    }

    fn stop(&mut self, out: &mut Vec<u8>) {
        if let Some(why) = self.explanation.take().filter(|_| !self.said) {
            self.begin(Opening::Text, out);
            self.more(&why, out);
            self.end(out);
        }
        let finish = self.finish.unwrap_or(Finish::Other);
        let mut delta = Object::default().with("finish_reason", reason(finish, self.met));
        delta.maybe("usage", self.usage.map(usage));
        let event = Object::new("message-end").with("delta", delta);
        emit::event(Some("message-end"), &event, out);
        sse::frame(None, b"[DONE]", out);
    }
}

fn argue(number: u32, text: &str, out: &mut Vec<u8>) {
    let function = Function { arguments: text };
    piece("tool-call-delta", number, Said::Call { function }, out);
}

fn event(kind: &'static str, index: u32, message: Option<Object<'_>>, out: &mut Vec<u8>) {
    let mut event = Object::new(kind).with("index", u64::from(index));
    event.maybe(
        "delta",
        message.map(|message| Object::default().with("message", message)),
    );
    emit::event(Some(kind), &event, out);
}

/// A piece of what is said, as there are many.
#[derive(Serialize)]
struct Piece<'a> {
    r#type: &'static str,
    index: u32,
    delta: Told<'a>,
}

#[derive(Serialize)]
struct Told<'a> {
    message: Said<'a>,
}

#[derive(Serialize)]
enum Said<'a> {
    #[serde(rename = "content")]
    Content(Words<'a>),
    #[serde(rename = "tool_calls")]
    Call { function: Function<'a> },
}

#[derive(Serialize)]
enum Words<'a> {
    #[serde(rename = "text")]
    Text(&'a str),
    #[serde(rename = "thinking")]
    Thought(&'a str),
}

#[derive(Serialize)]
struct Function<'a> {
    arguments: &'a str,
}

fn piece(kind: &'static str, index: u32, message: Said<'_>, out: &mut Vec<u8>) {
    let piece = Piece {
        r#type: kind,
        index,
        delta: Told { message },
    };
    emit::event(Some(kind), &piece, out);
}
