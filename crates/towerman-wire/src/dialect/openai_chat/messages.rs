//! The conversation of a client's request.

use std::borrow::Cow;

use towerman_core::Fault;

use super::parts::{self, Where};
use crate::neutral::{
    Around, Call, Fields, Input, Kind, Maker, Part, Raw, Request, Rest, Role, Seal, Sealed,
    Thought, ToolResult, Turn, fields::compact, refuse,
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
    let role = message.need_string("role", &at)?;
    let content = message.take("content");
    let content_at = format!("{at}/content");
    let (role, parts) = match &*role {
        "system" | "developer" => {
            let parts = parts::read(content, &content_at, Where::System)?;
            (Role::System, parts)
        }
        "user" => (Role::User, parts::read(content, &content_at, Where::Shown)?),
        "tool" => {
            let id = message.need_string("tool_call_id", &at)?;
            let content = parts::read(content, &content_at, Where::Shown)?;
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
            let said = parts::read(content, &content_at, Where::Said)?;
            (Role::Assistant, assistant(said, &mut message, &at, around)?)
        }
        _ => {
            return Err(refuse(
                format!("{at}/role"),
                "is no role that this API knows",
            ));
        }
    };
    Ok(Turn {
        role,
        parts,
        name: message.text("name", &at)?,
        at,
        rest: message.rest(),
    })
}

fn assistant<'a>(
    said: Vec<Part<'a>>,
    message: &mut Fields<'a>,
    at: &str,
    around: &mut Vec<Around<'a>>,
) -> Result<Vec<Part<'a>>, Fault> {
    message.refuse("function_call", at, "is a legacy call; use tool_calls")?;
    message.refuse("audio", at, "is audio, which this model's API cannot take")?;
    let mut all = thoughts(message, at)?;
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

/// What the clones call reasoning. Its seals stand in a list beside it.
fn thoughts<'a>(message: &mut Fields<'a>, at: &str) -> Result<Vec<Part<'a>>, Fault> {
    let mut all = Vec::new();
    let details = message.list("reasoning_details", at)?;
    for (i, raw) in details.into_iter().enumerate() {
        let at = format!("{at}/reasoning_details/{i}");
        all.push(Part {
            at: at.clone().into(),
            ..Part::of(detail(raw, &at)?)
        });
    }
    let content = message.text("reasoning_content", at)?;
    let text = match message.take("reasoning") {
        // Some send it under both names.
        Some(raw) if content.is_none() && raw.get().starts_with('"') => {
            Some(crate::neutral::Text::Spelt(raw))
        }
        _ => content,
    };
    // The details repeat the text, where they are there.
    if let Some(text) = text.filter(|text| all.is_empty() && !text.is_empty()) {
        all.push(Part {
            at: format!("{at}/reasoning_content").into(),
            ..Part::of(Kind::Thought(Thought {
                text: Some(text),
                ..Thought::default()
            }))
        });
    }
    Ok(all)
}

fn detail<'a>(raw: Raw<'a>, at: &str) -> Result<Kind<'a>, Fault> {
    let mut detail = Fields::read(raw, at)?;
    let kind = detail.need_string("type", at)?;
    let seal = |kind, data: Option<Cow<'a, str>>| {
        data.filter(|data| !data.is_empty())
            .map(|data| Seal::read(Maker::Chat, kind, data))
    };
    let thought = match &*kind {
        "reasoning.text" => Thought {
            text: detail.text("text", at)?,
            seal: seal(Sealed::Signature, detail.string("signature", at)?),
            ..Thought::default()
        },
        "reasoning.summary" => Thought {
            text: detail.text("summary", at)?,
            summary: true,
            ..Thought::default()
        },
        "reasoning.encrypted" => Thought {
            id: detail.string("id", at)?,
            seal: seal(Sealed::Encrypted, detail.string("data", at)?),
            ..Thought::default()
        },
        _ => return Ok(Kind::Foreign { kind, raw }),
    };
    Ok(Kind::Thought(thought))
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
    let seal = google(&mut call, &at)?;
    around.push(Around {
        at: inside_at.into(),
        own: Rest::default(),
        rest: function.rest(),
    });
    Ok(Part {
        rest: call.rest(),
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
fn google<'a>(call: &mut Fields<'a>, at: &str) -> Result<Option<Seal<'a>>, Fault> {
    let Some(raw) = call.take("extra_content") else {
        return Ok(None);
    };
    let at = format!("{at}/extra_content");
    let Some(mut google) = Fields::read(raw, &at)?.object("google", &at)? else {
        return Ok(None);
    };
    let data = google.string("thought_signature", &at)?;
    Ok(data.map(|data| Seal::read(Maker::Gemini, Sealed::Signature, data)))
}
