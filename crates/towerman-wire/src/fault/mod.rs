//! Errors in each dialect: written for clients, read from providers.

mod blame;
mod canonical;
mod provider;
mod relay;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use towerman_core::{Dialect, Fault, FaultKind};

pub(crate) use self::{blame::Blame, canonical::Head, provider::ProviderError};
pub use self::{
    canonical::{Canonical, read},
    relay::{Refused, relay},
};
use crate::{dialect, sse};

#[derive(Serialize)]
struct OpenAi<'a> {
    error: OpenAiError<'a>,
}

#[derive(Serialize)]
struct OpenAiError<'a> {
    message: &'a str,
    r#type: &'a str,
    param: Option<&'a str>,
    code: Option<&'a str>,
}

#[derive(Serialize)]
struct Anthropic<'a> {
    r#type: &'static str,
    error: AnthropicError<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

#[derive(Serialize)]
struct AnthropicError<'a> {
    r#type: &'a str,
    message: Cow<'a, str>,
}

/// What a provider called an error, where that says more than we could.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told<'a> {
    pub(crate) kind: Option<&'a str>,
    pub(crate) code: Option<&'a str>,
}

/// The status and JSON body that a client of `dialect` understands as `fault`.
///
/// `request_id` is the gateway's own; OpenAI's errors have no place for it in the body.
pub fn render(dialect: Dialect, fault: &Fault, request_id: Option<&str>) -> (StatusCode, Bytes) {
    let status = match dialect::of(dialect) {
        Some(codec) => codec.status(fault.kind()),
        None => status(dialect, fault.kind()),
    };
    (status, body(dialect, fault, Told::default(), request_id))
}

/// The event that ends a stream of `dialect` because of `fault`: all of its bytes.
///
/// No terminator follows it: a stream that failed must not look complete.
pub fn event(dialect: Dialect, fault: &Fault, request_id: Option<&str>) -> Bytes {
    let name = match dialect {
        Dialect::Anthropic => Some("error"),
        _ => None,
    };
    let mut out = Vec::new();
    if let Some(codec) = dialect::of(dialect) {
        codec.fault_event(fault, request_id, &mut out);
        return out.into();
    }
    let data = body(dialect, fault, Told::default(), request_id);
    sse::frame(name, &data, &mut out);
    out.into()
}

pub(crate) fn body(
    dialect: Dialect,
    fault: &Fault,
    told: Told<'_>,
    request_id: Option<&str>,
) -> Bytes {
    if let Some(codec) = dialect::of(dialect) {
        return codec.fault(fault, told, request_id);
    }
    let written = match dialect {
        Dialect::Anthropic => serde_json::to_vec(&Anthropic {
            r#type: "error",
            error: AnthropicError {
                r#type: told.kind.unwrap_or_else(|| anthropic_type(fault.kind())),
                message: prefixed(fault),
            },
            request_id,
        }),
        _ => {
            let (r#type, code) = openai_type(fault);
            serde_json::to_vec(&OpenAi {
                error: OpenAiError {
                    message: fault.message(),
                    r#type: told.kind.unwrap_or(r#type),
                    param: fault.named_param(),
                    code: told.code.or(code),
                },
            })
        }
    };
    // Strings alone cannot fail to serialize.
    written.unwrap_or_default().into()
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

fn status(dialect: Dialect, kind: FaultKind) -> StatusCode {
    if (dialect, kind) == (Dialect::Anthropic, FaultKind::Unavailable) {
        // Its clients know overload as 529; `from_u16` knows every number below 1000.
        return StatusCode::from_u16(529).unwrap_or(kind.status());
    }
    kind.status()
}

pub(crate) fn openai_type(fault: &Fault) -> (&'static str, Option<&'static str>) {
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

const fn anthropic_type(kind: FaultKind) -> &'static str {
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
