//! Writes a stream.

use serde::Serialize;
use towerman_core::Usage;

use super::answer::{counts, id, reason};
use crate::{
    dialect::{Encode, node::Object},
    framing::emit,
    neutral::{Delta, Hearer, Opening, Place, Raw},
    sse,
};

#[derive(Debug)]
pub(super) struct Encoder {
    hearer: Hearer,
    id: String,
    model: String,
    created: u64,
    /// The texts that are open.
    open: Vec<Place>,
    usage: Option<Usage>,
}

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: &'a [Choice<'a>],
    /// Absent where nobody asked; null until it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<Object<'a>>>,
}

#[derive(Serialize)]
struct Choice<'a> {
    text: &'a str,
    index: u32,
    logprobs: Option<Raw<'a>>,
    finish_reason: Option<&'static str>,
}

impl Encoder {
    pub(super) const fn new(hearer: Hearer) -> Self {
        Self {
            hearer,
            id: String::new(),
            model: String::new(),
            created: 0,
            open: Vec::new(),
            usage: None,
        }
    }

    fn choice(
        &self,
        index: u32,
        text: &str,
        logprobs: Option<Raw<'_>>,
        finish: Option<&'static str>,
        out: &mut Vec<u8>,
    ) {
        let choice = Choice {
            text,
            index,
            logprobs,
            finish_reason: finish,
        };
        let usage = self.hearer.include_usage.then_some(None);
        self.chunk(&[choice], usage, out);
    }

    fn chunk(&self, choices: &[Choice<'_>], usage: Option<Option<Object<'_>>>, out: &mut Vec<u8>) {
        let chunk = Chunk {
            id: &self.id,
            object: "text_completion",
            created: self.created,
            model: &self.model,
            choices,
            usage,
        };
        emit::event(None, &chunk, out);
    }
}

impl Encode for Encoder {
    fn delta(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) {
        match delta {
            Delta::Begin {
                id: told,
                model,
                created,
            } => {
                id(&told).clone_into(&mut self.id);
                let model = if model.is_empty() {
                    &*self.hearer.model
                } else {
                    &*model
                };
                model.clone_into(&mut self.model);
                self.created = created.unwrap_or(self.hearer.created);
            }
            Delta::Open {
                at,
                what: Opening::Text | Opening::Refusal,
            } => self.open.push(at),
            // Thoughts and calls have no place here.
            Delta::More { at, text } if self.open.contains(&at) => {
                self.choice(at.choice, &text, None, None, out);
            }
            Delta::Close { at } => self.open.retain(|open| *open != at),
            Delta::Logprobs { choice, raw } => self.choice(choice, "", Some(raw), None, out),
            Delta::Finish { choice, finish, .. } => {
                self.choice(choice, "", None, Some(reason(finish)), out);
            }
            Delta::Usage(usage) => self.usage = Some(usage),
            Delta::End => {
                if let (true, Some(usage)) = (self.hearer.include_usage, self.usage) {
                    self.chunk(&[], Some(Some(counts(&usage))), out);
                }
                sse::frame(None, b"[DONE]", out);
            }
            _ => {}
        }
    }
}
