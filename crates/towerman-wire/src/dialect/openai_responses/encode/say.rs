//! Says more of the item that is open, and ends it.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Encoder,
    told::{Item, Said, What, summary},
};
use crate::{
    dialect::node::{Node, Object},
    neutral::{Cite, Raw, json},
};

/// Log probabilities of OpenAI's chat dialect.
#[derive(Deserialize)]
struct Logprobs {
    content: Option<Vec<Box<RawValue>>>,
}

impl Encoder {
    pub(super) fn more(&mut self, text: &str, out: &mut Vec<u8>) {
        if !self.keep(text.len(), out) {
            return;
        }
        let Some(item) = &mut self.open else {
            return;
        };
        let mut begins = false;
        let kind = match &mut item.what {
            What::Message(all) => match all.last_mut() {
                Some(said) => {
                    said.text.push_str(text);
                    match said.refusal {
                        true => "response.refusal.delta",
                        false => "response.output_text.delta",
                    }
                }
                None => return,
            },
            What::Thought { texts, open, .. } => {
                begins = !*open;
                *open = true;
                match texts.last_mut() {
                    Some(last) if !begins => last.push_str(text),
                    _ => texts.push(text.to_owned()),
                }
                "response.reasoning_summary_text.delta"
            }
            What::Call { input, custom, .. } => {
                input.push_str(text);
                if *custom {
                    // They are told as a whole.
                    return;
                }
                "response.function_call_arguments.delta"
            }
        };
        if begins {
            let event = item.at().object().with("part", summary(""));
            self.sink
                .event("response.reasoning_summary_part.added", event, out);
        }
        self.sink.fragment(kind, item.at(), text, out);
    }

    pub(super) fn cite(&mut self, cite: Cite<'_>, out: &mut Vec<u8>) {
        if !self.keep(Said::size(&cite), out) {
            return;
        }
        let Some(item) = &mut self.open else {
            return;
        };
        let at = (item.id.clone(), item.index);
        let What::Message(all) = &mut item.what else {
            return;
        };
        let content = all.len().saturating_sub(1);
        let Some(said) = all.last_mut().filter(|said| !said.refusal) else {
            return;
        };
        if let Some((number, annotation)) = said.cite(cite.into_owned()) {
            let event = Object::default()
                .with("item_id", at.0)
                .with("output_index", u64::from(at.1))
                .with("content_index", content)
                .with("annotation_index", number)
                .with("annotation", annotation);
            self.sink
                .event("response.output_text.annotation.added", event, out);
        }
    }

    /// Takes in log probabilities as OpenAI's chat dialect tells them, for the text that is open,
    /// or the next one. They are told when it is done.
    pub(super) fn logprobs(&mut self, raw: Raw<'_>, out: &mut Vec<u8>) {
        if !self.keep(raw.get().len(), out) {
            return;
        }
        let told: Option<Logprobs> = serde_json::from_str(raw.get()).ok();
        let tokens = told.and_then(|told| told.content).unwrap_or_default();
        let tokens = tokens.into_iter().map(Cow::Owned);
        self.tokens.extend(tokens.map(Node::Made));
        if let Some(Item {
            what: What::Message(all),
            ..
        }) = &mut self.open
            && let Some(said) = all.last_mut().filter(|said| !said.refusal)
        {
            said.tokens.append(&mut self.tokens);
        }
    }

    /// A part is over; its item may go on.
    pub(super) fn close(&mut self, out: &mut Vec<u8>) {
        let Some(item) = &mut self.open else {
            return;
        };
        if let What::Thought { open, .. } = &mut item.what {
            // One that is nothing but its seal has no text to end.
            if !std::mem::take(open) {
                return;
            }
        }
        let at = item.at().object();
        match &item.what {
            What::Message(all) => {
                let Some(said) = all.last() else {
                    return;
                };
                let (kind, member) = match said.refusal {
                    true => ("response.refusal.done", "refusal"),
                    false => ("response.output_text.done", "text"),
                };
                let mut event = at.with(member, &*said.text);
                if !said.refusal {
                    event.put("logprobs", said.tokens.clone());
                }
                self.sink.event(kind, event, out);
                self.part("response.content_part.done", out);
            }
            What::Thought { texts, .. } => {
                let text = texts.last().map_or("", |text| text);
                let done = at.clone().with("text", text);
                self.sink
                    .event("response.reasoning_summary_text.done", done, out);
                let done = at.with("part", summary(text));
                self.sink
                    .event("response.reasoning_summary_part.done", done, out);
            }
            What::Call {
                name,
                input,
                custom,
                ..
            } => {
                let event = at.with("name", &**name);
                match custom {
                    true => {
                        let event = event.with("input", &**input);
                        self.sink
                            .event("response.custom_tool_call_input.done", event, out);
                    }
                    false => {
                        let event = event.with("arguments", &**input);
                        self.sink
                            .event("response.function_call_arguments.done", event, out);
                    }
                }
                self.end(out);
            }
        }
    }

    /// Tells the last part of the open message, as far as it has come.
    pub(super) fn part(&mut self, kind: &'static str, out: &mut Vec<u8>) {
        if let Some(item) = &self.open
            && let What::Message(all) = &item.what
            && let Some(said) = all.last()
        {
            let event = item.at().object().with("part", said.object());
            self.sink.event(kind, event, out);
        }
    }

    /// The open item is over.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        let Some(item) = self.open.take() else {
            return;
        };
        let cut = match &item.what {
            What::Message(_) => self.response.status() == "incomplete",
            What::Thought { .. } => false,
            What::Call { input, custom, .. } => {
                !custom && json::object(input.as_str().into()).is_none()
            }
        };
        let object = item.object(if cut { "incomplete" } else { "completed" });
        // Writing plain shapes into memory cannot fail.
        if let Ok(text) = serde_json::to_string(&object) {
            let output = &mut self.response.output;
            if !output.is_empty() {
                output.push(',');
            }
            output.push_str(&text);
        }
        let event = Object::default()
            .with("output_index", u64::from(item.index))
            .with("item", object);
        self.sink.event("response.output_item.done", event, out);
    }
}
