//! Whether a conversation makes sense, whatever dialect it was written in.

use std::borrow::Cow;

use towerman_core::{Fault, NeedKind};

use super::{Kind, Request, Role, Text, Turn, refuse};

/// No turn has nearly as many calls.
const LIMIT: usize = 1024;

/// A call of the assistant's last turn.
#[derive(Debug)]
struct Open<'a> {
    id: Cow<'a, str>,
    name: Text<'a>,
    at: Box<str>,
    answered: bool,
}

/// Checks that the conversation says something, and that every call of the assistant's has one
/// result before the assistant speaks again, and every result one call. Tells each result the name
/// of its tool.
///
/// `conversation` is where it stands, as a JSON pointer. What a provider keeps may hold
/// the calls that are answered here, and all that is said. What is said to the client's `own`
/// dialect is that provider's to judge.
pub(crate) fn check(
    request: &mut Request<'_>,
    conversation: &'static str,
    own: bool,
) -> Result<(), Fault> {
    let kept = request
        .bound
        .iter()
        .any(|bound| bound.kind == NeedKind::State);
    let mut open: Vec<Open<'_>> = Vec::new();
    for turn in &mut request.turns {
        if turn.role == Role::Assistant {
            close(&mut open)?;
        }
        for part in &mut turn.parts {
            match &mut part.kind {
                Kind::Call(call) => {
                    if open.len() == LIMIT {
                        return Err(refuse(&*part.at, "is one call too many"));
                    }
                    if open.iter().any(|other| other.id == call.id) {
                        return Err(refuse(&*part.at, "has the id of another call"));
                    }
                    open.push(Open {
                        id: call.id.clone(),
                        name: call.name.clone(),
                        at: part.at.clone(),
                        answered: false,
                    });
                }
                Kind::Result(result) => {
                    let call = open
                        .iter_mut()
                        .find(|call| !call.answered && call.id == result.id);
                    let Some(call) = call else {
                        if kept {
                            continue;
                        }
                        let why = "answers no open call of the assistant's last turn";
                        return Err(refuse(&*part.at, why));
                    };
                    call.answered = true;
                    result.name = Some(call.name.clone());
                }
                _ => {}
            }
        }
    }
    close(&mut open)?;
    let speaks = |turn: &Turn<'_>| turn.role != Role::System && !turn.parts.is_empty();
    if !own && !kept && !request.turns.iter().any(speaks) {
        let why = "must say something besides the system prompt";
        return Err(refuse(conversation, why));
    }
    Ok(())
}

fn close(open: &mut Vec<Open<'_>>) -> Result<(), Fault> {
    if let Some(call) = open.iter().find(|call| !call.answered) {
        return Err(refuse(&*call.at, "is a call without a result"));
    }
    open.clear();
    Ok(())
}
