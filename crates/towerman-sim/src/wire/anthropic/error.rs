//! Puts trouble into Anthropic's words: `{"type":"error","error":{type,message},"request_id"}`.

use http::StatusCode;

use crate::{
    object::object,
    trouble::{Problem, Trouble},
    wire::Header,
};

pub(super) fn body(problem: &Problem, request_id: &str) -> String {
    let details = problem.code.map(|code| object! { "error_code": code });
    let error = object! {
        "type": problem.kind,
        "message": problem.message.as_ref(),
        if details.is_some() => "details": details,
    };
    object! { "type": "error", "error": error, "request_id": request_id }.0
}

/// Tells clients not to try again what cannot succeed.
pub(super) fn headers(problem: &Problem) -> Vec<Header> {
    let passing = matches!(problem.status.as_u16(), 408 | 409 | 429) && problem.code.is_none();
    if problem.status.is_client_error() && !passing {
        vec![("x-should-retry", "false".to_owned())]
    } else {
        Vec::new()
    }
}

pub(super) fn problem(trouble: &Trouble<'_>) -> Problem {
    match trouble {
        Trouble::NoKey => Problem::new(
            StatusCode::UNAUTHORIZED,
            "authentication_error",
            "x-api-key header is required",
        ),
        Trouble::WrongKey => Problem::new(
            StatusCode::UNAUTHORIZED,
            "authentication_error",
            "invalid x-api-key",
        ),
        Trouble::NoRoute { .. } => {
            Problem::new(StatusCode::NOT_FOUND, "not_found_error", "Not Found")
        }
        Trouble::WrongMethod { .. } => Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "invalid_request_error",
            "Method Not Allowed",
        ),
        Trouble::TooLarge => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "request_too_large",
            "Request exceeds the maximum allowed number of bytes.",
        ),
        Trouble::UnknownModel(model) => Problem::new(
            StatusCode::NOT_FOUND,
            "not_found_error",
            format!("model: {model}"),
        ),
        Trouble::TooLong { tokens, window } => Problem::invalid(format!(
            "prompt is too long: {tokens} tokens > {window} maximum"
        )),
        Trouble::RateLimited { .. } => Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limit_error",
            "This request would exceed your organization's rate limit. Please try again later.",
        ),
        Trouble::Quota => Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limit_error",
            "This request would exceed your organization's spend limit.",
        )
        .code("enforced_spend_limit_reached"),
        Trouble::Overloaded => {
            // Anthropic's own status; it is within the range that a StatusCode holds.
            let status = StatusCode::from_u16(529).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            Problem::new(status, "overloaded_error", "Overloaded")
        }
        Trouble::Status(status) => by_status(*status),
    }
}

fn by_status(status: StatusCode) -> Problem {
    let (kind, message) = match status.as_u16() {
        401 => return problem(&Trouble::WrongKey),
        404 => return problem(&Trouble::UnknownModel("claude-sim")),
        413 => return problem(&Trouble::TooLarge),
        429 => return problem(&Trouble::RateLimited { reset: None }),
        529 => return problem(&Trouble::Overloaded),
        402 => (
            "billing_error",
            "Your credit balance is too low to access the Anthropic API.",
        ),
        403 => (
            "permission_error",
            "Your API key does not have permission to use the specified resource.",
        ),
        409 => ("conflict_error", "The request conflicts with another one."),
        504 => ("timeout_error", "The request timed out."),
        ..=499 => ("invalid_request_error", "The request is not acceptable."),
        _ => ("api_error", "Internal server error"),
    };
    Problem::new(status, kind, message)
}
