//! A request for a provider.

mod blocks;
mod own;
mod settings;
mod tools;
mod turns;

use towerman_core::Fault;

use super::NOTHING_LIKE_IT;
use crate::{
    dialect::{To, Written, node::Object, written},
    neutral::{Format, Kind, Notes, Part, Request, Set},
};

/// What is written, and what was lost on the way.
#[derive(Debug)]
struct Writer<'n> {
    notes: &'n mut Notes,
}

pub(super) fn request(
    mut request: Request<'_>,
    to: &To<'_>,
    notes: &mut Notes,
) -> Result<Written, Fault> {
    if to.own {
        return own::request(request, notes);
    }
    let mut writer = Writer { notes };
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
    let calls = request.turns.iter().flat_map(|turn| &turn.parts);
    let called = calls
        .clone()
        .any(|part| matches!(part.kind, Kind::Call(_) | Kind::Result(_)));
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
    writer.tools(&mut request, called, &mut body)?;
    let thinks = writer.more(&mut request, forced, &mut body)?;
    writer.inference(std::mem::take(&mut request.sampling), thinks, &mut body)?;
    body.maybe("outputConfig", settings::format(request.format.take()));
    writer.metadata(&mut request, &mut body)?;
    let rest = std::mem::take(&mut request.rest);
    rest.lose("", NOTHING_LIKE_IT, writer.notes)?;
    written(&body)
}

impl Writer<'_> {
    fn drop(&mut self, at: impl Into<Box<str>>) -> Result<(), Fault> {
        self.notes.dropped(at, NOTHING_LIKE_IT)
    }
}
