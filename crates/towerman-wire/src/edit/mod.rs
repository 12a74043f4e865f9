//! Edits a request body in place: the bytes outside the edited spans stay as they are.
//!
//! Key order and spacing are money, because providers cache prompts by prefix; unknown members
//! belong to the user.

mod messages;
mod name;
mod nested;
mod rules;
#[cfg(test)]
mod tests;
mod usage;
mod words;

use std::ops::Range;

use bytes::Bytes;
use towerman_core::{Ask, Body, Dialect, Fault, Losses, Operation, Profile, UsageChunk};

pub use self::usage::is_usage_chunk;

/// `text` in the place of what stands at `span`.
#[derive(Debug)]
struct Edit {
    span: Range<usize>,
    text: Bytes,
}

/// By where it begins; what is put in before a span stands before what is done to the span.
const fn in_order(edit: &Edit) -> (usize, usize) {
    (edit.span.start, edit.span.end)
}

/// `body`, addressed to `model`; with `include_usage`, a stream will report its usage.
///
/// `ask` must have been read from `body`. Without an edit the body is the same [`Bytes`]; with
/// one it is a rope around the edits, and the prompt is not copied. Idempotent.
pub fn retarget(ask: &Ask, body: &Bytes, model: &str, include_usage: bool) -> Body {
    splice(body, address(ask, body, model, include_usage))
}

/// `body`, addressed to `model` at a host that speaks its dialect as `profile` says, and what was
/// changed for that beyond the name.
///
/// As [`retarget`], and as cheap where the profile is plain.
///
/// # Errors
///
/// An invalid request, whose param is what the host cannot do.
pub fn forward(
    ask: &Ask,
    body: &Bytes,
    model: &str,
    profile: &Profile,
) -> Result<(Body, Losses), Fault> {
    let include = profile.usage == UsageChunk::Ask;
    let mut edits = address(ask, body, model, include);
    let mut losses = Losses::default();
    if !profile.is_plain() {
        let bent = bend(profile, body, &mut losses)?;
        // What a rule is about is not ours to edit.
        edits.retain(|edit| {
            let outside =
                |rule: &Edit| edit.span.end <= rule.span.start || edit.span.start >= rule.span.end;
            bent.iter().all(outside)
        });
        edits.extend(bent);
        edits.sort_by_key(in_order);
    }
    Ok((splice(body, edits), losses))
}

/// A body that was written in a plain dialect, bent for the host.
///
/// # Errors
///
/// As [`forward`].
pub fn bent(body: Bytes, profile: &Profile, losses: &mut Losses) -> Result<Body, Fault> {
    if profile.is_plain() {
        return Ok(body.into());
    }
    let edits = bend(profile, &body, losses)?;
    Ok(splice(&body, edits))
}

/// The edits that a profile asks for, in order.
fn bend(profile: &Profile, body: &Bytes, losses: &mut Losses) -> Result<Vec<Edit>, Fault> {
    let mut edits = rules::edits(profile.rules, body, losses)?;
    if !profile.developer || profile.nine_ids {
        messages::edits(profile, body, &mut edits, losses);
    }
    edits.sort_by_key(in_order);
    Ok(edits)
}

/// The edits that name the model and ask for usage, in order.
fn address(ask: &Ask, body: &Bytes, model: &str, include_usage: bool) -> Vec<Edit> {
    let include =
        include_usage && ask.stream && ask.dialect == Dialect::OpenAiChat && !ask.include_usage;
    let (name, options) = match &ask.stream_options_span {
        Some(span) if include => (
            name::named(ask, model, false),
            usage::include_in(body, span),
        ),
        _ => (name::named(ask, model, include), None),
    };
    let mut edits: Vec<Edit> = name.into_iter().chain(options).collect();
    if ask.dialect == Dialect::Gemini && ask.operation != Operation::Generate {
        edits.extend(nested::named(body, model));
    }
    edits.sort_by_key(|edit| edit.span.start);
    edits
}

/// `body` with these edits, which are in order. Unchanged if they are not spans of it.
fn splice(body: &Bytes, edits: Vec<Edit>) -> Body {
    let mut at = 0;
    for Edit { span, .. } in &edits {
        if span.start < at || span.end < span.start || span.end > body.len() {
            return body.clone().into();
        }
        at = span.end;
    }
    if edits.is_empty() {
        return body.clone().into();
    }
    let mut pieces = Vec::with_capacity(2 * edits.len() + 1);
    let mut at = 0;
    for Edit { span, text } in edits {
        pieces.push(body.slice(at..span.start));
        pieces.push(text);
        at = span.end;
    }
    pieces.push(body.slice(at..));
    Body::rope(pieces)
}
