//! Writes a stream.

use towerman_core::Usage;

use super::answer::{counts, id, reason};
use crate::{
    dialect::{
        Encode,
        node::{Node, Object},
    },
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
        let choice = Object::default()
            .with("text", text)
            .with("index", u64::from(index))
            .with("logprobs", logprobs.map_or(Node::Null, Node::Raw))
            .with("finish_reason", finish.map_or(Node::Null, Node::from));
        let usage = self.hearer.include_usage.then_some(Node::Null);
        self.chunk(vec![choice.into()], usage, out);
    }

    fn chunk(&self, choices: Vec<Node<'_>>, usage: Option<Node<'_>>, out: &mut Vec<u8>) {
        let mut chunk = Object::default()
            .with("id", &*self.id)
            .with("object", "text_completion")
            .with("created", self.created)
            .with("model", &*self.model)
            .with("choices", choices);
        chunk.maybe("usage", usage);
        // Writing plain shapes into memory cannot fail.
        if let Ok(data) = serde_json::to_vec(&chunk) {
            sse::frame(None, &data, out);
        }
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
                    self.chunk(Vec::new(), Some(counts(&usage).into()), out);
                }
                sse::frame(None, b"[DONE]", out);
            }
            _ => {}
        }
    }
}
