//! Writes turns as contents: the user's and the model's, in turn.

use towerman_core::Fault;

use super::{OTHER, Way, parts};
use crate::{
    dialect::node::{Node, Object},
    neutral::{Kind, Part, Role, Turn},
};

/// Instructions that stand before the conversation are the system's, whatever the client calls
/// them.
pub(super) fn leading<'a>(
    mut system: Vec<Part<'a>>,
    turns: Vec<Turn<'a>>,
    way: &mut Way<'a, '_>,
) -> Result<(Vec<Part<'a>>, Vec<Turn<'a>>), Fault> {
    let mut rest = Vec::with_capacity(turns.len());
    for turn in turns {
        if turn.role == Role::System && rest.is_empty() && !way.own {
            if turn.name.is_some() {
                way.notes.dropped(format!("{}/name", turn.at), OTHER)?;
            }
            way.lose(turn.rest, &turn.at)?;
            system.extend(turn.parts);
        } else {
            rest.push(turn);
        }
    }
    Ok((system, rest))
}

pub(super) fn contents<'a>(
    turns: Vec<Turn<'a>>,
    way: &mut Way<'a, '_>,
) -> Result<Vec<Node<'a>>, Fault> {
    if way.own {
        return turns.into_iter().map(|turn| own(turn, way)).collect();
    }
    let mut contents = Vec::with_capacity(turns.len());
    let mut open: Option<(Role, Vec<Part<'a>>)> = None;
    for turn in turns {
        let Turn {
            role,
            parts,
            name,
            at,
            rest,
        } = turn;
        if name.is_some() {
            way.notes.dropped(format!("{at}/name"), OTHER)?;
        }
        way.lose(rest, &at)?;
        let role = match role {
            Role::System => {
                let what = "sent as the user's: Gemini takes instructions at the beginning alone";
                way.notes.mapped(at, what);
                Role::User
            }
            role => role,
        };
        match &mut open {
            Some((last, said)) if *last == role => said.extend(parts),
            _ => {
                contents.extend(content(open.replace((role, parts)), way)?);
            }
        }
    }
    contents.extend(content(open, way)?);
    Ok(contents)
}

/// What one side says, unless it says nothing.
fn content<'a>(
    said: Option<(Role, Vec<Part<'a>>)>,
    way: &mut Way<'a, '_>,
) -> Result<Option<Node<'a>>, Fault> {
    let Some((role, mut parts)) = said else {
        return Ok(None);
    };
    // Results stand right behind their calls.
    if role == Role::User {
        let (results, others): (Vec<_>, Vec<_>) = parts
            .into_iter()
            .partition(|part| matches!(part.kind, Kind::Result(_)));
        parts = results;
        parts.extend(others);
    }
    let parts = parts::parts(parts, way)?;
    if parts.is_empty() {
        return Ok(None);
    }
    let object = Object::default()
        .with("role", name(role))
        .with("parts", parts);
    Ok(Some(object.into()))
}

fn own<'a>(turn: Turn<'a>, way: &mut Way<'a, '_>) -> Result<Node<'a>, Fault> {
    let (mut object, rest) = way.begin(&turn.at);
    object.put("role", name(turn.role));
    object.put("parts", parts::parts(turn.parts, way)?);
    object.rest(rest);
    object.rest(turn.rest);
    Ok(object.into())
}

const fn name(role: Role) -> &'static str {
    match role {
        Role::Assistant => "model",
        Role::User | Role::System => "user",
    }
}
