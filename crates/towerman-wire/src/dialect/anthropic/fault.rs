//! Errors as Anthropic's clients know them.

use std::borrow::Cow;

use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use towerman_core::{Fault, FaultKind};

use crate::{fault::Told, sse};

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    error: Error<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Error<'a> {
    r#type: &'a str,
    message: Cow<'a, str>,
}

pub(super) fn body(fault: &Fault, told: Told<'_>, request_id: Option<&str>) -> Bytes {
    let written = serde_json::to_vec(&Body {
        r#type: "error",
        error: Error {
            r#type: told.kind.unwrap_or_else(|| name(fault.kind())),
            message: prefixed(fault),
        },
        request_id,
    });
    // Strings alone cannot fail to serialize.
    written.unwrap_or_default().into()
}

/// Appends the event that ends a stream.
pub(super) fn event(fault: &Fault, request_id: Option<&str>, out: &mut Vec<u8>) {
    sse::frame(
        Some("error"),
        &body(fault, Told::default(), request_id),
        out,
    );
}

pub(super) fn status(kind: FaultKind) -> StatusCode {
    if kind == FaultKind::Unavailable {
        // Its clients know overload as 529; `from_u16` knows every number below 1000.
        return StatusCode::from_u16(529).unwrap_or(kind.status());
    }
    kind.status()
}

/// Anthropic has no field for the part that is wrong: its messages begin with it.
fn prefixed(fault: &Fault) -> Cow<'_, str> {
    match fault.named_param() {
        Some(param) if !fault.message().starts_with(param) => {
            format!("{param}: {}", fault.message()).into()
        }
        _ => fault.message().into(),
    }
}

const fn name(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Authentication => "authentication_error",
        FaultKind::Permission => "permission_error",
        FaultKind::NotFound => "not_found_error",
        FaultKind::TooLarge => "request_too_large",
        FaultKind::RateLimited => "rate_limit_error",
        FaultKind::Internal | FaultKind::BadGateway => "api_error",
        FaultKind::Unavailable => "overloaded_error",
        FaultKind::Timeout => "timeout_error",
        _ => "invalid_request_error",
    }
}
