//! What a dialect must be able to do.

use std::fmt;

use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use towerman_core::{Fault, FaultKind};

use crate::{
    counts,
    fault::Told,
    framing::Event,
    json::Invalid,
    neutral::{Answer, Delta, Hearer, Notes, Request, signed::Seals},
    observe::Delta as Learnt,
    vectors,
};

/// Reads and writes one dialect. Pure, and without state of its own.
///
/// Readers of requests are strict: what they do not understand they refuse with a JSON pointer,
/// or keep as [`Rest`](crate::neutral::Rest) or [`Foreign`](crate::neutral::Kind::Foreign).
/// Readers of answers are lenient: unknown members and types are passed over, and a defect costs
/// no more than the part that has it.
pub(crate) trait Codec: fmt::Debug + Sync {
    /// Reads a client's body. `stream` and the model are told by the path in some dialects; the
    /// caller fills them in.
    fn read_request<'a>(&self, body: &'a str, notes: &mut Notes) -> Result<Request<'a>, Fault>;

    /// Where the conversation stands in a client's body, as a JSON pointer.
    fn conversation(&self) -> &'static str {
        "/messages"
    }

    /// Writes a body for a provider. The conversation was checked.
    fn write_request(
        &self,
        request: Request<'_>,
        to: &To<'_>,
        notes: &mut Notes,
    ) -> Result<Written, Fault>;

    /// Reads a provider's whole answer.
    fn read_answer<'a>(&self, body: &'a [u8]) -> Result<Answer<'a>, Fault>;

    /// Writes a whole answer for a client.
    fn write_answer(&self, answer: Answer<'_>, hearer: &Hearer) -> Result<Bytes, Fault>;

    /// Reads a provider's stream.
    fn decoder(&self) -> Box<dyn Decode>;

    /// Writes a stream for a client.
    fn encoder(&self, hearer: Hearer) -> Box<dyn Encode>;

    /// Its streams say one part after the other: the encoder is told each part from `Open` to
    /// `Close` before the next one opens.
    fn sequential(&self) -> bool {
        false
    }

    /// The seals that its conversations carry.
    fn seals(&self) -> Seals {
        Seals::default()
    }

    /// What one event of a stream says, for those who let its bytes pass. Allocates nothing.
    fn learn<'a>(&self, event: Event<'a>) -> Result<Learnt<'a>, Invalid>;

    /// What a whole answer says, for those who let its bytes pass.
    fn learn_whole<'a>(&self, body: &'a [u8]) -> Result<Learnt<'a>, Invalid>;

    /// Its embeddings, if it has any.
    fn vectors(&self) -> Option<&'static dyn vectors::Codec> {
        None
    }

    /// Its counts of prompts, if it has any.
    fn counts(&self) -> Option<&'static dyn counts::Codec> {
        None
    }

    /// How its token counts add up.
    fn sum(&self) -> Sum;

    /// The reason to stop proves that a stream is complete, if its bytes then end.
    fn finish_is_proof(&self) -> bool {
        false
    }

    /// The status that tells its clients of a fault.
    fn status(&self, kind: FaultKind) -> StatusCode {
        kind.status()
    }

    /// The JSON body that tells its clients of a fault. `request_id` is the gateway's own.
    fn fault(&self, fault: &Fault, told: Told<'_>, request_id: Option<&str>) -> Bytes;

    /// Appends the event that ends a stream because of a fault.
    fn fault_event(&self, fault: &Fault, request_id: Option<&str>, out: &mut Vec<u8>);
}

/// How a dialect's token counts add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sum {
    /// The prompt's count includes what was read from caches and written to them.
    Inclusive,
    /// The prompt's parts are disjoint.
    Exclusive,
    /// As `Inclusive`, and reasoning is counted beside the output.
    Beside,
}

/// To whom a request goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct To<'a> {
    /// The provider's name for the model.
    pub(crate) model: &'a str,
    /// The client speaks this dialect, too: what only it knows is written as it was read.
    pub(crate) own: bool,
    /// A tool must be called that the client knows nothing of.
    pub(crate) forced: bool,
    /// The shape of the answer was taken out: nothing that the client spelt of it may be written.
    pub(crate) unshaped: bool,
}

/// A request as the provider understands it.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) body: Bytes,
    /// Stop sequences that the provider could not be told: the answer must be cut at them.
    pub(crate) cut: Vec<String>,
}

/// An event that could not be read.
#[derive(Debug)]
pub(crate) struct Unreadable;

/// Who is told what a stream says.
pub(crate) type Say<'s> = &'s mut dyn FnMut(Delta<'_>);

/// Reads the events of one stream.
pub(crate) trait Decode: fmt::Debug + Send {
    /// Takes one event in, and says what it amounts to. A provider's error is a
    /// [`Delta::Fail`]; an event that is no event of the dialect is unreadable, and unless that
    /// goes on it is passed over.
    fn event(&mut self, event: Event<'_>, say: &mut dyn FnMut(Delta<'_>))
    -> Result<(), Unreadable>;

    /// The bytes are over. Says [`Delta::End`] if that had not been said and the answer is known
    /// to be complete; a torn answer says nothing.
    fn end(&mut self, say: &mut dyn FnMut(Delta<'_>));
}

/// Writes the events of one stream.
pub(crate) trait Encode: fmt::Debug + Send {
    /// Appends what `delta` looks like, if it looks like anything. [`Delta::Fail`] is not told
    /// here: the caller writes the dialect's error event.
    fn delta(&mut self, delta: Delta<'_>, out: &mut Vec<u8>);
}

/// JSON text of a shape that is always JSON.
pub(crate) fn write(shape: &impl Serialize) -> Result<Bytes, Fault> {
    serde_json::to_vec(shape).map(Bytes::from).map_err(|error| {
        Fault::new(FaultKind::Internal, "the translation could not be written").because(error)
    })
}

/// A body that needs no cutting.
pub(crate) fn written(shape: &impl Serialize) -> Result<Written, Fault> {
    Ok(Written {
        body: write(shape)?,
        cut: Vec::new(),
    })
}

/// `{}`.
pub(crate) fn empty_object() -> Box<RawValue> {
    RawValue::from_string("{}".to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
