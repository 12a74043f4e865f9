//! Bedrock's Converse: one API for the models of many vendors.

mod answer;
mod cite;
mod decode;
mod encode;
mod fault;
mod formats;
mod learn;
mod picture;
mod read;
mod said;
mod tell;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use self::formats::is_common;

use bytes::Bytes;
use http::StatusCode;
use towerman_core::{Fault, FaultKind};

use super::{Decode, Encode, Sum, To, Written};
use crate::{
    fault::Told,
    framing::Event,
    json::Invalid,
    neutral::{Answer, Hearer, Notes, Request, signed::Seals},
    observe::Delta as Learnt,
};

/// What becomes of a member that it does not know.
const NOTHING_LIKE_IT: &str = "dropped: Converse has nothing like it";

/// Reads and writes Converse.
///
/// The path says the model, and whether to stream. What a client of this dialect says is written
/// back as it was spelt, but for reasoning of other providers.
#[derive(Debug)]
pub(crate) struct Codec;

impl super::Codec for Codec {
    fn read_request<'a>(&self, body: &'a str, _: &mut Notes) -> Result<Request<'a>, Fault> {
        read::request(body)
    }

    fn write_request(
        &self,
        request: Request<'_>,
        to: &To<'_>,
        notes: &mut Notes,
    ) -> Result<Written, Fault> {
        write::request(request, to, notes)
    }

    fn read_answer<'a>(&self, body: &'a [u8]) -> Result<Answer<'a>, Fault> {
        answer::read(body)
    }

    fn write_answer(&self, answer: Answer<'_>, _: &Hearer) -> Result<Bytes, Fault> {
        tell::answer(answer)
    }

    fn decoder(&self) -> Box<dyn Decode> {
        Box::<decode::Decoder>::default()
    }

    fn encoder(&self, _: Hearer) -> Box<dyn Encode> {
        Box::<encode::Encoder>::default()
    }

    fn sequential(&self) -> bool {
        true
    }

    fn seals(&self) -> Seals {
        Seals::Thoughts
    }

    fn learn<'a>(&self, event: Event<'a>) -> Result<Learnt<'a>, Invalid> {
        learn::event(event)
    }

    fn learn_whole<'a>(&self, body: &'a [u8]) -> Result<Learnt<'a>, Invalid> {
        learn::whole(body)
    }

    fn sum(&self) -> Sum {
        Sum::Exclusive
    }

    fn finish_is_proof(&self) -> bool {
        true
    }

    fn status(&self, kind: FaultKind) -> StatusCode {
        fault::status(kind)
    }

    fn fault(&self, fault: &Fault, _: Told<'_>, _: Option<&str>) -> Bytes {
        fault::body(fault)
    }

    fn fault_event(&self, fault: &Fault, _: Option<&str>, out: &mut Vec<u8>) {
        fault::event(fault, out);
    }
}
