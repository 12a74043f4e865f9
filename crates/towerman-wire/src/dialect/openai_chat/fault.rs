//! Errors for clients.

use bytes::Bytes;
use serde::Serialize;
use towerman_core::{Fault, FaultKind};

use crate::{fault::Told, sse};

#[derive(Serialize)]
struct Body<'a> {
    error: Error<'a>,
}

#[derive(Serialize)]
struct Error<'a> {
    message: &'a str,
    r#type: &'a str,
    param: Option<&'a str>,
    code: Option<&'a str>,
}

/// OpenAI's errors have no place for the request's id.
pub(crate) fn body(fault: &Fault, told: Told<'_>) -> Bytes {
    let (r#type, code) = kind(fault);
    let body = Body {
        error: Error {
            message: fault.message(),
            r#type: told.kind.unwrap_or(r#type),
            param: fault.named_param(),
            code: told.code.or(code),
        },
    };
    // Strings alone cannot fail to serialize.
    serde_json::to_vec(&body).unwrap_or_default().into()
}

pub(crate) fn event(fault: &Fault, out: &mut Vec<u8>) {
    sse::frame(None, &body(fault, Told::default()), out);
}

/// Its type and code.
pub(crate) fn kind(fault: &Fault) -> (&'static str, Option<&'static str>) {
    const INVALID: &str = "invalid_request_error";
    const SERVER: &str = "server_error";
    match fault.kind() {
        FaultKind::ContextLength => (INVALID, Some("context_length_exceeded")),
        FaultKind::Authentication => (INVALID, Some("invalid_api_key")),
        FaultKind::Permission => (INVALID, Some("permission_denied")),
        FaultKind::NotFound if fault.named_param() == Some("model") => {
            (INVALID, Some("model_not_found"))
        }
        FaultKind::NotFound if fault.named_param().is_none() => (INVALID, Some("unknown_url")),
        FaultKind::MethodNotAllowed => (INVALID, Some("method_not_allowed")),
        FaultKind::RequestTimeout => (INVALID, Some("request_timeout")),
        FaultKind::TooLarge => (INVALID, Some("request_too_large")),
        FaultKind::UnsupportedMediaType => (INVALID, Some("unsupported_media_type")),
        FaultKind::RateLimited => ("rate_limit_error", Some("rate_limit_exceeded")),
        FaultKind::Internal => (SERVER, Some("internal_error")),
        FaultKind::BadGateway => (SERVER, Some("bad_gateway")),
        FaultKind::Unavailable => (SERVER, Some("service_unavailable")),
        FaultKind::Timeout => (SERVER, Some("timeout")),
        _ => (INVALID, None),
    }
}
