//! Reads and writes whole answers.

use bytes::Bytes;
use towerman_core::{Fault, Finish, Usage};

use super::said::{Said, text};
use crate::{
    dialect::{
        node::{Node, Object},
        write as write_json,
    },
    neutral::{Answer, Choice, Hearer, Kind, Part},
    translate::trouble,
};

pub(super) fn read(body: &[u8]) -> Result<Answer<'_>, Fault> {
    let mut said: Said<'_> = serde_json::from_slice(body).map_err(|_| trouble::nonsense())?;
    if let Some(error) = said.error() {
        return Err(trouble::read(error));
    }
    let mut choices = said.choices.take().unwrap_or_default().0;
    if choices.is_empty() {
        return Err(trouble::nonsense());
    }
    choices.sort_by_key(super::said::Choice::index);
    let choices = choices.iter().map(|choice| Choice {
        parts: vec![Part::said(choice.text())],
        finish: choice.finish().unwrap_or(Finish::Other),
        logprobs: choice.logprobs(),
        ..Choice::default()
    });
    Ok(Answer {
        id: text(said.id).unwrap_or_default(),
        model: text(said.model).unwrap_or_default(),
        created: said.created(),
        choices: choices.collect(),
        usage: said.usage(),
    })
}

pub(super) fn write(answer: Answer<'_>, hearer: &Hearer) -> Result<Bytes, Fault> {
    let model = if answer.model.is_empty() {
        &*hearer.model
    } else {
        &*answer.model
    };
    let choices = answer.choices.into_iter().enumerate();
    let choices = choices.map(|(index, choice)| {
        let mut said = String::new();
        for part in choice.parts {
            if let Kind::Text { text, .. } | Kind::Refusal(text) = part.kind {
                said.push_str(&text.say());
            }
        }
        Object::default()
            .with("text", said)
            .with("index", index)
            .with("logprobs", choice.logprobs.map_or(Node::Null, Node::Raw))
            .with("finish_reason", reason(choice.finish))
            .into()
    });
    let choices: Vec<Node<'_>> = choices.collect();
    let mut object = Object::default()
        .with("id", id(&answer.id))
        .with("object", "text_completion")
        .with("created", answer.created.unwrap_or(hearer.created))
        .with("model", model)
        .with("choices", choices);
    object.maybe("usage", answer.usage.as_ref().map(counts));
    write_json(&object)
}

/// The answer's id, which clients want to be there.
pub(super) fn id(told: &str) -> &str {
    if told.is_empty() { "cmpl-0" } else { told }
}

pub(super) const fn reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Length => "length",
        Finish::ContentFilter => "content_filter",
        _ => "stop",
    }
}

pub(super) fn counts<'a>(usage: &Usage) -> Object<'a> {
    let mut object = Object::default()
        .with("prompt_tokens", usage.prompt())
        .with("completion_tokens", usage.output)
        .with("total_tokens", usage.total());
    if usage.cache_read > 0 {
        let details = Object::default().with("cached_tokens", usage.cache_read);
        object.put("prompt_tokens_details", details);
    }
    if usage.reasoning > 0 {
        let details = Object::default().with("reasoning_tokens", usage.reasoning);
        object.put("completion_tokens_details", details);
    }
    object
}
