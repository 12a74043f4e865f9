//! OpenAI's Responses: `POST /v1/responses`.

mod answer;
mod decode;
mod encode;
mod fault;
mod learn;
mod read;
mod said;
#[cfg(test)]
mod tests;
mod write;

use bytes::Bytes;
use towerman_core::Fault;

use super::{Decode, Encode, Sum, To, Written};
use crate::{
    dialect::openai_chat::fault as openai,
    fault::Told,
    framing::Event,
    json::Invalid,
    neutral::{Answer, Hearer, Notes, Request, signed::Seals},
    observe::Delta as Learnt,
};

/// Reads and writes OpenAI's Responses.
#[derive(Debug)]
pub(crate) struct Codec;

impl super::Codec for Codec {
    fn read_request<'a>(&self, body: &'a str, _: &mut Notes) -> Result<Request<'a>, Fault> {
        read::request(body)
    }

    fn conversation(&self) -> &'static str {
        "/input"
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
        learn::whole(body)
    }

    fn sum(&self) -> Sum {
        Sum::Inclusive
    }

    fn fault(&self, fault: &Fault, told: Told<'_>, _: Option<&str>) -> Bytes {
        openai::body(fault, told)
    }

    fn fault_event(&self, fault: &Fault, _: Option<&str>, out: &mut Vec<u8>) {
        // Nobody but the encoder knows the number, and no client asks for it behind an error.
        fault::event(fault, 0, out);
    }
}
