//! A request for a provider.

mod blocks;
mod own;
mod settings;
mod tools;
mod turns;

use std::collections::HashSet;

use towerman_core::Fault;

use super::NOTHING_LIKE_IT;
use crate::{
    dialect::{To, Written, node::Object, written},
    neutral::{Format, Kind, Maker, Notes, Part, Request, Role, Set, Text},
};

/// What is written, and what was lost on the way.
#[derive(Debug)]
struct Writer<'n> {
    notes: &'n mut Notes,
    /// Names of documents, in lower case: no two may have one.
    documents: HashSet<String>,
}

pub(super) fn request(
    mut request: Request<'_>,
    to: &To<'_>,
    notes: &mut Notes,
) -> Result<Written, Fault> {
    if to.own {
        return own::request(request, to, notes);
    }
    let mut writer = Writer {
        notes,
        documents: HashSet::new(),
    };
    let mut system = std::mem::take(&mut request.system);
    if let Some(Set { value, at }) = &request.format {
        if let Format::Schema { strict, .. } = value
            && *strict == Some(false)
        {
            writer.drop(format!("{at}/strict"))?;
        }
        if let Format::Json = value {
            let what = "asked for in words: Converse has no JSON mode without a schema";
            writer.notes.mapped(*at, what);
            system.push(Part::said(settings::JSON_MODE));
        }
    }
    let called = called(&request);
    let unproved = unproved(&request);
    let mut body: Object<'_> = Object::default();
    let last = request.turns.last().map(|turn| turn.at.clone());
    let said = writer.conversation(system, std::mem::take(&mut request.turns))?;
    if said.messages.is_empty() {
        let why = "says nothing: Converse takes no blank text";
        return Err(writer.notes.refused(last.unwrap_or_default(), why));
    }
    body.put("messages", said.messages);
    if !said.system.is_empty() {
        body.put("system", said.system);
    }
    let forced = tools::forced(request.choice.as_ref());
    writer.tools(&mut request, &called, &mut body)?;
    let thinks = writer.more(&mut request, forced, unproved, &mut body)?;
    let cut = writer.inference(std::mem::take(&mut request.sampling), thinks, &mut body)?;
    let mut output = Object::default();
    output.maybe("textFormat", settings::format(request.format.take()));
    output.maybe("effort", writer.effort(request.reasoning.take()));
    if !output.is_empty() {
        body.put("outputConfig", output);
    }
    writer.metadata(&mut request, &mut body)?;
    let rest = std::mem::take(&mut request.rest);
    rest.lose("", NOTHING_LIKE_IT, writer.notes)?;
    Ok(Written {
        cut,
        ..written(&body)?
    })
}

/// The tools that the conversation calls, and where each first stands.
fn called<'a>(request: &Request<'a>) -> Vec<(Text<'a>, Box<str>)> {
    let mut called: Vec<(Text<'a>, Box<str>)> = Vec::new();
    let mut known = HashSet::new();
    for part in request.turns.iter().flat_map(|turn| &turn.parts) {
        if let Kind::Call(call) = &part.kind
            && known.insert(call.name.clone().say())
        {
            called.push((call.name.clone(), part.at.clone()));
        }
    }
    called
}

/// Whether the assistant's last turn calls a tool without a thought of Claude's own before it:
/// with thinking switched on that is refused.
fn unproved(request: &Request<'_>) -> bool {
    let said = request.turns.iter().rev();
    let last = said
        .skip_while(|turn| turn.role != Role::Assistant)
        .take_while(|turn| turn.role == Role::Assistant)
        .flat_map(|turn| &turn.parts);
    let (mut calls, mut proved) = (false, false);
    for part in last {
        match &part.kind {
            Kind::Call(_) => calls = true,
            Kind::Thought(thought) => {
                let seal = thought.seal.as_ref();
                proved |= seal.is_some_and(|seal| seal.maker == Maker::Anthropic);
            }
            _ => {}
        }
    }
    calls && !proved
}

impl Writer<'_> {
    fn drop(&mut self, at: impl Into<Box<str>>) -> Result<(), Fault> {
        self.notes.dropped(at, NOTHING_LIKE_IT)
    }
}
