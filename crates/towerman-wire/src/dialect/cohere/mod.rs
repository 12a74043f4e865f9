//! Cohere's second API: `POST /v2/chat`.

mod answer;
mod cite;
mod decode;
mod encode;
mod fault;
mod learn;
mod read;
mod said;
mod tell;
#[cfg(test)]
mod tests;
mod vectors;
mod write;

use bytes::Bytes;
use towerman_core::Fault;

use super::{Decode, Encode, Sum, To, Written};
use crate::{
    fault::Told,
    framing::Event,
    json::Invalid,
    neutral::{Answer, Hearer, Notes, Request},
    observe::Delta as Learnt,
};

/// What becomes of a member that it does not know.
const NOTHING_LIKE_IT: &str = "dropped: Cohere has nothing like it";

/// Reads and writes Cohere's chats.
///
/// A plan for using tools (`tool_plan`) is what older models of theirs have for a thought, and is
/// read as one. Documents to answer from are part of the last thing the user said.
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

    fn learn<'a>(&self, event: Event<'a>) -> Result<Learnt<'a>, Invalid> {
        learn::event(event.data)
    }

    fn learn_whole<'a>(&self, body: &'a [u8]) -> Result<Learnt<'a>, Invalid> {
        learn::whole(body)
    }

    fn vectors(&self) -> Option<&'static dyn crate::vectors::Codec> {
        Some(&vectors::Vectors)
    }

    fn sum(&self) -> Sum {
        Sum::Inclusive
    }

    fn fault(&self, fault: &Fault, _: Told<'_>, request_id: Option<&str>) -> Bytes {
        fault::body(fault, request_id)
    }

    fn fault_event(&self, fault: &Fault, _: Option<&str>, out: &mut Vec<u8>) {
        fault::event(fault, out);
    }
}
