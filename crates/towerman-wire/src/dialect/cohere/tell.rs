//! A whole answer for a client.

use std::borrow::Cow;

use bytes::Bytes;
use towerman_core::{Fault, Finish, Usage};

use super::cite;
use crate::{
    dialect::{
        node::{Node, Object},
        write,
    },
    neutral::{Answer, Call, Choice, Input, Kind, Part, Text, Thought},
};

/// What a message says.
#[derive(Debug, Default)]
struct Said<'a> {
    content: Vec<Node<'a>>,
    calls: Vec<Node<'a>>,
    citations: Vec<Node<'a>>,
    /// There is a text among the content.
    text: bool,
}

/// A whole answer. Where there are several, the first is told.
pub(super) fn answer(answer: Answer<'_>) -> Result<Bytes, Fault> {
    let choice = answer.choices.into_iter().next().unwrap_or_default();
    let Choice {
        parts,
        finish,
        sequence,
        explanation,
        ..
    } = choice;
    let mut said = Said::default();
    for part in parts {
        said.take(part);
    }
    if let Some(why) = explanation.filter(|_| !said.text) {
        said.text(Text::Said(why));
    }
    let mut message = Object::default().with("role", "assistant");
    if !said.content.is_empty() || said.calls.is_empty() {
        message.put("content", said.content);
    }
    if !said.calls.is_empty() {
        message.put("tool_calls", said.calls);
    }
    if !said.citations.is_empty() {
        message.put("citations", said.citations);
    }
    let mut body = Object::default()
        .with("id", answer.id)
        .with("message", message)
        .with("finish_reason", reason(finish, sequence.is_some()));
    body.maybe("usage", answer.usage.map(usage));
    write(&body)
}

/// Why it stopped. A filter is no reason of theirs; that something went wrong is.
pub(super) const fn reason(finish: Finish, met: bool) -> &'static str {
    match finish {
        Finish::Length => "MAX_TOKENS",
        Finish::ToolCalls => "TOOL_CALL",
        Finish::ContentFilter => "ERROR",
        _ if met => "STOP_SEQUENCE",
        _ => "COMPLETE",
    }
}

/// What was used, and what of it is charged in full.
pub(super) fn usage(usage: Usage) -> Object<'static> {
    let billed = Object::default()
        .with("input_tokens", usage.prompt() - usage.cache_read)
        .with("output_tokens", usage.output);
    let mut tokens = Object::default()
        .with("input_tokens", usage.prompt())
        .with("output_tokens", usage.output);
    if usage.reasoning > 0 {
        tokens.put("reasoning_tokens", usage.reasoning);
    }
    Object::default()
        .with("billed_units", billed)
        .with("tokens", tokens)
        .with("cached_tokens", usage.cache_read)
}

/// A call; its arguments are a string.
pub(super) fn called<'a>(id: Cow<'a, str>, name: Text<'a>, arguments: Cow<'a, str>) -> Object<'a> {
    let function = Object::default()
        .with("name", name)
        .with("arguments", arguments);
    Object::default()
        .with("id", id)
        .with("type", "function")
        .with("function", function)
}

impl<'a> Said<'a> {
    fn take(&mut self, part: Part<'a>) {
        match part.kind {
            Kind::Text { text, cites } => {
                let index = u32::try_from(self.content.len()).unwrap_or(u32::MAX);
                if !cites.is_empty() {
                    let words = text.clone().say();
                    let cites = cites.into_iter();
                    let told = cites.filter_map(|cite| cite::told(cite, index, Some(&words)));
                    self.citations.extend(told);
                }
                self.text(text);
            }
            Kind::Refusal(text) => self.text(text),
            Kind::Thought(Thought { text, .. }) => {
                if let Some(text) = text.filter(|text| !text.is_empty()) {
                    let thought = Object::new("thinking").with("thinking", text);
                    self.content.push(thought.into());
                }
            }
            Kind::Call(call) => self.call(call),
            // Its answers are words.
            Kind::Media(_) | Kind::Result(_) | Kind::Foreign { .. } => {}
        }
    }

    fn text(&mut self, text: Text<'a>) {
        self.text = true;
        let piece = Object::new("text").with("text", text);
        self.content.push(piece.into());
    }

    fn call(&mut self, call: Call<'a>) {
        let arguments = match call.input {
            Input::Object(raw) => raw.get().to_owned().into(),
            Input::Spelt(text) if text.trim().is_empty() => Cow::Borrowed("{}"),
            Input::Spelt(text) => text,
        };
        let told = called(call.id, call.name, arguments);
        self.calls.push(told.into());
    }
}
