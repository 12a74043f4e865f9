//! A client of this dialect is written back as it spelt itself.

use std::collections::{HashMap, HashSet};

use towerman_core::Fault;

use crate::{
    dialect::{
        Written,
        node::{Node, Object},
        written,
    },
    neutral::{Kind, Maker, Notes, Raw, Request, Rest},
};

/// All that was said, but for reasoning that another provider made: it would be refused.
pub(super) fn request(request: Request<'_>, notes: &mut Notes) -> Result<Written, Fault> {
    let mut spelt: HashMap<Box<str>, Rest<'_>> = HashMap::new();
    for around in request.around {
        spelt.entry(around.at).or_insert(around.own);
    }
    let foreign: HashSet<Box<str>> = request
        .turns
        .iter()
        .flat_map(|turn| &turn.parts)
        .filter(|part| is_foreign(&part.kind))
        .map(|part| part.at.clone())
        .collect();
    let mut messages = Vec::with_capacity(request.turns.len());
    for turn in request.turns {
        let mut message = Object::default();
        for (key, raw) in spelt.remove(&turn.at).unwrap_or_default().0 {
            if key != "content" {
                message.put(key, raw);
                continue;
            }
            let list: Vec<Raw<'_>> = serde_json::from_str(raw.get()).unwrap_or_default();
            let mut content: Vec<Node<'_>> = Vec::with_capacity(list.len());
            for (i, raw) in list.into_iter().enumerate() {
                let at = format!("{}/content/{i}", turn.at);
                if foreign.contains(&*at) {
                    notes.dropped(at, "dropped: thinking is signed for its provider")?;
                } else {
                    content.push(raw.into());
                }
            }
            message.put("content", content);
        }
        messages.push(Node::Object(message));
    }
    let mut body = Object::default();
    for (key, raw) in spelt.remove("").unwrap_or_default().0 {
        if key == "messages" {
            body.put(key, std::mem::take(&mut messages));
        } else {
            body.put(key, raw);
        }
    }
    written(&body)
}

/// Whether it is a thought that another provider sealed.
fn is_foreign(kind: &Kind<'_>) -> bool {
    let Kind::Thought(thought) = kind else {
        return false;
    };
    let seal = thought.seal.as_ref();
    seal.is_some_and(|seal| seal.maker != Maker::Anthropic)
}
