//! A provider's whole answer.

use std::borrow::Cow;

use towerman_core::Fault;

use super::{
    said::{Line, ToolCall},
    time,
};
use crate::{
    neutral::{Answer, Call, Choice, Input, Kind, Part, Text, Thought, fields::compact, made_up},
    translate::trouble,
};

pub(super) fn read(body: &[u8]) -> Result<Answer<'_>, Fault> {
    let line: Line<'_> =
        serde_json::from_slice(body).map_err(|error| trouble::nonsense().because(error))?;
    if let Some(error) = line.error {
        return Err(trouble::read(error));
    }
    let usage = line.usage();
    let message = line.message.as_ref().ok_or_else(trouble::nonsense)?;
    let called = message
        .tool_calls
        .as_ref()
        .is_some_and(|calls| !calls.is_empty());
    let finish = line.finish(called);
    let id = line.created_at.unwrap_or_default();
    let message = line.message.ok_or_else(trouble::nonsense)?;
    let mut parts = Vec::new();
    if let Some(text) = message.thinking.filter(|text| !text.is_empty()) {
        parts.push(Part::of(Kind::Thought(Thought {
            text: Some(Text::Said(text)),
            ..Thought::default()
        })));
    }
    if let Some(text) = message.content.filter(|text| !text.is_empty()) {
        parts.push(Part::said(text));
    }
    for (nth, call) in message.tool_calls.into_iter().flatten().enumerate() {
        parts.push(Part::of(Kind::Call(self::call(call, &id, nth))));
    }
    Ok(Answer {
        created: time::read(&id),
        id,
        model: line.model.unwrap_or_default(),
        choices: vec![Choice {
            parts,
            finish,
            ..Choice::default()
        }],
        usage,
    })
}

/// A call; mostly it has no id.
pub(super) fn call<'a>(call: ToolCall<'a>, answer: &str, nth: usize) -> Call<'a> {
    let input = match call.function.arguments {
        Some(raw) => compact(raw).into(),
        None => Cow::Borrowed("{}"),
    };
    let id = call.id.filter(|id| !id.is_empty());
    Call {
        id: id.unwrap_or_else(|| made_up(answer, nth, &call.function.name).into()),
        name: Text::Said(call.function.name),
        input: Input::Spelt(input),
        custom: false,
        seal: None,
    }
}
