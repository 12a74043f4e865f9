//! One dialect into another, and back.
//!
//! What a dialect cannot say is either *cosmetic*, and then it is dropped and listed as a
//! [loss](Told), or it *changes the answer*, and then the request is refused with the JSON pointer of
//! what was asked. Nothing is dropped in silence.
//!
//! | | OpenAI Chat → Anthropic Messages | Anthropic Messages → OpenAI Chat |
//! |---|---|---|
//! | system | leading `system`/`developer` messages → `system` blocks; later ones → `role: system` after the user's turn they stand in | `system` → one message; `role: system` stays where it is |
//! | turns | neighbours of one role are merged | as they are |
//! | tool results | `tool_result` blocks at the start of one user turn | `role: tool` messages; images move to a user message behind them |
//! | output limit | 4096 if none is given: Anthropic wants one | `max_completion_tokens` |
//! | temperature | above 1 becomes 1 | as it is |
//! | JSON | `json_schema` → `output_config.format`; `json_object` → a sentence in `system` | `output_config.format` → `json_schema` |
//! | reasoning | `reasoning_effort` → `output_config.effort`; `none` → thinking disabled | effort, or a thinking budget, → `reasoning_effort` |
//! | thinking in history | dropped: it is signed for one provider | dropped |
//! | refused | `n` > 1, `logprobs`, audio, file ids, custom tools, web search, legacy functions | server tools and their blocks, MCP, containers, file ids, more than 4 stop sequences |
//!
//! The schemas and inputs of tools keep their bytes, order of keys included: prompt caches are
//! prefix caches.
//!
//! Model names mean nothing here. A model that lacks something its dialect can say (an effort, a
//! system message in mid conversation) refuses for itself.

mod anthropic;
mod anthropic_to_openai;
mod calls;
mod finish;
mod loss;
mod neutral;
mod openai;
mod openai_to_anthropic;
mod stream;
pub(crate) mod trouble;
mod usage;

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use towerman_core::{Dialect, Fault, FaultKind, Losses as Told};

pub(crate) use self::loss::Losses;
pub use self::{
    neutral::{Gather, retell},
    stream::{Options, Stream},
};
use crate::{
    dialect::{self, To, Written},
    framing::Framing,
    neutral::{Notes, Request, check, fields, media},
};

/// A request in another dialect.
#[derive(Clone, Debug)]
pub struct Translated {
    /// The body.
    pub body: Bytes,
    /// What was dropped on the way, or bent.
    pub losses: Told,
    /// Stop sequences that the provider could not be told: the answer must be cut at them.
    pub cut: Vec<String>,
}

/// Writes a request of dialect `from` in dialect `to`, for `model`.
///
/// # Errors
///
/// A [`FaultKind::InvalidRequest`] whose param is the JSON pointer of what cannot be said.
pub fn request(from: Dialect, to: Dialect, body: &[u8], model: &str) -> Result<Translated, Fault> {
    let text = std::str::from_utf8(body)
        .map_err(|_| Fault::new(FaultKind::InvalidRequest, "the body is not UTF-8"))?;
    if let (Some(reader), Some(writer)) = (dialect::of(from), dialect::of(to)) {
        let mut notes = Notes::new(false);
        let mut request = reader.read_request(text, &mut notes)?;
        if from != to {
            leave_behind(&mut request, &mut notes)?;
        }
        check(&mut request, reader.conversation())?;
        let to = To {
            model,
            own: from == to,
        };
        let Written { body, cut } = writer.write_request(request, &to, &mut notes)?;
        return Ok(Translated {
            body,
            losses: notes.into_losses(),
            cut,
        });
    }
    let mut losses = Losses::default();
    let body = match (from, to) {
        (Dialect::OpenAiChat, Dialect::Anthropic) => {
            openai_to_anthropic::request(text, model, &mut losses)?
        }
        (Dialect::Anthropic, Dialect::OpenAiChat) => {
            anthropic_to_openai::request(text, model, &mut losses)?
        }
        _ => retarget(text, model)?,
    };
    Ok(Translated {
        body,
        losses: losses.into_core(),
        cut: Vec::new(),
    })
}

/// Leaves behind what only the client's own dialect knows what to do with.
fn leave_behind(request: &mut Request<'_>, notes: &mut Notes) -> Result<(), Fault> {
    if let Some(bound) = request.bound.first() {
        return Err(notes.refused(bound.at.clone(), bound.why));
    }
    for around in std::mem::take(&mut request.around) {
        let what = "dropped: only the client's own dialect knows it";
        around.rest.lose(&around.at, what, notes)?;
    }
    Ok(())
}

/// Writes a complete JSON answer of dialect `from` (the provider's) in dialect `to` (the
/// client's).
///
/// # Errors
///
/// A [`FaultKind::BadGateway`] if the answer is none: not of the dialect, an error after all, or
/// a tool call that is no JSON.
pub fn response(
    from: Dialect,
    to: Dialect,
    body: &[u8],
    options: &Options,
) -> Result<Bytes, Fault> {
    if let (Some(reader), Some(writer)) = (dialect::of(from), dialect::of(to)) {
        return writer.write_answer(reader.read_answer(body)?, &options.hearer());
    }
    match (from, to) {
        (Dialect::OpenAiChat, Dialect::Anthropic) => openai_to_anthropic::response(body),
        (Dialect::Anthropic, Dialect::OpenAiChat) => {
            anthropic_to_openai::response(body, options.created)
        }
        _ => Ok(Bytes::copy_from_slice(body)),
    }
}

/// The media type of a dialect's streams.
pub fn media_type(dialect: Dialect) -> &'static str {
    Framing::of(dialect).media_type()
}

/// JSON text of a shape that is always JSON.
fn write(shape: &impl Serialize) -> Result<Bytes, Fault> {
    serde_json::to_vec(shape).map(Bytes::from).map_err(|error| {
        Fault::new(FaultKind::Internal, "the translation could not be written").because(error)
    })
}

/// `{}`.
fn empty_object() -> Box<RawValue> {
    RawValue::from_string("{}".to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// The same request for another model.
fn retarget(text: &str, model: &str) -> Result<Bytes, Fault> {
    struct Retargeted<'a>(fields::Fields<'a>, &'a str);

    impl Serialize for Retargeted<'_> {
        fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeMap as _;
            let mut map = to.serialize_map(None)?;
            for (key, value) in self.0.members() {
                if key == "model" {
                    map.serialize_entry(key, self.1)?;
                } else {
                    map.serialize_entry(key, value)?;
                }
            }
            map.end()
        }
    }

    write(&Retargeted(fields::Fields::body(text)?, model))
}
