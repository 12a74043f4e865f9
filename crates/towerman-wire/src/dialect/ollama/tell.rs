//! Answers for a client: whole, and line by line.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Serialize;
use towerman_core::{Fault, Finish, Usage};

use super::time;
use crate::{
    dialect::{
        Encode, empty_object,
        node::{Node, Object},
        write,
    },
    framing::emit,
    neutral::{Answer, Delta, Hearer, Input, Kind, Opening, Source, Text, Thought, json},
    translate::trouble,
};

/// A whole answer. Where there are several, the first is told.
pub(super) fn answer(answer: Answer<'_>, hearer: &Hearer) -> Result<Bytes, Fault> {
    let mut choices = answer.choices.into_iter();
    let choice = choices.next().unwrap_or_default();
    let (mut text, mut thinking) = (String::new(), String::new());
    let (mut calls, mut images) = (Vec::new(), Vec::new());
    for part in choice.parts {
        match part.kind {
            Kind::Text { text: said, .. } | Kind::Refusal(said) => text.push_str(&said.say()),
            Kind::Thought(Thought { text: said, .. }) => {
                thinking.push_str(&said.map(Text::say).unwrap_or_default());
            }
            Kind::Call(call) => {
                let input = match call.input {
                    Input::Object(raw) => raw.get().to_owned(),
                    Input::Spelt(said) => said.into_owned(),
                };
                match called(&call.name.say(), &input) {
                    Some(call) => calls.push(call),
                    // A call that ran into the limit is none.
                    None if choice.finish == Finish::Length => {}
                    None => return Err(trouble::nonsense()),
                }
            }
            Kind::Media(media) => {
                if let Source::Base64 { data, .. } = media.source {
                    images.push(Node::from(data));
                }
            }
            Kind::Result(_) | Kind::Foreign { .. } => {}
        }
    }
    if let Some(why) = choice.explanation.filter(|_| text.is_empty()) {
        text.push_str(&why);
    }
    let mut message = Object::default()
        .with("role", "assistant")
        .with("content", text);
    if !thinking.is_empty() {
        message.put("thinking", thinking);
    }
    if !images.is_empty() {
        message.put("images", images);
    }
    if !calls.is_empty() {
        message.put("tool_calls", calls);
    }
    let created = answer.created.unwrap_or(hearer.created);
    let model = named(&answer.model, hearer);
    let mut line = head(model, time::written(created)).with("message", message);
    last(&mut line, choice.finish, answer.usage);
    write(&line)
}

fn named<'a>(model: &'a str, hearer: &'a Hearer) -> &'a str {
    if model.is_empty() {
        &hearer.model
    } else {
        model
    }
}

fn head<'a>(model: &'a str, created_at: impl Into<Node<'a>>) -> Object<'a> {
    Object::default()
        .with("model", model)
        .with("created_at", created_at)
}

/// What the last line says.
fn last(line: &mut Object<'_>, finish: Finish, usage: Option<Usage>) {
    let usage = usage.unwrap_or_default();
    line.put("done", true);
    let reason = if finish == Finish::Length {
        "length"
    } else {
        "stop"
    };
    line.put("done_reason", reason);
    line.put("prompt_eval_count", usage.prompt());
    line.put("eval_count", usage.output);
}

/// Nothing if its input was cut.
fn called(name: &str, input: &str) -> Option<Node<'static>> {
    let input = if input.trim().is_empty() {
        empty_object()
    } else {
        json::object(Cow::Borrowed(input))?
    };
    let function = Object::default().with("name", name.to_owned()).with(
        "arguments",
        Cow::<serde_json::value::RawValue>::Owned(input),
    );
    Some(Object::default().with("function", function).into())
}

/// The state of one stream.
#[derive(Debug)]
pub(super) struct Encoder {
    hearer: Hearer,
    model: String,
    created_at: String,
    open: Open,
    /// Some text was said.
    said: bool,
    finish: Finish,
    usage: Option<Usage>,
}

/// The part that is open. A call is told whole.
#[derive(Debug)]
enum Open {
    Nothing,
    Text,
    Thought,
    Call { name: String, input: String },
}

/// A line that says a word, as there are many.
#[derive(Serialize)]
struct Line<'a> {
    model: &'a str,
    created_at: &'a str,
    message: Words<'a>,
    done: bool,
}

#[derive(Serialize)]
struct Words<'a> {
    role: &'static str,
    content: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<&'a str>,
}

impl Encoder {
    pub(super) fn new(hearer: Hearer) -> Self {
        Self {
            created_at: time::written(hearer.created),
            hearer,
            model: String::new(),
            open: Open::Nothing,
            said: false,
            finish: Finish::Stop,
            usage: None,
        }
    }

    fn words(&self, content: &str, thinking: Option<&str>, out: &mut Vec<u8>) {
        let line = Line {
            model: &self.model,
            created_at: &self.created_at,
            message: Words {
                role: "assistant",
                content,
                thinking,
            },
            done: false,
        };
        emit::line(&line, out);
    }

    fn line(&self, message: Object<'_>, out: &mut Vec<u8>) {
        let message = Object::default().with("role", "assistant").joined(message);
        let line = head(&self.model, &*self.created_at)
            .with("message", message)
            .with("done", false);
        emit::line(&line, out);
    }
}

impl Encode for Encoder {
    fn delta(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) {
        match delta {
            Delta::Begin { model, created, .. } => {
                named(&model, &self.hearer).clone_into(&mut self.model);
                self.created_at = time::written(created.unwrap_or(self.hearer.created));
            }
            Delta::Open { what, .. } => {
                self.open = match what {
                    Opening::Text | Opening::Refusal => Open::Text,
                    Opening::Thought { .. } => Open::Thought,
                    Opening::Call { name, .. } => Open::Call {
                        name: name.into_owned(),
                        input: String::new(),
                    },
                    Opening::Media(media) => {
                        if let Source::Base64 { data, .. } = media.source {
                            let images: Vec<Node<'_>> = vec![data.into()];
                            let message = Object::default().with("content", "");
                            self.line(message.with("images", images), out);
                        }
                        Open::Nothing
                    }
                };
            }
            Delta::More { text, .. } => match &mut self.open {
                Open::Text => {
                    self.said = true;
                    self.words(&text, None, out);
                }
                Open::Thought => self.words("", Some(&text), out),
                Open::Call { input, .. } => input.push_str(&text),
                Open::Nothing => {}
            },
            Delta::Close { .. } => {
                if let Open::Call { name, input } = std::mem::replace(&mut self.open, Open::Nothing)
                    && let Some(call) = called(&name, &input)
                {
                    let message = Object::default().with("content", "");
                    self.line(message.with("tool_calls", vec![call]), out);
                }
            }
            Delta::Finish {
                finish,
                explanation,
                ..
            } => {
                // Why there is no answer is all that there is to say.
                if let Some(why) = explanation.filter(|_| !self.said) {
                    self.words(&why, None, out);
                }
                self.finish = finish;
            }
            Delta::Usage(usage) => self.usage = Some(usage),
            Delta::End => {
                let message = Object::default()
                    .with("role", "assistant")
                    .with("content", "");
                let mut line = head(&self.model, &*self.created_at).with("message", message);
                last(&mut line, self.finish, self.usage);
                emit::line(&line, out);
            }
            Delta::Seal { .. }
            | Delta::Cite { .. }
            | Delta::Logprobs { .. }
            | Delta::Ping
            | Delta::Fail(_) => {}
        }
    }
}
