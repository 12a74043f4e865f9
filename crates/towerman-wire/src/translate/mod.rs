//! One dialect into another, and back.
//!
//! A request is read into a neutral form by the client's dialect, checked, and written by the
//! provider's; an answer goes the other way, whole or event by event. No dialect knows another.
//!
//! What a dialect cannot say is either *cosmetic*, and then it is dropped or bent and listed in the
//! [losses](Losses), or it *changes the answer*, and then the request is refused with the JSON
//! pointer of what was asked. Nothing is dropped in silence.
//!
//! | | what becomes of it where a dialect says it otherwise |
//! |---|---|
//! | turns | neighbours of one role are merged where roles must alternate |
//! | system messages in mid-conversation | stay where they are, or are sent as the user's |
//! | results of tools | messages of their own, or blocks; media move behind them where only text can be returned |
//! | output limit | 4096 for Anthropic, if none is given: it wants one |
//! | temperature | what is above a dialect's range becomes its end; dropped where an API [takes none](Job::samples) |
//! | JSON mode | a sentence in the instructions where only schemas are known |
//! | a schema for the answer | a tool that must be called, where the [endpoint](Schemas) knows no schemas |
//! | reasoning effort | a budget of tokens, and back, by fixed thresholds |
//! | reasoning in history | kept for whoever signed it, and dropped for everybody else |
//! | stop sequences beyond what a provider takes | [cut](Translated::cut) as the answer passes |
//! | prompt-cache marks | kept where a dialect has them |
//! | refused | what only the client's own provider keeps or runs, and what would change the answer |
//!
//! The schemas and inputs of tools keep their bytes, order of keys included: prompt caches are
//! prefix caches.
//!
//! Model names mean nothing here. A model that lacks something its dialect can say (an effort, a
//! system message in mid conversation) refuses for itself.

mod answer_tool;
mod cutter;
mod mender;
mod neutral;
mod stream;
pub(crate) mod trouble;

use bytes::Bytes;
use towerman_core::{Dialect, Fault, FaultKind, Losses, NeedKind, Schemas};

pub use self::{
    neutral::{Gather, retell},
    stream::{Options, Stream},
};
use crate::{
    dialect::{self, To, Written},
    framing::Framing,
    neutral::{Format, Notes, Request, Sampling, ToolChoice, check, placed, signed},
};

/// A request in another dialect.
#[derive(Clone, Debug)]
pub struct Translated {
    /// The body.
    pub body: Bytes,
    /// What was dropped on the way, or bent.
    pub losses: Losses,
    /// Stop sequences that the provider could not be told: the answer must be
    /// [cut](Options::cut) at them.
    pub cut: Vec<String>,
    /// The tool whose input is [the answer](Options::answer_tool).
    pub answer_tool: Option<String>,
}

/// What a request is translated for.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The client's dialect.
    pub from: Dialect,
    /// The provider's.
    pub to: Dialect,
    /// The provider's name for the model.
    pub model: &'a str,
    /// Whether the answer shall be streamed, where the path says it and not the body.
    pub stream: bool,
    /// Nothing may be dropped.
    pub strict: bool,
    /// How the endpoint is told of schemas.
    pub schemas: Schemas,
    /// Whether the endpoint takes temperature, `top_p` and `top_k`: Anthropic's API of 2026-10-21
    /// takes none of them.
    pub samples: bool,
}

impl<'a> Job<'a> {
    /// A request of dialect `from`, for `model` at a provider that speaks `to`.
    pub const fn new(from: Dialect, to: Dialect, model: &'a str) -> Self {
        Self {
            from,
            to,
            model,
            stream: false,
            strict: false,
            schemas: Schemas::Native,
            samples: true,
        }
    }
}

/// Writes a request of dialect `from` in dialect `to`, for `model`.
///
/// # Errors
///
/// As [`translate`].
pub fn request(from: Dialect, to: Dialect, body: &[u8], model: &str) -> Result<Translated, Fault> {
    translate(&Job::new(from, to, model), body)
}

/// Writes a request in another dialect.
///
/// # Errors
///
/// A [`FaultKind::InvalidRequest`] whose param is the JSON pointer of what cannot be said.
pub fn translate(job: &Job<'_>, body: &[u8]) -> Result<Translated, Fault> {
    let text = std::str::from_utf8(body)
        .map_err(|_| Fault::new(FaultKind::InvalidRequest, "the body is not UTF-8"))?;
    retold(job, text).map_err(|fault| placed(fault, text))
}

fn retold(job: &Job<'_>, text: &str) -> Result<Translated, Fault> {
    let (reader, writer) = (dialect::of(job.from), dialect::of(job.to));
    let mut notes = Notes::new(job.strict);
    let mut request = reader.read_request(text, &mut notes)?;
    request.stream |= job.stream;
    let own = job.from == job.to;
    if !own {
        signed::together(&mut request);
        leave_behind(&mut request, job.to, &mut notes)?;
        if !job.samples {
            unsampled(&mut request.sampling, &mut notes)?;
        }
    }
    check(&mut request, reader.conversation(), own)?;
    let shaped = request.format.is_some();
    let answer_tool = match job.schemas {
        Schemas::Native => None,
        Schemas::Tool => {
            let serial = matches!(
                job.to,
                Dialect::OpenAiChat | Dialect::OpenAiResponses | Dialect::Anthropic
            );
            answer_tool::offer(&mut request, serial, &mut notes)?
        }
    };
    let to = To {
        model: job.model,
        own,
        forced: answer_tool.is_some(),
        unshaped: shaped && request.format.is_none(),
    };
    let Written { body, cut } = writer.write_request(request, &to, &mut notes)?;
    Ok(Translated {
        body,
        losses: notes.into_losses(),
        cut,
        answer_tool,
    })
}

/// Leaves out what a provider would refuse even at its default.
fn unsampled(sampling: &mut Sampling<'_>, notes: &mut Notes) -> Result<(), Fault> {
    let places = [
        sampling.temperature.take().map(|set| set.at),
        sampling.top_p.take().map(|set| set.at),
        sampling.top_k.take().map(|set| set.at),
    ];
    for at in places.into_iter().flatten() {
        let what = "dropped: this version of the provider's API takes none";
        notes.dropped(at, what)?;
    }
    Ok(())
}

/// Whether a request has a schema for its answer that the endpoint is told as a tool.
///
/// A request that cannot be read has none.
pub fn becomes_tool(job: &Job<'_>, body: &[u8]) -> bool {
    let asked = || {
        let text = std::str::from_utf8(body).ok()?;
        let mut notes = Notes::new(false);
        let request = dialect::of(job.from).read_request(text, &mut notes).ok()?;
        Some(matches!(request.format?.value, Format::Schema { .. }))
    };
    job.schemas == Schemas::Tool && asked().unwrap_or_default()
}

/// Leaves behind what only the client's own dialect knows what to do with.
pub(crate) fn leave_behind(
    request: &mut Request<'_>,
    to: Dialect,
    notes: &mut Notes,
) -> Result<(), Fault> {
    let mut bound = request.bound.iter();
    if let Some(bound) = bound.find(|bound| bound.kind != NeedKind::Prefill || !to.prefills()) {
        return Err(notes.refused(bound.at.clone(), bound.why));
    }
    let forced = |choice: &ToolChoice<'_>| {
        matches!(
            choice,
            ToolChoice::Any | ToolChoice::Named(_) | ToolChoice::AnyOf(_)
        )
    };
    if let Some(choice) = request.choice.as_ref().filter(|set| forced(&set.value))
        && request.tools.is_empty()
    {
        return Err(notes.refused(choice.at, "asks for a tool, and there is none"));
    }
    for around in std::mem::take(&mut request.around) {
        let what = "dropped: only the client's own dialect knows it";
        around.rest.lose(&around.at, what, notes)?;
    }
    Ok(())
}

/// Writes a complete answer of dialect `from` (the provider's) in dialect `to` (the client's).
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
    let answer = dialect::of(from).read_answer(body)?;
    let answer = neutral::named(neutral::mended(answer, options), &options.id);
    neutral::write(answer, dialect::of(to), &options.hearer())
}

/// The media type of a dialect's streams.
pub fn media_type(dialect: Dialect) -> &'static str {
    Framing::of(dialect).media_type()
}
