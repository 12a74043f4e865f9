//! Anthropic's Messages: `POST /v1/messages`.

mod answer;
mod cite;
mod counts;
mod decode;
mod encode;
mod fault;
mod finish;
mod read;
mod said;
mod shape;
#[cfg(test)]
mod tests;
mod usage;
mod write;

use bytes::Bytes;
use http::StatusCode;
use towerman_core::{Fault, FaultKind};

use super::{Decode, Encode, Sum, To, Written};
use crate::{
    fault::Told,
    framing::Event,
    json::Invalid,
    neutral::{Answer, Hearer, Notes, Request, signed::Seals},
    observe::{Delta as Learnt, anthropic as learn},
};

/// What becomes of what Anthropic cannot say.
const NOTHING_LIKE_IT: &str = "dropped: Anthropic has nothing like it";

/// Reads and writes Anthropic's Messages.
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

    fn write_answer(&self, answer: Answer<'_>, hearer: &Hearer) -> Result<Bytes, Fault> {
        answer::write(answer, hearer)
    }

    fn decoder(&self) -> Box<dyn Decode> {
        Box::new(decode::Decoder::default())
    }

    fn encoder(&self, hearer: Hearer) -> Box<dyn Encode> {
        Box::new(encode::Encoder::new(hearer))
    }

    fn sequential(&self) -> bool {
        true
    }

    fn seals(&self) -> Seals {
        Seals::Thoughts
    }

    fn learn<'a>(&self, event: Event<'a>) -> Result<Learnt<'a>, Invalid> {
        learn::event(event.data)
    }

    fn learn_whole<'a>(&self, body: &'a [u8]) -> Result<Learnt<'a>, Invalid> {
        learn::answer(body)
    }

    fn counts(&self) -> Option<&'static dyn crate::counts::Codec> {
        Some(&counts::Counts)
    }

    fn sum(&self) -> Sum {
        Sum::Exclusive
    }

    fn status(&self, kind: FaultKind) -> StatusCode {
        fault::status(kind)
    }

    fn fault(&self, fault: &Fault, told: Told<'_>, request_id: Option<&str>) -> Bytes {
        fault::body(fault, told, request_id)
    }

    fn fault_event(&self, fault: &Fault, request_id: Option<&str>, out: &mut Vec<u8>) {
        fault::event(fault, request_id, out);
    }
}
