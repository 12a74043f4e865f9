//! The conversation of a request for a provider.

use std::{borrow::Cow, collections::HashMap};

use towerman_core::Fault;

use super::NOTHING_LIKE_IT;
use crate::{
    dialect::{
        To,
        node::{Node, Object},
    },
    neutral::{
        Call, Input, Kind, Maker, Media, Medium, Notes, Part, Rest, Role, Source, Text, Thought,
        ToolResult, Turn, fields::compact, json,
    },
};

/// What one message says.
#[derive(Debug, Default)]
struct Said<'a> {
    text: Option<Text<'a>>,
    images: Vec<Node<'a>>,
    thinking: Option<Text<'a>>,
    calls: Vec<Node<'a>>,
}

pub(super) fn messages<'a>(
    system: Vec<Part<'a>>,
    turns: Vec<Turn<'a>>,
    to: &To<'_>,
    notes: &mut Notes,
) -> Result<Vec<Node<'a>>, Fault> {
    let mut all = Vec::with_capacity(turns.len() + 1);
    let mut said = Said::default();
    for part in system {
        said.take(part, to, notes)?;
    }
    said.tell("system", Rest::default(), false, &mut all);
    let order = order(&turns);
    // Results say no more than the tool's name: those of one tool are told apart by their order,
    // which is that of its calls.
    let mut results: Vec<(usize, Node<'a>)> = Vec::new();
    for turn in turns {
        let rest = turn.rest.keep(to.own, &turn.at, NOTHING_LIKE_IT, notes)?;
        let role = match turn.role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        if turn.name.is_some() {
            notes.dropped(format!("{}/name", turn.at), NOTHING_LIKE_IT)?;
        }
        let mut said = Said::default();
        let empty = turn.parts.is_empty();
        for part in turn.parts {
            match part.kind {
                Kind::Result(answer) => {
                    let place = order.get(&*answer.id).filter(|_| !to.own);
                    let place = place.copied().unwrap_or_default();
                    results.push((place, result(answer, &part.at, to, notes)?));
                }
                _ => said.take(part, to, notes)?,
            }
        }
        let mut next = Vec::new();
        said.tell(role, rest, empty && to.own, &mut next);
        if !next.is_empty() {
            all.extend(sorted(&mut results));
            all.append(&mut next);
        }
    }
    all.extend(sorted(&mut results));
    Ok(all)
}

/// The calls, counted.
fn order(turns: &[Turn<'_>]) -> HashMap<String, usize> {
    let calls = turns.iter().flat_map(|turn| &turn.parts);
    let calls = calls.filter_map(|part| match &part.kind {
        Kind::Call(call) => Some(call.id.to_string()),
        _ => None,
    });
    calls.zip(1..).collect()
}

fn sorted<'a>(results: &mut Vec<(usize, Node<'a>)>) -> impl Iterator<Item = Node<'a>> {
    results.sort_by_key(|(place, _)| *place);
    std::mem::take(results).into_iter().map(|(_, node)| node)
}

fn result<'a>(
    result: ToolResult<'a>,
    at: &str,
    to: &To<'_>,
    notes: &mut Notes,
) -> Result<Node<'a>, Fault> {
    if result.error {
        notes.dropped(format!("{at}/is_error"), NOTHING_LIKE_IT)?;
    }
    let mut said = Said::default();
    for part in result.content {
        said.take(part, to, notes)?;
    }
    if let Some(object) = result.object {
        said.text = Some(Text::Said(compact(object).into()));
    }
    let text = said.text.unwrap_or(Text::Said("".into()));
    let mut message = Object::default().with("role", "tool").with("content", text);
    message.maybe("tool_name", result.name);
    if !said.images.is_empty() {
        message.put("images", said.images);
    }
    Ok(message.into())
}

impl<'a> Said<'a> {
    fn take(&mut self, part: Part<'a>, to: &To<'_>, notes: &mut Notes) -> Result<(), Fault> {
        let at = &*part.at;
        if part.mark.is_some() {
            notes.dropped(format!("{at}/cache_control"), NOTHING_LIKE_IT)?;
        }
        part.rest.lose(at, NOTHING_LIKE_IT, notes)?;
        match part.kind {
            Kind::Text { text, cites } => {
                if !cites.is_empty() {
                    notes.dropped(format!("{at}/citations"), NOTHING_LIKE_IT)?;
                }
                join(&mut self.text, text);
            }
            Kind::Refusal(text) => {
                notes.mapped(at, "told as text");
                join(&mut self.text, text);
            }
            Kind::Media(media) => self.show(media, at, notes)?,
            Kind::Call(call) => self.calls.push(called(call, at, notes)?),
            Kind::Thought(thought) => self.think(thought, at, to, notes)?,
            Kind::Result(_) | Kind::Foreign { .. } => {
                let why = "is no kind of content that this model's API can take here";
                return Err(notes.refused(at, why));
            }
        }
        Ok(())
    }

    fn think(
        &mut self,
        thought: Thought<'a>,
        at: &str,
        to: &To<'_>,
        notes: &mut Notes,
    ) -> Result<(), Fault> {
        let sealed = thought.seal.is_some_and(|seal| seal.maker != Maker::Chat);
        match thought.text {
            Some(text) if to.own && !sealed => {
                join(&mut self.thinking, text);
                Ok(())
            }
            _ => notes.dropped(at, "dropped: thinking is signed for its provider"),
        }
    }

    fn show(&mut self, media: Media<'a>, at: &str, notes: &mut Notes) -> Result<(), Fault> {
        if media.detail.is_some() {
            notes.dropped(format!("{at}/detail"), NOTHING_LIKE_IT)?;
        }
        match (media.what, media.source) {
            (Medium::Image, Source::Base64 { data, .. }) => self.images.push(data.into()),
            (Medium::Document, Source::Text(text)) => {
                notes.mapped(at, "told as text");
                join(&mut self.text, text);
            }
            (Medium::Image, _) => {
                return Err(notes.refused(at, "must be base64 for this model's API"));
            }
            _ => return Err(notes.refused(at, "cannot be taken by this model's API")),
        }
        Ok(())
    }

    fn tell(self, role: &'static str, rest: Rest<'a>, even_empty: bool, all: &mut Vec<Node<'a>>) {
        let nothing = self.text.is_none()
            && self.images.is_empty()
            && self.calls.is_empty()
            && self.thinking.is_none();
        if nothing && !even_empty {
            return;
        }
        let text = self.text.unwrap_or(Text::Said("".into()));
        let mut message = Object::default().with("role", role).with("content", text);
        message.maybe("thinking", self.thinking);
        if !self.images.is_empty() {
            message.put("images", self.images);
        }
        if !self.calls.is_empty() {
            message.put("tool_calls", self.calls);
        }
        message.rest(rest);
        all.push(message.into());
    }
}

fn join<'a>(to: &mut Option<Text<'a>>, text: Text<'a>) {
    *to = Some(match to.take() {
        None => text,
        Some(before) => Text::Said(format!("{}\n{}", before.say(), text.say()).into()),
    });
}

fn called<'a>(call: Call<'a>, at: &str, notes: &mut Notes) -> Result<Node<'a>, Fault> {
    if call.seal.is_some() {
        notes.dropped(at, "dropped: a call is signed for its provider")?;
    }
    let input = match call.input {
        Input::Object(raw) => Some(raw),
        Input::Spelt(_) if call.custom => None,
        Input::Spelt(text) => json::object(text).map(Cow::Owned),
    };
    let input =
        input.ok_or_else(|| notes.refused(at, "must have a JSON object for this model's API"))?;
    let function = Object::default()
        .with("name", call.name)
        .with("arguments", input);
    Ok(Object::default().with("function", function).into())
}
