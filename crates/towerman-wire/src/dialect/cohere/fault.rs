//! Errors as Cohere's clients know them.

use bytes::Bytes;
use towerman_core::{Fault, FaultKind};

use crate::{dialect::node::Object, framing::emit};

/// The body: words, and the id by which support finds the request.
pub(super) fn body(fault: &Fault, request_id: Option<&str>) -> Bytes {
    let mut body = Object::default();
    body.maybe("id", request_id);
    body.put("message", fault.message());
    if fault.kind() == FaultKind::ContextLength {
        body.put("error_type", "TOO_MANY_TOKENS");
    }
    // Writing plain shapes into memory cannot fail.
    serde_json::to_vec(&body).unwrap_or_default().into()
}

/// Appends the event that ends a stream. No `[DONE]` follows it: that says all is well.
pub(super) fn event(fault: &Fault, out: &mut Vec<u8>) {
    let delta = Object::default()
        .with("error", fault.message())
        .with("finish_reason", "ERROR");
    let event = Object::new("message-end").with("delta", delta);
    emit::event(Some("message-end"), &event, out);
}
