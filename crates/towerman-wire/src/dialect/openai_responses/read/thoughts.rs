//! Reads what the model thought.

use std::borrow::Cow;

use towerman_core::Fault;

use super::parts::{keep, own, placed};
use crate::neutral::{
    Around, Fields, Kind, Maker, Part, Raw, Rest, Seal, Sealed, Thought, fields, refuse,
};

/// Reads a `reasoning` item: its texts are parts of one id, and its seal is the last one's.
pub(super) fn thoughts<'a>(
    mut item: Fields<'a>,
    at: &str,
    around: &mut Vec<Around<'a>>,
) -> Result<Vec<Part<'a>>, Fault> {
    let id = item.string("id", at)?;
    let mut parts = Vec::new();
    let mut spelt = Rest::default();
    for (list, kind) in [("summary", "summary_text"), ("content", "reasoning_text")] {
        let Some(raw) = item.take(list) else {
            continue;
        };
        let inside = format!("{at}/{list}");
        let texts: Vec<Raw<'a>> = fields::read(raw, &inside, "an array")?;
        if texts.is_empty() {
            spelt.0.push((list.into(), raw));
        }
        for (i, raw) in texts.into_iter().enumerate() {
            let at = format!("{inside}/{i}");
            let mut said = Fields::read(raw, &at)?;
            if said.need_string("type", &at)? != kind {
                return Err(refuse(format!("{at}/type"), "is no type of reasoning"));
            }
            let text = Some(said.need_text("text", &at)?);
            let mut part = placed(thought(text, list == "summary", id.clone()), &at);
            part.rest = said.rest();
            parts.push(part);
        }
    }
    if parts.is_empty() {
        parts.push(placed(thought(None, true, id), at));
    }
    let seal = item.string("encrypted_content", at)?;
    let seal = seal.map(|data| Seal::read(Maker::OpenAi, Sealed::Encrypted, data));
    if let Some(Kind::Thought(last)) = parts.last_mut().map(|part| &mut part.kind) {
        last.seal = seal;
    }
    spelt.0.extend(own(&mut item, &["status"]).0);
    keep(around, at, spelt, item.rest());
    Ok(parts)
}

fn thought<'a>(
    text: Option<fields::Text<'a>>,
    summary: bool,
    id: Option<Cow<'a, str>>,
) -> Kind<'a> {
    Kind::Thought(Thought {
        text,
        summary,
        id,
        seal: None,
    })
}
