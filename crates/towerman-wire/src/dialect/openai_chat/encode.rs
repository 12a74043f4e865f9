//! A stream for a client.

use serde::Serialize;
use towerman_core::{Finish, Usage};

use super::tell::{Annotation, Detail, Used, annotation, detail, reason};
use crate::{
    dialect::Encode,
    neutral::{Delta, Hearer, Opening, Place, Raw},
    sse,
};

#[derive(Debug, Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: &'a [Chosen<'a>],
    /// Absent if nobody asked for it, null in all but the last chunk if somebody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<Used>>,
}

#[derive(Debug, Serialize)]
struct Chosen<'a> {
    index: u32,
    delta: Change<'a>,
    logprobs: Option<Raw<'a>>,
    finish_reason: Option<&'static str>,
}

#[derive(Debug, Default, Serialize)]
struct Change<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_details: Option<[Detail; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<[Annotation; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[CallChange<'a>; 1]>,
}

#[derive(Debug, Serialize)]
struct CallChange<'a> {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<Function<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom: Option<Custom<'a>>,
}

#[derive(Debug, Serialize)]
struct Function<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}

#[derive(Debug, Serialize)]
struct Custom<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    input: &'a str,
}

/// The state of one stream.
#[derive(Debug)]
pub(super) struct Encoder {
    hearer: Hearer,
    id: String,
    model: String,
    created: u64,
    usage: Option<Usage>,
    parts: Vec<Part>,
}

/// A part that is open, or a call that was.
#[derive(Debug)]
struct Part {
    at: Place,
    is: Is,
    /// Of a call: something was said of its arguments.
    said: bool,
}

#[derive(Clone, Copy, Debug)]
enum Is {
    Text,
    Thought,
    Refusal,
    /// The nth of its choice.
    Call(usize),
    Custom(usize),
    Nothing,
}

impl Encoder {
    pub(super) const fn new(hearer: Hearer) -> Self {
        Self {
            id: String::new(),
            model: String::new(),
            created: hearer.created,
            usage: None,
            parts: Vec::new(),
            hearer,
        }
    }
}

impl Encode for Encoder {
    fn delta(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) {
        match delta {
            Delta::Begin { id, model, created } => {
                self.id = id.into_owned();
                self.model = if model.is_empty() {
                    self.hearer.model.clone()
                } else {
                    model.into_owned()
                };
                self.created = created.unwrap_or(self.created);
                let first = Change {
                    role: Some("assistant"),
                    content: Some(""),
                    ..Change::default()
                };
                self.tell(0, first, out);
            }
            Delta::Open { at, what } => self.open(at, what, out),
            Delta::More { at, text } => self.more(at, &text, out),
            Delta::Seal { at, seal } => {
                let change = Change {
                    reasoning_details: Some([detail(&seal)]),
                    ..Change::default()
                };
                self.tell(at.choice, change, out);
            }
            Delta::Cite { at, cite } => {
                if let Some(told) = annotation(&cite) {
                    let change = Change {
                        annotations: Some([told]),
                        ..Change::default()
                    };
                    self.tell(at.choice, change, out);
                }
            }
            Delta::Close { at } => self.close(at, out),
            Delta::Logprobs { choice, raw } => {
                self.chunk(choice, Change::default(), Some(raw), None, out);
            }
            Delta::Finish {
                choice,
                finish,
                explanation,
                ..
            } => {
                if let Some(why) = explanation.filter(|_| finish == Finish::ContentFilter) {
                    let change = Change {
                        refusal: Some(&why),
                        ..Change::default()
                    };
                    self.tell(choice, change, out);
                }
                self.chunk(choice, Change::default(), None, Some(reason(finish)), out);
            }
            Delta::Usage(usage) => self.usage = Some(usage),
            Delta::Ping => out.extend_from_slice(b": \n\n"),
            Delta::Fail(_) => {}
            Delta::End => self.end(out),
        }
    }
}

impl Encoder {
    fn open(&mut self, at: Place, what: Opening<'_>, out: &mut Vec<u8>) {
        let calls = |parts: &[Part]| {
            let all = parts.iter().filter(|part| part.at.choice == at.choice);
            all.filter(|part| matches!(part.is, Is::Call(_) | Is::Custom(_)))
                .count()
        };
        let is = match what {
            Opening::Text => Is::Text,
            Opening::Thought { .. } => Is::Thought,
            Opening::Refusal => Is::Refusal,
            Opening::Media(_) => Is::Nothing,
            Opening::Call { id, name, custom } => {
                let index = calls(&self.parts);
                let (function, free) = if custom {
                    let name = Some(&*name);
                    (None, Some(Custom { name, input: "" }))
                } else {
                    let name = Some(&*name);
                    let arguments = "";
                    (Some(Function { name, arguments }), None)
                };
                let change = CallChange {
                    index,
                    id: Some(&id),
                    kind: Some(if custom { "custom" } else { "function" }),
                    function,
                    custom: free,
                };
                self.call(at.choice, change, out);
                if custom {
                    Is::Custom(index)
                } else {
                    Is::Call(index)
                }
            }
        };
        self.parts.push(Part {
            at,
            is,
            said: false,
        });
    }

    fn more(&mut self, at: Place, text: &str, out: &mut Vec<u8>) {
        let Some(part) = self.parts.iter_mut().rfind(|part| part.at == at) else {
            return;
        };
        part.said = true;
        let mut change = Change::default();
        match part.is {
            Is::Text => change.content = Some(text),
            Is::Thought => change.reasoning_content = Some(text),
            Is::Refusal => change.refusal = Some(text),
            Is::Call(index) => return self.arguments(at.choice, index, text, out),
            Is::Custom(index) => {
                let more = CallChange {
                    index,
                    id: None,
                    kind: None,
                    function: None,
                    custom: Some(Custom {
                        name: None,
                        input: text,
                    }),
                };
                return self.call(at.choice, more, out);
            }
            Is::Nothing => return,
        }
        self.tell(at.choice, change, out);
    }

    fn close(&mut self, at: Place, out: &mut Vec<u8>) {
        let Some(found) = self.parts.iter().rposition(|part| part.at == at) else {
            return;
        };
        let Some(part) = self.parts.get(found) else {
            return;
        };
        match part.is {
            // Its index is still needed, to count by.
            Is::Call(index) => {
                if !part.said {
                    // No arguments are an empty object, which clients parse.
                    self.arguments(at.choice, index, "{}", out);
                }
            }
            Is::Custom(_) => {}
            _ => drop(self.parts.swap_remove(found)),
        }
    }

    fn end(&self, out: &mut Vec<u8>) {
        if self.hearer.include_usage {
            let usage = Some(self.usage.unwrap_or_default().into());
            self.emit(&[], Some(usage), out);
        }
        sse::frame(None, b"[DONE]", out);
    }

    fn arguments(&self, choice: u32, index: usize, arguments: &str, out: &mut Vec<u8>) {
        let function = Function {
            name: None,
            arguments,
        };
        let more = CallChange {
            index,
            id: None,
            kind: None,
            function: Some(function),
            custom: None,
        };
        self.call(choice, more, out);
    }

    fn call(&self, choice: u32, call: CallChange<'_>, out: &mut Vec<u8>) {
        let change = Change {
            tool_calls: Some([call]),
            ..Change::default()
        };
        self.tell(choice, change, out);
    }

    fn tell(&self, choice: u32, delta: Change<'_>, out: &mut Vec<u8>) {
        self.chunk(choice, delta, None, None, out);
    }

    fn chunk(
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
        self.emit(&[choice], self.hearer.include_usage.then_some(None), out);
    }

    fn emit(&self, choices: &[Chosen<'_>], usage: Option<Option<Used>>, out: &mut Vec<u8>) {
        let chunk = Chunk {
            id: &self.id,
            object: "chat.completion.chunk",
            created: self.created,
            model: &self.model,
            choices,
            usage,
        };
        // Writing plain shapes into memory cannot fail.
        if let Ok(data) = serde_json::to_vec(&chunk) {
            sse::frame(None, &data, out);
        }
    }
}
