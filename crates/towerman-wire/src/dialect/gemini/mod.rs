//! Google's Gemini: `POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent`.
//!
//! The path tells the model and whether the answer is a stream; the body tells neither.

mod answer;
mod cite;
mod counts;
mod decode;
mod encode;
mod fault;
mod finish;
mod learn;
mod partial;
mod read;
mod said;
mod schema;
mod seal;
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
    neutral::{Answer, Hearer, Notes, Request, signed::Seals},
    observe::Delta as Learnt,
};

/// Reads and writes Gemini's bodies.
#[derive(Debug)]
pub(crate) struct Codec;

impl super::Codec for Codec {
    fn read_request<'a>(&self, body: &'a str, _: &mut Notes) -> Result<Request<'a>, Fault> {
        read::request(body)
    }

    fn conversation(&self) -> &'static str {
        "/contents"
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
        tell::write(answer, hearer)
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
        Seals::Calls
    }

    fn learn<'a>(&self, event: Event<'a>) -> Result<Learnt<'a>, Invalid> {
        learn::whole(event.data)
    }

    fn learn_whole<'a>(&self, body: &'a [u8]) -> Result<Learnt<'a>, Invalid> {
        learn::whole(body)
    }

    fn vectors(&self) -> Option<&'static dyn crate::vectors::Codec> {
        Some(&vectors::Vectors)
    }

    fn counts(&self) -> Option<&'static dyn crate::counts::Codec> {
        Some(&counts::Counts)
    }

    fn sum(&self) -> Sum {
        Sum::Beside
    }

    fn finish_is_proof(&self) -> bool {
        true
    }

    fn fault(&self, fault: &Fault, _: Told<'_>, _: Option<&str>) -> Bytes {
        fault::body(fault)
    }

    fn fault_event(&self, fault: &Fault, _: Option<&str>, out: &mut Vec<u8>) {
        fault::event(fault, out);
    }
}
