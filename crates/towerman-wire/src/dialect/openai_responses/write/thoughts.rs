//! Writes what the model thought.

use std::{iter::Peekable, vec::IntoIter};

use towerman_core::Fault;

use super::{Way, items::item_of};
use crate::{
    dialect::node::{Node, Object},
    neutral::{Kind, Maker, Part, Rest, Thought},
};

/// A thought, where it stands, and what else was said of it.
type Placed<'a> = (Thought<'a>, Box<str>, Rest<'a>);

/// Writes a thought, and those behind it that belong to the same item, unless nobody would
/// understand it.
pub(super) fn thoughts<'a>(
    first: Placed<'a>,
    parts: &mut Peekable<IntoIter<Part<'a>>>,
    way: &mut Way<'a, '_>,
) -> Result<Option<Object<'a>>, Fault> {
    let (mut thought, mut at, mut rest) = first;
    let home: Box<str> = item_of(&at).into();
    let (mut summary, mut full): (Vec<Node<'a>>, Vec<Node<'a>>) = (Vec::new(), Vec::new());
    let (id, mut seal) = (thought.id.take(), None);
    loop {
        if let Some(text) = thought.text {
            let (kind, list) = match thought.summary || !way.own {
                true => ("summary_text", &mut summary),
                false => ("reasoning_text", &mut full),
            };
            let mut object = Object::new(kind).with("text", text);
            let rest = way.lose(rest, &at)?;
            object.rest(rest);
            list.push(object.into());
        }
        seal = thought.seal.or(seal);
        let next = parts.next_if(|part| match &part.kind {
            Kind::Thought(next) if way.own => next.id == id && item_of(&part.at) == &*home,
            Kind::Thought(next) => id.is_some() && next.id == id,
            _ => false,
        });
        let Some(Part {
            kind: Kind::Thought(next),
            at: there,
            rest: other,
            ..
        }) = next
        else {
            break;
        };
        (thought, at, rest) = (next, there, other);
    }
    let foreign = seal
        .as_ref()
        .is_some_and(|seal| seal.maker != Maker::OpenAi);
    let seal = seal.filter(|seal| seal.maker == Maker::OpenAi);
    if seal.is_none() && !way.own {
        // What this provider has not sealed, it refuses, or takes for what it is not.
        way.notes
            .dropped(at, "dropped: it is another model's thought")?;
        return Ok(None);
    }
    if foreign {
        way.notes
            .dropped(home.clone(), "dropped: another provider sealed it")?;
    }
    let mut object = Object::new("reasoning");
    object.maybe("id", id);
    object.put("summary", summary);
    if !full.is_empty() {
        object.put("content", full);
    }
    object.maybe("encrypted_content", seal.map(|seal| seal.data));
    way.around(&home, &mut object);
    Ok(Some(object))
}
