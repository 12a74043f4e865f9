//! The conversation of a client's request.

use std::borrow::Cow;

use towerman_core::Fault;

use super::{
    parts::{self, MARKS, Where, mark, spelt},
    said::signature,
    thoughts,
};
use crate::neutral::{
    Around, Call, Fields, Input, Kind, Part, Raw, Request, Rest, Role, Seal, ToolResult, Turn,
    fields::compact, refuse,
};

/// Reads the messages: what stands before the first that is not the system's is the system prompt.
pub(super) fn read<'a>(messages: Vec<Raw<'a>>, request: &mut Request<'a>) -> Result<(), Fault> {
    for (i, raw) in messages.into_iter().enumerate() {
        let turn = message(raw, format!("/messages/{i}").into(), &mut request.around)?;
        let leads = turn.role == Role::System && request.turns.is_empty();
        if leads && turn.name.is_none() && turn.rest.0.is_empty() {
            request.system.extend(turn.parts);
        } else {
            request.turns.push(turn);
        }
    }
    Ok(())
}

fn message<'a>(
    raw: Raw<'a>,
    at: Box<str>,
    around: &mut Vec<Around<'a>>,
) -> Result<Turn<'a>, Fault> {
    let mut message = Fields::read(raw, &at)?;
    let mut own = Vec::new();
    let role = message.need_string("role", &at)?;
    let content = message.take("content");
    // Some clients mark the whole message, which is its end.
    own.extend(spelling(&message, &MARKS));
    let marked = mark(&mut message, &at)?;
    let content_at = format!("{at}/content");
    let (role, mut parts) = match &*role {
        "system" | "developer" => {
            // To other dialects it is but another word.
            let newer = Fields::read(raw, &at)?;
            own.extend(spelling(&newer, &["role"]).filter(|_| role == "developer"));
            let parts = parts::read(content, &content_at, Where::System, around)?;
            (Role::System, parts)
        }
        "user" => {
            let parts = parts::read(content, &content_at, Where::Shown, around)?;
            (Role::User, parts)
        }
        "tool" => {
            let id = message.need_string("tool_call_id", &at)?;
            let content = parts::read(content, &content_at, Where::Shown, around)?;
            let result = Kind::Result(ToolResult {
                id,
                name: None,
                content,
                object: None,
                error: false,
            });
            let part = Part {
                at: at.clone(),
                ..Part::of(result)
            };
            (Role::User, vec![part])
        }
        "assistant" => {
            let said = parts::read(content, &content_at, Where::Said, around)?;
            own.extend(spelling(&message, &["reasoning_content", "reasoning"]));
            (Role::Assistant, assistant(said, &mut message, &at, around)?)
        }
        _ => {
            return Err(refuse(
                format!("{at}/role"),
                "is no role that this API knows",
            ));
        }
    };
    if let Some(last) = parts.last_mut() {
        last.mark = last.mark.or(marked);
    }
    around.push(Around {
        at: at.clone(),
        own: Rest(own),
        rest: Rest::default(),
    });
    Ok(Turn {
        role,
        parts,
        name: message.text("name", &at)?,
        at,
        rest: message.rest(),
    })
}

/// Those of an object's members that have one of these names.
fn spelling<'a>(
    fields: &Fields<'a>,
    names: &'static [&'static str],
) -> impl Iterator<Item = (Cow<'a, str>, Raw<'a>)> {
    let all = fields.members().to_vec().into_iter();
    all.filter(|(key, _)| names.contains(&&**key))
}

fn assistant<'a>(
    said: Vec<Part<'a>>,
    message: &mut Fields<'a>,
    at: &str,
    around: &mut Vec<Around<'a>>,
) -> Result<Vec<Part<'a>>, Fault> {
    message.refuse("function_call", at, "is a legacy call; use tool_calls")?;
    message.refuse("audio", at, "is audio, which this model's API cannot take")?;
    let mut all = thoughts::read(message, at, around)?;
    all.extend(said);
    if let Some(refusal) = message.text("refusal", at)? {
        all.push(Part {
            at: format!("{at}/refusal").into(),
            ..Part::of(Kind::Refusal(refusal))
        });
    }
    for (i, raw) in message.list("tool_calls", at)?.into_iter().enumerate() {
        all.push(call(raw, format!("{at}/tool_calls/{i}").into(), around)?);
    }
    Ok(all)
}

fn call<'a>(raw: Raw<'a>, at: Box<str>, around: &mut Vec<Around<'a>>) -> Result<Part<'a>, Fault> {
    let mut call = Fields::read(raw, &at)?;
    let kind = call.string("type", &at)?;
    let id = call.need_string("id", &at)?;
    let (inside, custom) = match kind.as_deref() {
        None | Some("function") => ("function", false),
        Some("custom") => ("custom", true),
        Some(_) => {
            return Err(refuse(
                format!("{at}/type"),
                "must be function for this model's API",
            ));
        }
    };
    let inside_at = format!("{at}/{inside}");
    let function = call.object(inside, &at)?;
    let mut function = function.ok_or_else(|| refuse(&*inside_at, "is missing"))?;
    let name = function.need_text("name", &inside_at)?;
    let input = if custom {
        Input::Spelt(function.string("input", &inside_at)?.unwrap_or_default())
    } else {
        arguments(&mut function, &inside_at)?
    };
    let seal = google(&mut call);
    let members = call.members().to_vec();
    let mark = mark(&mut call, &at)?;
    let rest = call.rest();
    around.push(Around {
        at: at.clone(),
        own: spelt(members, &rest, |_| true),
        rest: Rest::default(),
    });
    around.push(Around {
        at: inside_at.into(),
        own: Rest::default(),
        rest: function.rest(),
    });
    Ok(Part {
        mark,
        rest,
        at,
        ..Part::of(Kind::Call(Call {
            id,
            name,
            input,
            custom,
            seal,
        }))
    })
}

/// A string; some clients send the object itself.
fn arguments<'a>(function: &mut Fields<'a>, at: &str) -> Result<Input<'a>, Fault> {
    match function.take("arguments") {
        None => Ok(Input::Spelt(Cow::Borrowed(""))),
        Some(raw) if raw.get().starts_with('{') => Ok(Input::Spelt(compact(raw).into())),
        Some(raw) => {
            let said: crate::neutral::fields::Said<'a> =
                crate::neutral::fields::read(raw, &format!("{at}/arguments"), "a string")?;
            Ok(Input::Spelt(said.0))
        }
    }
}

/// Where Gemini's own door for this dialect keeps the signature of a call.
fn google<'a>(call: &mut Fields<'a>) -> Option<Seal<'a>> {
    let (_, raw) = spelling(call, &["extra_content"]).next()?;
    let seal = signature(Some(raw))?;
    call.take("extra_content");
    Some(seal)
}
