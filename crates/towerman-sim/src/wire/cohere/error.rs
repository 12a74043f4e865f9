//! Puts trouble into Cohere's words: `{"id","message"}`.

use std::borrow::Cow;

use http::StatusCode;

use crate::{
    object::object,
    trouble::{Problem, Trouble},
};

pub(super) fn body(problem: &Problem, request_id: &str) -> String {
    object! {
        if problem.code.is_some() => "error_type": problem.code,
        "id": request_id,
        "message": problem.message.as_ref(),
    }
    .0
}

/// Most errors have no type.
fn refused(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Problem {
    Problem::new(status, "", message)
}

/// A 400.
pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Problem {
    refused(StatusCode::BAD_REQUEST, message)
}

/// A body of other types than the API's.
pub(super) fn malformed(error: &serde_json::Error) -> Problem {
    let message = format!("failed to parse request body: {error}");
    refused(StatusCode::UNPROCESSABLE_ENTITY, message)
}

pub(super) fn problem(trouble: &Trouble<'_>) -> Problem {
    match trouble {
        Trouble::NoKey => refused(StatusCode::UNAUTHORIZED, "no api key supplied"),
        Trouble::WrongKey => refused(
            StatusCode::UNAUTHORIZED,
            "Incorrect API key provided. You can find your API key at https://dashboard.cohere.com/api-keys.",
        ),
        Trouble::NoRoute { path, .. } => {
            refused(StatusCode::NOT_FOUND, format!("path '{path}' not found"))
        }
        Trouble::WrongMethod { method, .. } => refused(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("method {method} not allowed"),
        ),
        Trouble::TooLarge => refused(StatusCode::PAYLOAD_TOO_LARGE, "request body too large"),
        Trouble::UnknownModel(model) => refused(
            StatusCode::NOT_FOUND,
            format!(
                "model '{model}' not found, make sure the correct model ID was used and that you have access to the \
                 model."
            ),
        ),
        Trouble::TooLong { tokens, window } => invalid(format!(
            "too many tokens: size limit exceeded by {} tokens. Try using shorter or fewer inputs. The limit for this \
             model is {window} tokens.",
            tokens - window
        ))
        .code("TOO_MANY_TOKENS"),
        Trouble::RateLimited { .. } => refused(
            StatusCode::TOO_MANY_REQUESTS,
            "You are past the per minute request limit, please wait and try again later.",
        ),
        Trouble::Quota => refused(
            StatusCode::PAYMENT_REQUIRED,
            "Please add or update your payment method at https://dashboard.cohere.com/billing to continue.",
        ),
        Trouble::Overloaded => refused(
            StatusCode::SERVICE_UNAVAILABLE,
            "The service is overloaded, please try again later.",
        ),
        Trouble::Status(status) => by_status(*status),
    }
}

fn by_status(status: StatusCode) -> Problem {
    let message = match status.as_u16() {
        401 => return problem(&Trouble::WrongKey),
        402 => return problem(&Trouble::Quota),
        404 => return problem(&Trouble::UnknownModel("command-sim")),
        429 => return problem(&Trouble::RateLimited { reset: None }),
        503 => return problem(&Trouble::Overloaded),
        403 => "you are not allowed to use this model",
        498 => "invalid token",
        499 => "request cancelled",
        ..=499 => "invalid request",
        _ => "internal server error, this has been reported to our developers.",
    };
    refused(status, message)
}
