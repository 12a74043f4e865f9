//! Puts trouble into OpenAI's words: `{"error":{message,type,param,code}}`.

use http::StatusCode;

use crate::{
    object::object,
    trouble::{Problem, Trouble},
};

pub(in crate::wire) fn body(problem: &Problem) -> String {
    let error = object! {
        "message": problem.message.as_ref(),
        "type": problem.kind,
        "param": problem.param.as_deref(),
        "code": problem.code,
    };
    object! { "error": error }.0
}

const INVALID: &str = "invalid_request_error";

pub(in crate::wire) fn problem(trouble: &Trouble<'_>) -> Problem {
    match trouble {
        Trouble::NoKey => Problem::new(
            StatusCode::UNAUTHORIZED,
            INVALID,
            "You didn't provide an API key. You need to provide your API key in an Authorization header using \
             Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
        ),
        Trouble::WrongKey => {
            Problem::new(StatusCode::UNAUTHORIZED, INVALID, "Incorrect API key provided.").code("invalid_api_key")
        }
        Trouble::NoRoute { method, path } => Problem::new(
            StatusCode::NOT_FOUND,
            INVALID,
            format!("Unknown request URL: {method} {path}. Please check the URL for typos."),
        )
        .code("unknown_url"),
        Trouble::WrongMethod { method, path } => {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, INVALID, format!("Not allowed to {method} on {path}."))
                .code("method_not_supported")
        }
        Trouble::TooLarge => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, INVALID, "Request body is too large."),
        Trouble::UnknownModel(model) => Problem::new(
            StatusCode::NOT_FOUND,
            INVALID,
            format!("The model `{model}` does not exist or you do not have access to it."),
        )
        .code("model_not_found"),
        Trouble::TooLong { tokens, window } => Problem::invalid(format!(
            "This model's maximum context length is {window} tokens. However, your messages resulted in {tokens} \
             tokens. Please reduce the length of the messages."
        ))
        .param("messages")
        .code("context_length_exceeded"),
        Trouble::RateLimited { .. } => Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "requests",
            "Rate limit reached for requests. Visit your account's limits page to learn more.",
        )
        .code("rate_limit_exceeded"),
        Trouble::Quota => Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "insufficient_quota",
            "You exceeded your current quota, please check your plan and billing details.",
        )
        .code("insufficient_quota"),
        Trouble::Overloaded => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "server_error",
            "The server is currently overloaded. Please try again later.",
        )
        .code("server_is_overloaded"),
        Trouble::Status(status) => by_status(*status),
    }
}

fn by_status(status: StatusCode) -> Problem {
    match status.as_u16() {
        401 => problem(&Trouble::WrongKey),
        404 => problem(&Trouble::UnknownModel("gpt-sim")),
        413 => problem(&Trouble::TooLarge),
        429 => problem(&Trouble::RateLimited { reset: None }),
        503 => problem(&Trouble::Overloaded),
        403 => Problem::new(status, INVALID, "You are not allowed to use this model.")
            .code("insufficient_permissions"),
        ..=499 => Problem::new(status, INVALID, "The request is not acceptable."),
        _ => Problem::new(
            status,
            "server_error",
            "The server had an error while processing your request. Sorry about that!",
        ),
    }
}
