//! A provider's whole answer.

use std::{borrow::Cow, collections::HashMap};

use serde::Deserialize;
use towerman_core::{Fault, Finish};

use super::{
    cite,
    said::{Message, Piece, ToolCall, Whole, failed, finish, usage},
};
use crate::{
    neutral::{
        Answer, Call, Choice, Input, Kind, Part, Raw, Text, Thought, fields::Said, json, made_up,
    },
    translate::trouble,
};

pub(super) fn read(body: &[u8]) -> Result<Answer<'_>, Fault> {
    let nonsense = |error| trouble::nonsense().because(error);
    let whole: Whole<'_> = serde_json::from_slice(body).map_err(nonsense)?;
    let raw = whole.message.ok_or_else(trouble::nonsense)?;
    if raw.get().starts_with('"') {
        return Err(failed());
    }
    let message: Message<'_> = serde_json::from_str(raw.get()).map_err(nonsense)?;
    let id = whole.id.map(|id| id.0).unwrap_or_default();
    let reason = whole.finish_reason.map(|reason| reason.0);
    let reason = reason.unwrap_or_default();
    let called = list::<Raw<'_>>(message.tool_calls).next().is_some();
    let finish = finish(&reason, called)?;
    let parts = parts(message, finish == Finish::Length, &id)?;
    Ok(Answer {
        id,
        choices: vec![Choice {
            parts,
            finish,
            ..Choice::default()
        }],
        usage: usage(whole.usage),
        ..Answer::default()
    })
}

/// The elements of a list that are what they should be.
fn list<'a, T: Deserialize<'a>>(raw: Option<Raw<'a>>) -> impl Iterator<Item = T> {
    let all: Option<Vec<Raw<'a>>> = raw.and_then(|raw| serde_json::from_str(raw.get()).ok());
    let each = all.into_iter().flatten();
    each.filter_map(|raw| serde_json::from_str(raw.get()).ok())
}

fn parts<'a>(message: Message<'a>, cut: bool, id: &str) -> Result<Vec<Part<'a>>, Fault> {
    let mut parts = Vec::new();
    let plan = message.tool_plan.map(|plan| plan.0);
    parts.extend(plan.filter(|plan| !plan.is_empty()).map(thought));
    content(message.content, message.citations, &mut parts);
    let mut calls = list::<Raw<'a>>(message.tool_calls).enumerate().peekable();
    while let Some((nth, raw)) = calls.next() {
        match call(raw, id, nth) {
            Some(call) => parts.push(Part::of(Kind::Call(call))),
            // A call that ran into the limit is no call; the stop reason says so.
            None if cut && calls.peek().is_none() => {}
            None => return Err(trouble::nonsense()),
        }
    }
    Ok(parts)
}

fn content<'a>(content: Option<Raw<'a>>, citations: Option<Raw<'a>>, parts: &mut Vec<Part<'a>>) {
    let mut cites: HashMap<usize, Vec<_>> = HashMap::new();
    // Those that do not say which text they are about are the first one's.
    let mut loose = Vec::new();
    for (of, cite) in list(citations).filter_map(cite::read) {
        match of.map(usize::try_from) {
            Some(Ok(of)) => cites.entry(of).or_default().push(cite),
            Some(Err(_)) => {}
            None => loose.push(cite),
        }
    }
    let mut take = |index: usize| {
        let mut here = std::mem::take(&mut loose);
        here.append(&mut cites.remove(&index).unwrap_or_default());
        here
    };
    let text = |said: Cow<'a, str>, cites| {
        let text = Text::Said(said);
        Part::of(Kind::Text { text, cites })
    };
    // Hosts of the same models spell it as one text.
    let plain = content.filter(|raw| raw.get().starts_with('"'));
    if let Some(Ok(Said(said))) = plain.map(|raw| serde_json::from_str(raw.get())) {
        if !said.is_empty() {
            parts.push(text(said, take(0)));
        }
        return;
    }
    for (index, piece) in list::<Piece<'a>>(content).enumerate() {
        if let Some(Said(said)) = piece.thinking.filter(|said| !said.0.is_empty()) {
            parts.push(thought(said));
        }
        if let Some(Said(said)) = piece.text.filter(|said| !said.0.is_empty()) {
            parts.push(text(said, take(index)));
        }
    }
}

fn thought(text: Cow<'_, str>) -> Part<'_> {
    Part::of(Kind::Thought(Thought {
        text: Some(Text::Said(text)),
        ..Thought::default()
    }))
}

/// Nothing if it makes no sense.
fn call<'a>(raw: Raw<'a>, answer: &str, nth: usize) -> Option<Call<'a>> {
    let call: ToolCall<'a> = serde_json::from_str(raw.get()).ok()?;
    let function = call.function?;
    let name = function.name.map(|name| name.0)?;
    let input = function.arguments.map(|said| said.0).unwrap_or_default();
    json::object(Cow::Borrowed(&input))?;
    let id = call.id.map(|id| id.0).filter(|id| !id.is_empty());
    Some(Call {
        id: id.unwrap_or_else(|| made_up(answer, nth, &name).into()),
        name: Text::Said(name),
        input: Input::Spelt(input),
        custom: false,
        seal: None,
    })
}
