//! Ollama's own API: `POST /api/chat`, a JSON object a line.

mod answer;
mod decode;
mod learn;
mod read;
mod said;
mod say;
mod tell;
mod time;
mod vectors;
mod write;

use bytes::Bytes;
use serde::Serialize;
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
const NOTHING_LIKE_IT: &str = "dropped: Ollama has nothing like it";

/// Reads and writes Ollama's chats.
#[derive(Debug)]
pub(crate) struct Codec;

#[derive(Serialize)]
struct Error<'a> {
    error: &'a str,
}

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
        tell::answer(answer, hearer)
    }

    fn decoder(&self) -> Box<dyn Decode> {
        Box::<decode::Decoder>::default()
    }

    fn encoder(&self, hearer: Hearer) -> Box<dyn Encode> {
        Box::new(tell::Encoder::new(hearer))
    }

    fn sequential(&self) -> bool {
        true
    }

    fn learn<'a>(&self, event: Event<'a>) -> Result<Learnt<'a>, Invalid> {
        learn::line(event.data)
    }

    fn learn_whole<'a>(&self, body: &'a [u8]) -> Result<Learnt<'a>, Invalid> {
        learn::line(body)
    }

    fn vectors(&self) -> Option<&'static dyn crate::vectors::Codec> {
        Some(&vectors::Vectors)
    }

    fn sum(&self) -> Sum {
        Sum::Exclusive
    }

    fn fault(&self, fault: &Fault, _: Told<'_>, _: Option<&str>) -> Bytes {
        let body = Error {
            error: fault.message(),
        };
        // A string alone cannot fail to serialize.
        serde_json::to_vec(&body).unwrap_or_default().into()
    }

    fn fault_event(&self, fault: &Fault, request_id: Option<&str>, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.fault(fault, Told::default(), request_id));
        out.push(b'\n');
    }
}
