//! Tells of faults: as OpenAI's other dialects do, but for the event that ends a stream.

use serde::Serialize;
use towerman_core::Fault;

use crate::{dialect::openai_chat::fault as openai, framing::emit};

#[derive(Serialize)]
struct Event<'a> {
    r#type: &'static str,
    sequence_number: u64,
    code: &'static str,
    message: &'a str,
    param: Option<&'a str>,
}

/// Appends the event that ends a stream.
pub(super) fn event(fault: &Fault, sequence_number: u64, out: &mut Vec<u8>) {
    let (kind, code) = openai::kind(fault);
    let event = Event {
        r#type: "error",
        sequence_number,
        code: code.unwrap_or(kind),
        message: fault.message(),
        param: fault.named_param(),
    };
    emit::event(Some("error"), &event, out);
}
