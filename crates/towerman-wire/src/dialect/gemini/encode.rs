//! A stream for a client.

use std::borrow::Cow;

use serde::Serialize;
use towerman_core::{Finish, Usage};

use super::{
    cite,
    tell::{called, content, counts, finished, media, sealed},
};
use crate::{
    dialect::{
        Encode,
        node::{Node, Object},
    },
    framing::emit,
    neutral::{Call, Cite, Delta, Hearer, Input, Opening, Seal, Text},
};

/// Writes each piece as a chunk of its own; the last one says how it ended.
///
/// A call is one chunk: its input is kept until it is whole. So are sources until the end, where
/// Gemini tells them.
#[derive(Debug)]
pub(super) struct Encoder {
    model: String,
    id: String,
    open: Open,
    cites: Vec<Cite<'static>>,
    finish: Option<(Finish, Option<String>)>,
    usage: Option<Usage>,
}

#[derive(Debug)]
enum Open {
    Nothing,
    Text,
    /// Whether it has a text.
    Thought(bool),
    Call {
        id: String,
        name: String,
        input: String,
        seal: Option<Seal<'static>>,
    },
}

/// A piece of text, as there are many.
#[derive(Serialize)]
struct Told<'a> {
    candidates: [Candidate<'a>; 1],
    #[serde(rename = "modelVersion")]
    model: &'a str,
    #[serde(rename = "responseId", skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
}

#[derive(Serialize)]
struct Candidate<'a> {
    content: Content<'a>,
    index: u32,
}

#[derive(Serialize)]
struct Content<'a> {
    parts: [Words<'a>; 1],
    role: &'static str,
}

#[derive(Serialize)]
struct Words<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    thought: bool,
}

impl Encoder {
    pub(super) fn new(hearer: Hearer) -> Self {
        Self {
            model: hearer.model,
            id: String::new(),
            open: Open::Nothing,
            cites: Vec::new(),
            finish: None,
            usage: None,
        }
    }

    fn part(&self, part: Object<'_>, out: &mut Vec<u8>) {
        let candidate = Object::default()
            .with("content", content(vec![part.into()]))
            .with("index", 0_u64);
        self.chunk(candidate, None, out);
    }

    fn chunk(&self, candidate: Object<'_>, usage: Option<Usage>, out: &mut Vec<u8>) {
        let mut chunk = Object::default().with("candidates", vec![Node::Object(candidate)]);
        chunk.maybe("usageMetadata", usage.map(counts));
        chunk.put("modelVersion", &*self.model);
        if !self.id.is_empty() {
            chunk.put("responseId", &*self.id);
        }
        emit::event(None, &chunk, out);
    }

    fn open(&mut self, what: Opening<'_>, out: &mut Vec<u8>) {
        self.open = match what {
            Opening::Text | Opening::Refusal => Open::Text,
            Opening::Thought { .. } => Open::Thought(false),
            Opening::Call { id, name, seal, .. } => Open::Call {
                id: id.into_owned(),
                name: name.into_owned(),
                input: String::new(),
                seal: seal.map(Seal::into_owned),
            },
            Opening::Media(said) => {
                if let Some(part) = media(said) {
                    self.part(part, out);
                }
                Open::Nothing
            }
        };
    }

    fn more(&mut self, text: &str, out: &mut Vec<u8>) {
        let thought = match &mut self.open {
            Open::Nothing => return,
            Open::Text => false,
            Open::Thought(said) => {
                *said = true;
                true
            }
            Open::Call { input, .. } => return input.push_str(text),
        };
        let parts = [Words { text, thought }];
        let content = Content {
            parts,
            role: "model",
        };
        let told = Told {
            candidates: [Candidate { content, index: 0 }],
            model: &self.model,
            id: Some(&*self.id).filter(|id| !id.is_empty()),
        };
        emit::event(None, &told, out);
    }

    fn seal(&mut self, said: Seal<'_>, out: &mut Vec<u8>) {
        match &mut self.open {
            Open::Call { seal, .. } => *seal = Some(said.into_owned()),
            Open::Thought(has_text) => {
                let has_text = *has_text;
                self.part(sealed(&said, has_text), out);
            }
            Open::Nothing | Open::Text => {}
        }
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if let Open::Call {
            id,
            name,
            input,
            seal,
        } = std::mem::replace(&mut self.open, Open::Nothing)
        {
            // One that was cut by the limit is none.
            let call = called(Call {
                id: id.into(),
                name: Text::Said(name.into()),
                input: Input::Spelt(input.into()),
                custom: false,
                seal,
            });
            if let Some(call) = call {
                self.part(call, out);
            }
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let Some((finish, explanation)) = self.finish.take() else {
            return;
        };
        let empty = Object::default().with("text", "");
        let mut candidate = Object::default().with("content", content(vec![empty.into()]));
        finished(&mut candidate, finish, explanation.map(Cow::Owned));
        candidate.maybe(
            "groundingMetadata",
            cite::write(std::mem::take(&mut self.cites)),
        );
        candidate.put("index", 0_u64);
        self.chunk(candidate, self.usage, out);
    }
}

impl Encode for Encoder {
    fn delta(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) {
        match delta {
            Delta::Begin { id, model, .. } => {
                self.id = id.into_owned();
                if !model.is_empty() {
                    self.model = model.into_owned();
                }
            }
            Delta::Open { what, .. } => self.open(what, out),
            Delta::More { text, .. } => self.more(&text, out),
            Delta::Seal { seal, .. } => self.seal(seal, out),
            Delta::Cite { cite, .. } => self.cites.push(cite.into_owned()),
            Delta::Close { .. } => self.close(out),
            Delta::Finish {
                finish,
                explanation,
                ..
            } => {
                let explanation = explanation.map(Cow::into_owned);
                self.finish.get_or_insert((finish, explanation));
            }
            Delta::Usage(usage) => self.usage = Some(usage),
            Delta::End => self.end(out),
            Delta::Logprobs { .. } | Delta::Ping | Delta::Fail(_) => {}
        }
    }
}
