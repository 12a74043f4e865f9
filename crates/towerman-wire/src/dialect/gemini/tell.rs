//! Writes whole answers, and what they have in common with chunks of streams.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::value::RawValue;
use towerman_core::{Fault, Finish, Usage};

use super::{cite, finish};
use crate::{
    dialect::{
        node::{Node, Object},
        write as written,
    },
    neutral::{
        Alphabet, Answer, Call, Choice, Cite, Hearer, Input, Kind, Maker, Media, Part, Seal,
        Source, fit, json,
    },
    translate::trouble,
};

pub(super) fn write(answer: Answer<'_>, hearer: &Hearer) -> Result<Bytes, Fault> {
    let mut candidates = Vec::with_capacity(answer.choices.len());
    for (index, choice) in answer.choices.into_iter().enumerate() {
        candidates.push(Node::Object(candidate(choice, index)?));
    }
    if candidates.is_empty() {
        return Err(trouble::nonsense());
    }
    let mut body = Object::default().with("candidates", candidates);
    if let Some(usage) = answer.usage {
        body.put("usageMetadata", counts(usage));
    }
    let model = match &*answer.model {
        "" => &*hearer.model,
        model => model,
    };
    body.put("modelVersion", model);
    if !answer.id.is_empty() {
        body.put("responseId", &*answer.id);
    }
    written(&body)
}

fn candidate(choice: Choice<'_>, index: usize) -> Result<Object<'_>, Fault> {
    let (mut parts, mut cites) = (Vec::new(), Vec::new());
    for part in choice.parts {
        take(part, choice.finish, &mut parts, &mut cites)?;
    }
    let parts: Vec<Node<'_>> = parts.into_iter().map(Node::Object).collect();
    let mut candidate = Object::default().with("content", content(parts));
    finished(&mut candidate, choice.finish, choice.explanation);
    candidate.maybe("groundingMetadata", cite::write(cites));
    candidate.put("index", index);
    Ok(candidate)
}

fn take<'a>(
    part: Part<'a>,
    finish: Finish,
    parts: &mut Vec<Object<'a>>,
    cites: &mut Vec<Cite<'a>>,
) -> Result<(), Fault> {
    let object = match part.kind {
        Kind::Text { text, cites: said } => {
            cites.extend(said);
            (!text.is_empty()).then(|| Object::default().with("text", text))
        }
        Kind::Refusal(text) => Some(Object::default().with("text", text)),
        Kind::Media(said) => media(said),
        Kind::Call(call) => match called(call) {
            Some(object) => Some(object),
            // A call that ran into the limit is none.
            None if finish == Finish::Length => None,
            None => return Err(trouble::nonsense()),
        },
        Kind::Thought(thought) => {
            match (thought.text.filter(|text| !text.is_empty()), thought.seal) {
                (None, None) => None,
                (None, Some(seal)) => match parts.last_mut() {
                    // It proves what stands before it.
                    Some(last) if seal.maker == Maker::Gemini => {
                        last.put("thoughtSignature", seal.data);
                        None
                    }
                    _ => Some(sealed(&seal, false)),
                },
                (Some(text), seal) => {
                    let mut object = Object::default().with("text", text).with("thought", true);
                    object.maybe("thoughtSignature", seal.as_ref().map(told));
                    Some(object)
                }
            }
        }
        // There is no part of the model's that says these.
        Kind::Result(_) | Kind::Foreign { .. } => None,
    };
    parts.extend(object);
    Ok(())
}

pub(super) fn content<'a>(parts: Vec<Node<'a>>) -> Object<'a> {
    Object::default().with("parts", parts).with("role", "model")
}

pub(super) fn finished<'a>(
    candidate: &mut Object<'a>,
    finish: Finish,
    explanation: Option<Cow<'a, str>>,
) {
    candidate.put("finishReason", finish::write(finish));
    let filtered = finish == Finish::ContentFilter;
    candidate.maybe("finishMessage", explanation.filter(|_| filtered));
}

/// A part that is nothing but a seal. One that is not Gemini's own proves thoughts.
pub(super) fn sealed<'a>(seal: &Seal<'_>, of_thought: bool) -> Object<'a> {
    let mut object = Object::default().with("text", "");
    if of_thought || seal.maker != Maker::Gemini {
        object.put("thought", true);
    }
    object.with("thoughtSignature", told(seal))
}

fn told(seal: &Seal<'_>) -> String {
    super::seal::told(seal)
}

/// Nothing if its input is cut.
pub(super) fn called(call: Call<'_>) -> Option<Object<'_>> {
    let args: Cow<'_, RawValue> = match call.input {
        Input::Object(raw) => raw,
        Input::Spelt(text) => Cow::Owned(json::object(text)?),
    };
    let said = Object::default()
        .with("id", fit(call.id, Alphabet::Any))
        .with("name", call.name)
        .with("args", args);
    let mut object = Object::default().with("functionCall", said);
    object.maybe("thoughtSignature", call.seal.as_ref().map(told));
    Some(object)
}

/// Only what the answer holds itself can be told.
pub(super) fn media(media: Media<'_>) -> Option<Object<'_>> {
    let Source::Base64 { media_type, data } = media.source else {
        return None;
    };
    let said = Object::default()
        .with("mimeType", media_type)
        .with("data", data);
    Some(Object::default().with("inlineData", said))
}

/// `usageMetadata`: what was cached is part of the prompt, and thoughts are counted beside the
/// answer.
pub(super) fn counts<'a>(usage: Usage) -> Object<'a> {
    let prompt = usage.prompt();
    let reasoning = usage.reasoning.min(usage.output);
    let mut counts = Object::default()
        .with("promptTokenCount", prompt)
        .with("candidatesTokenCount", usage.output - reasoning);
    if usage.cache_read > 0 {
        counts.put("cachedContentTokenCount", usage.cache_read);
    }
    if reasoning > 0 {
        counts.put("thoughtsTokenCount", reasoning);
    }
    counts.with("totalTokenCount", prompt.saturating_add(usage.output))
}
