//! Errors as AWS's clients know them.

use bytes::Bytes;
use http::StatusCode;
use towerman_core::{Fault, FaultKind};

use crate::{
    dialect::node::Object,
    framing::frames::{Message, frame},
};

/// The body. Their SDKs read the error's name there, if no header of AWS's says it.
pub(super) fn body(fault: &Fault) -> Bytes {
    let body = Object::default()
        .with("message", fault.message())
        .with("__type", name(fault.kind()));
    // Writing plain shapes into memory cannot fail.
    serde_json::to_vec(&body).unwrap_or_default().into()
}

const fn name(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Authentication => "UnrecognizedClientException",
        FaultKind::Permission => "AccessDeniedException",
        FaultKind::NotFound => "ResourceNotFoundException",
        FaultKind::RateLimited => "ThrottlingException",
        FaultKind::Unavailable => "ServiceUnavailableException",
        FaultKind::Timeout => "ModelTimeoutException",
        FaultKind::BadGateway => "ModelErrorException",
        FaultKind::Internal => "InternalServerException",
        _ => "ValidationException",
    }
}

pub(super) const fn status(kind: FaultKind) -> StatusCode {
    match kind {
        FaultKind::Authentication => StatusCode::FORBIDDEN,
        FaultKind::Timeout => StatusCode::REQUEST_TIMEOUT,
        FaultKind::BadGateway => StatusCode::FAILED_DEPENDENCY,
        _ => kind.status(),
    }
}

/// Appends the frame that ends a stream.
pub(super) fn event(fault: &Fault, out: &mut Vec<u8>) {
    // What a model's stream may fail with is named in its own way.
    let name = match fault.kind() {
        FaultKind::RateLimited => "throttlingException",
        FaultKind::Unavailable => "serviceUnavailableException",
        FaultKind::Internal => "internalServerException",
        FaultKind::BadGateway | FaultKind::Timeout => "modelStreamErrorException",
        _ => "validationException",
    };
    frame(Message::Exception, name, &body(fault), out);
}
