//! The item that is being told, and what it looks like.

use std::borrow::Cow;

use super::events::{At, Nth};
use crate::{
    dialect::{
        node::{Node, Object},
        openai_responses::write::parts::annotation,
    },
    neutral::{Cite, Maker, Seal},
};

/// The item that is being told.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) index: u32,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// Its parts; the last one may be open.
    Message(Vec<Said>),
    Thought {
        /// The thought's own id: what follows of the same one is the same item.
        own: Option<String>,
        texts: Vec<String>,
        /// Text may still be added to the last one.
        open: bool,
        seal: Option<String>,
    },
    Call {
        id: String,
        name: String,
        input: String,
        custom: bool,
    },
}

/// A part of a message.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) refusal: bool,
    pub(super) text: String,
    cites: Vec<Cite<'static>>,
    /// The log probabilities of its tokens.
    pub(super) tokens: Vec<Node<'static>>,
}

// === impl Item ===

impl Item {
    /// Where its last part stands.
    pub(super) fn at(&self) -> At<'_> {
        let part = match &self.what {
            What::Message(said) => Nth::Content(said.len().saturating_sub(1)),
            What::Thought { texts, .. } => Nth::Summary(texts.len().saturating_sub(1)),
            What::Call { .. } => Nth::Item,
        };
        At {
            item_id: &self.id,
            output_index: self.index,
            part,
        }
    }

    /// What it looks like with all that it has said.
    pub(super) fn object(&self, status: &'static str) -> Object<'_> {
        let object = |kind| Object::new(kind).with("id", &*self.id);
        match &self.what {
            What::Message(said) => {
                let content: Vec<Node<'_>> = said.iter().map(|said| said.object().into()).collect();
                object("message")
                    .with("status", status)
                    .with("role", "assistant")
                    .with("content", content)
            }
            What::Thought { texts, seal, .. } => {
                let texts = texts.iter().map(|text| summary(text).into());
                let texts: Vec<Node<'_>> = texts.collect();
                let mut object = object("reasoning").with("summary", texts);
                object.maybe("encrypted_content", seal.as_deref());
                object
            }
            What::Call {
                id,
                name,
                input,
                custom,
            } => {
                let (kind, member) = match custom {
                    true => ("custom_tool_call", "input"),
                    false => ("function_call", "arguments"),
                };
                object(kind)
                    .with("status", status)
                    .with("call_id", &**id)
                    .with("name", &**name)
                    .with(member, &**input)
            }
        }
    }

    /// Takes in a seal; of a call's, this dialect knows nothing.
    pub(super) fn seal(&mut self, seal: &Seal<'_>) {
        if let What::Thought { seal: kept, .. } = &mut self.what {
            *kept = Some(seal.told(Maker::OpenAi).into_owned());
        }
    }
}

// === impl Said ===

impl Said {
    pub(super) fn new(refusal: bool) -> Self {
        Self {
            refusal,
            ..Self::default()
        }
    }

    pub(super) fn object(&self) -> Object<'_> {
        if self.refusal {
            return Object::new("refusal").with("refusal", &*self.text);
        }
        let cites = self.cites.iter().filter_map(cited);
        let cites: Vec<Node<'_>> = cites.collect();
        Object::new("output_text")
            .with("text", &*self.text)
            .with("annotations", cites)
            .with("logprobs", self.tokens.clone())
    }

    /// Takes in a citation; its number and form, if there is one for it.
    pub(super) fn cite(&mut self, cite: Cite<'static>) -> Option<(usize, Node<'_>)> {
        let number = self.cites.iter().filter_map(cited).count();
        cited(&cite)?;
        self.cites.push(cite);
        Some((number, cited(self.cites.last()?)?))
    }

    /// What it costs to keep.
    pub(super) fn size(cite: &Cite<'_>) -> usize {
        let text = |text: &Option<Cow<'_, str>>| text.as_ref().map_or(0, |text| text.len());
        text(&cite.url) + text(&cite.title) + cite.raw.get().len()
    }
}

fn cited<'a>(cite: &'a Cite<'static>) -> Option<Node<'a>> {
    annotation(cite.clone(), false)
}

pub(super) fn summary(text: &str) -> Object<'_> {
    Object::new("summary_text").with("text", text)
}
