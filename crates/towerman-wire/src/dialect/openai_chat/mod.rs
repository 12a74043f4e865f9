//! OpenAI Chat Completions, and what its many hosts make of it.

mod answer;
mod body;
mod calls;
mod chunk;
mod completion;
mod decode;
mod encode;
pub(crate) mod fault;
mod frame;
mod heard;
mod media;
mod messages;
mod offer;
mod parts;
mod pen;
mod read;
mod said;
mod say;
mod shape;
mod show;
mod state;
mod tell;
#[cfg(test)]
mod tests;
mod thoughts;
mod tools;
mod vectors;
mod write;

use bytes::Bytes;
use towerman_core::Fault;

use super::{Codec, Decode, Encode, Sum, To, Written};
use crate::{
    fault::Told,
    framing::Event,
    json::Invalid,
    neutral::{Answer, Hearer, Notes, Request, signed::Seals},
    observe::{Delta as Learnt, openai},
};

/// What becomes of a member that it does not know.
const NOTHING_LIKE_IT: &str = "dropped: OpenAI Chat has nothing like it";

#[derive(Debug)]
pub(crate) struct OpenAiChat;

impl Codec for OpenAiChat {
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
        tell::answer(answer, hearer)
    }

    fn decoder(&self) -> Box<dyn Decode> {
        Box::<decode::Decoder>::default()
    }

    fn encoder(&self, hearer: Hearer) -> Box<dyn Encode> {
        Box::new(encode::Encoder::new(hearer))
    }

    fn seals(&self) -> Seals {
        Seals::Calls
    }

    fn learn<'a>(&self, event: Event<'a>) -> Result<Learnt<'a>, Invalid> {
        openai::read(event.data, &mut openai::Start::default())
    }

    fn learn_whole<'a>(&self, body: &'a [u8]) -> Result<Learnt<'a>, Invalid> {
        openai::read(body, &mut openai::Start::default())
    }

    fn vectors(&self) -> Option<&'static dyn crate::vectors::Codec> {
        Some(&vectors::Vectors)
    }

    fn sum(&self) -> Sum {
        Sum::Inclusive
    }

    fn finish_is_proof(&self) -> bool {
        true
    }

    fn fault(&self, fault: &Fault, told: Told<'_>, _: Option<&str>) -> Bytes {
        fault::body(fault, told)
    }

    fn fault_event(&self, fault: &Fault, _: Option<&str>, out: &mut Vec<u8>) {
        fault::event(fault, out);
    }
}
