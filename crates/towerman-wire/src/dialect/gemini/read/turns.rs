//! Reads contents: who speaks, and which call a result answers.

use std::borrow::Cow;

use towerman_core::Fault;

use super::{Reader, list};
use crate::neutral::{Call, Fields, Kind, Part, Raw, Role, Text, Turn, made_up, refuse};

/// A call of the model's that may be answered.
#[derive(Debug)]
pub(super) struct Open<'a> {
    id: Cow<'a, str>,
    name: Cow<'a, str>,
    answered: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn system(&mut self, raw: Option<Raw<'a>>) -> Result<Vec<Part<'a>>, Fault> {
        const AT: &str = "/systemInstruction";
        let Some(raw) = raw else {
            return Ok(Vec::new());
        };
        let mut content = Fields::read(raw, AT)?;
        // It says nothing here.
        if let Some(role) = content.take("role") {
            self.spelt(AT, "role", role);
        }
        let parts = self.parts(content.take("parts"), AT, Role::System)?;
        self.leave(AT, content);
        Ok(parts)
    }

    pub(super) fn turns(&mut self, raw: Raw<'a>) -> Result<Vec<Turn<'a>>, Fault> {
        let contents = list(Some(raw), "/contents")?;
        let numbered = contents.into_iter().enumerate();
        numbered
            .map(|(i, raw)| self.turn(raw, format!("/contents/{i}")))
            .collect()
    }

    fn turn(&mut self, raw: Raw<'a>, at: String) -> Result<Turn<'a>, Fault> {
        let mut content = Fields::read(raw, &at)?;
        let spelt = content.take("role");
        let role = match spelt {
            None => Role::User,
            Some(raw) => match &*Text::read(raw, &format!("{at}/role"))?.say() {
                "user" => Role::User,
                "model" => Role::Assistant,
                // Older names for who returns results.
                "function" | "tool" | "" => {
                    self.spelt(&at, "role", raw);
                    Role::User
                }
                _ => {
                    return Err(refuse(
                        format!("{at}/role"),
                        "is no role that this API knows",
                    ));
                }
            },
        };
        let parts = self.parts(content.take("parts"), &at, role)?;
        if role == Role::Assistant {
            self.open = parts.iter().filter_map(opened).collect();
        }
        Ok(Turn {
            role,
            parts,
            name: None,
            at: at.into(),
            rest: content.rest(),
        })
    }

    fn parts(
        &mut self,
        raw: Option<Raw<'a>>,
        at: &str,
        role: Role,
    ) -> Result<Vec<Part<'a>>, Fault> {
        let at = format!("{at}/parts");
        let raws = list(raw, &at)?;
        let mut parts: Vec<Part<'a>> = Vec::with_capacity(raws.len());
        let mut calls = 0;
        for (i, raw) in raws.into_iter().enumerate() {
            let place = format!("{at}/{i}");
            let found = self.part(raw, &place, role, &mut calls)?;
            parts.extend(found);
            gather(&mut parts);
        }
        Ok(parts)
    }

    /// The id of a call that has none: its place in the conversation, which never changes.
    pub(super) fn id(at: &str, nth: usize, name: &str) -> Cow<'a, str> {
        made_up(at, nth, name).into()
    }

    /// The id of the call that a result answers: the one it names, or the next of its name.
    pub(super) fn answers(&mut self, id: Option<Cow<'a, str>>, name: &str) -> Cow<'a, str> {
        let named = id.as_ref().and_then(|id| {
            let mut open = self.open.iter();
            open.position(|call| !call.answered && call.id == *id)
        });
        let next = || {
            let mut open = self.open.iter();
            open.position(|call| !call.answered && call.name == name)
        };
        match named.or_else(next).and_then(|nth| self.open.get_mut(nth)) {
            Some(call) => {
                call.answered = true;
                call.id.clone()
            }
            // That it answers nothing is seen later.
            None => id.unwrap_or_else(|| Self::id("", 0, name)),
        }
    }
}

fn opened<'a>(part: &Part<'a>) -> Option<Open<'a>> {
    match &part.kind {
        Kind::Call(Call { id, name, .. }) => Some(Open {
            id: id.clone(),
            name: name.clone().say(),
            answered: false,
        }),
        _ => None,
    }
}

/// Another maker's seal proves one thought, whose text was told to the client in pieces.
fn gather(parts: &mut Vec<Part<'_>>) {
    let foreign = |part: &Part<'_>| match &part.kind {
        Kind::Thought(thought) => thought
            .seal
            .as_ref()
            .is_some_and(|seal| seal.maker != crate::neutral::Maker::Gemini),
        _ => false,
    };
    let piece = |part: &Part<'_>| match &part.kind {
        Kind::Thought(thought) => thought.seal.is_none() && thought.text.is_some(),
        _ => false,
    };
    if !parts.last().is_some_and(foreign) {
        return;
    }
    let Some(mut last) = parts.pop() else {
        return;
    };
    let from = parts.iter().rposition(|part| !piece(part));
    let mut said = String::new();
    for part in parts.drain(from.map_or(0, |from| from + 1)..) {
        if let Kind::Thought(thought) = part.kind {
            let text = thought.text.map(Text::say).unwrap_or_default();
            said.push_str(&text);
        }
    }
    if let Kind::Thought(thought) = &mut last.kind
        && !said.is_empty()
    {
        said.push_str(&thought.text.take().map(Text::say).unwrap_or_default());
        thought.text = Some(Text::Said(said.into()));
    }
    parts.push(last);
}
