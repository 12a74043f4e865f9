//! The size of a prompt, counted by a provider of another dialect.
//!
//! What makes up a prompt is translated as it would be to be answered; what only shapes the answer
//! is no part of it, and is left out. The number is the provider's own: it says what the prompt is
//! there, not what it would be at home.

use bytes::Bytes;
use towerman_core::{Dialect, Fault, FaultKind, Losses, Operation};

use crate::{
    dialect::{self, To, Written},
    neutral::{Caching, Notes, Request, Sampling, check, placed, refuse, signed},
    translate::{Job, leave_behind},
};

/// What a dialect must be able to do that counts.
pub(crate) trait Codec: Sync {
    /// Reads a client's body.
    fn read_request<'a>(&self, body: &'a str, notes: &mut Notes) -> Result<Request<'a>, Fault>;

    /// Where in a client's body the request stands that is counted, as a JSON pointer.
    fn place(&self, _: &str) -> &'static str {
        ""
    }

    /// Makes a body that would be answered one that is counted.
    fn counted(&self, body: Bytes, model: &str) -> Result<Bytes, Fault>;

    /// Reads a provider's answer; nothing if it is none.
    fn read_answer(&self, body: &[u8]) -> Option<u64>;

    /// Writes an answer for a client.
    fn write_answer(&self, tokens: u64) -> Result<Bytes, Fault>;
}

/// Whether prompts of one dialect can be counted by providers of the other.
pub fn translates(from: Dialect, to: Dialect) -> bool {
    of(from).is_some() && of(to).is_some()
}

/// Writes a request for a count in another dialect.
///
/// # Errors
///
/// A [`FaultKind::InvalidRequest`] whose param is the JSON pointer of what cannot be said.
pub fn request(job: &Job<'_>, body: &[u8]) -> Result<(Bytes, Losses), Fault> {
    let text = std::str::from_utf8(body)
        .map_err(|_| Fault::new(FaultKind::InvalidRequest, "the body is not UTF-8"))?;
    retold(job, text).map_err(|fault| placed(fault, text))
}

fn retold(job: &Job<'_>, text: &str) -> Result<(Bytes, Losses), Fault> {
    let missing = || Operation::Count.missing();
    let (from, to) = of(job.from).zip(of(job.to)).ok_or_else(missing)?;
    let place = from.place(text);
    let told = counted(job, text, from, to).map_err(|fault| inside(fault, place));
    let (body, losses) = told?;
    let mut told = Losses::default();
    for loss in losses.list() {
        told.add(format!("{place}{}", loss.pointer), loss.tier, loss.what);
    }
    Ok((body, told))
}

/// A fault of what stands at `place`.
fn inside(fault: Fault, place: &str) -> Fault {
    let Some(at) = fault.named_param().map(str::to_owned) else {
        return fault;
    };
    let why = fault.message().strip_prefix(&at).map(str::trim_start);
    match why {
        Some(why) if !place.is_empty() => refuse(format!("{place}{at}"), why),
        _ => fault,
    }
}

fn counted(
    job: &Job<'_>,
    text: &str,
    from: &dyn Codec,
    to: &dyn Codec,
) -> Result<(Bytes, Losses), Fault> {
    let mut notes = Notes::new(job.strict);
    let mut request = Request {
        sampling: Sampling::default(),
        caching: Caching::default(),
        format: None,
        who: None,
        metadata: None,
        tier: None,
        stream: false,
        ..from.read_request(text, &mut notes)?
    };
    signed::together(&mut request);
    leave_behind(&mut request, job.to, &mut notes)?;
    check(&mut request, dialect::of(job.from).conversation(), false)?;
    let whom = To {
        model: job.model,
        own: false,
        forced: false,
        unshaped: false,
    };
    let Written { body, .. } = dialect::of(job.to).write_request(request, &whom, &mut notes)?;
    Ok((to.counted(body, job.model)?, notes.into_losses()))
}

/// Writes a provider's count for a client.
///
/// # Errors
///
/// A [`FaultKind::BadGateway`] if it is none.
pub fn response(from: Dialect, to: Dialect, body: &[u8]) -> Result<Bytes, Fault> {
    let message = "the provider's answer could not be understood";
    let bad = || Fault::new(FaultKind::BadGateway, message);
    let (from, to) = of(from).zip(of(to)).ok_or_else(bad)?;
    to.write_answer(from.read_answer(body).ok_or_else(bad)?)
}

fn of(dialect: Dialect) -> Option<&'static dyn Codec> {
    dialect::of(dialect).counts()
}
