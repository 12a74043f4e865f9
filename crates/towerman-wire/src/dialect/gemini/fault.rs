//! Errors as Gemini's clients know them.

use bytes::Bytes;
use towerman_core::{Fault, FaultKind};

use crate::{dialect::node::Object, sse};

pub(super) fn body(fault: &Fault) -> Bytes {
    let code = u64::from(fault.kind().status().as_u16());
    let error = Object::default()
        .with("code", code)
        .with("message", fault.message())
        .with("status", status(fault.kind()));
    // Writing plain shapes into memory cannot fail.
    serde_json::to_vec(&Object::default().with("error", error))
        .unwrap_or_default()
        .into()
}

/// Appends the event that ends a stream.
pub(super) fn event(fault: &Fault, out: &mut Vec<u8>) {
    sse::frame(None, &body(fault), out);
}

const fn status(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Authentication => "UNAUTHENTICATED",
        FaultKind::Permission => "PERMISSION_DENIED",
        FaultKind::NotFound => "NOT_FOUND",
        FaultKind::RateLimited => "RESOURCE_EXHAUSTED",
        FaultKind::Internal | FaultKind::BadGateway => "INTERNAL",
        FaultKind::Unavailable => "UNAVAILABLE",
        FaultKind::Timeout | FaultKind::RequestTimeout => "DEADLINE_EXCEEDED",
        _ => "INVALID_ARGUMENT",
    }
}
