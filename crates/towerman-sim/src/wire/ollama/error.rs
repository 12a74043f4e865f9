//! Puts trouble into Ollama's words: `{"error":"…"}`.

use http::StatusCode;

use crate::{
    object::object,
    trouble::{Problem, Trouble},
};

pub(super) fn body(problem: &Problem) -> String {
    let unauthorized = problem.status == StatusCode::UNAUTHORIZED;
    object! {
        "error": problem.message.as_ref(),
        if unauthorized => "signin_url": "https://ollama.com/connect",
    }
    .0
}

/// Ollama's errors have no types.
pub(super) fn refused(
    status: StatusCode,
    message: impl Into<std::borrow::Cow<'static, str>>,
) -> Problem {
    Problem::new(status, "", message)
}

/// A 400.
pub(super) fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    refused(StatusCode::BAD_REQUEST, message)
}

pub(super) fn problem(trouble: &Trouble<'_>) -> Problem {
    match trouble {
        Trouble::NoKey | Trouble::WrongKey => refused(StatusCode::UNAUTHORIZED, "unauthorized"),
        Trouble::NoRoute { .. } => refused(StatusCode::NOT_FOUND, "404 page not found"),
        Trouble::WrongMethod { .. } => {
            refused(StatusCode::METHOD_NOT_ALLOWED, "405 method not allowed")
        }
        Trouble::TooLarge => refused(StatusCode::PAYLOAD_TOO_LARGE, "request body too large"),
        Trouble::UnknownModel(model) => {
            refused(StatusCode::NOT_FOUND, format!("model '{model}' not found"))
        }
        Trouble::TooLong { .. } => invalid("the input length exceeds the context length"),
        Trouble::RateLimited { .. } => refused(
            StatusCode::TOO_MANY_REQUESTS,
            "too many concurrent requests",
        ),
        Trouble::Quota => refused(
            StatusCode::PAYMENT_REQUIRED,
            "you have reached your usage limit, upgrade for higher limits",
        ),
        Trouble::Overloaded => refused(
            StatusCode::SERVICE_UNAVAILABLE,
            "server busy, please try again. maximum pending requests exceeded",
        ),
        Trouble::Status(status) => by_status(*status),
    }
}

fn by_status(status: StatusCode) -> Problem {
    let message = match status.as_u16() {
        401 => return problem(&Trouble::WrongKey),
        404 => return problem(&Trouble::UnknownModel("sim:latest")),
        429 => return problem(&Trouble::RateLimited { reset: None }),
        503 => return problem(&Trouble::Overloaded),
        403 => "forbidden",
        ..=499 => "the request is not acceptable",
        _ => "llama runner process has terminated",
    };
    refused(status, message)
}
