//! Puts trouble into AWS's words: `{"message"}`, and a header that names the error.

use http::StatusCode;

use crate::{
    object::object,
    trouble::{Problem, Trouble},
    wire::Header,
};

pub(super) fn body(problem: &Problem) -> String {
    object! { "message": problem.message.as_ref() }.0
}

pub(super) fn headers(problem: &Problem) -> Vec<Header> {
    let kind = problem.kind;
    let space = "http://internal.amazon.com/coral/com.amazon.bedrock/";
    vec![("x-amzn-errortype", format!("{kind}:{space}"))]
}

/// A 400.
pub(super) fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "ValidationException", message)
}

pub(super) fn problem(trouble: &Trouble<'_>) -> Problem {
    match trouble {
        Trouble::NoKey => Problem::new(
            StatusCode::FORBIDDEN,
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        ),
        Trouble::WrongKey => Problem::new(
            StatusCode::FORBIDDEN,
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        Trouble::NoRoute { .. } | Trouble::WrongMethod { .. } => Problem::new(
            StatusCode::NOT_FOUND,
            "UnknownOperationException",
            "Unable to determine service/operation name to be authorized",
        ),
        Trouble::TooLarge => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "ValidationException",
            "Request body is too large.",
        ),
        Trouble::UnknownModel(_) => invalid("The provided model identifier is invalid."),
        Trouble::TooLong { tokens, window } => invalid(format!(
            "The model returned the following errors: Input Tokens Exceeded: Number of input tokens exceeds maximum \
             length. {tokens} > {window}"
        )),
        Trouble::RateLimited { .. } => Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "ThrottlingException",
            "Too many requests, please wait before trying again.",
        ),
        Trouble::Quota => Problem::new(
            StatusCode::BAD_REQUEST,
            "ServiceQuotaExceededException",
            "Your request exceeds the service quota for your account.",
        ),
        Trouble::Overloaded => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailableException",
            "The service is overloaded. Please try again later.",
        ),
        Trouble::Status(status) => by_status(*status),
    }
}

fn by_status(status: StatusCode) -> Problem {
    let (kind, message) = match status.as_u16() {
        429 => return problem(&Trouble::RateLimited { reset: None }),
        503 => return problem(&Trouble::Overloaded),
        401 | 403 => (
            "AccessDeniedException",
            "You don't have access to the model with the specified model ID.",
        ),
        404 => (
            "ResourceNotFoundException",
            "Could not resolve the foundation model from the provided model identifier.",
        ),
        408 => ("ModelTimeoutException", "The model took too long."),
        424 => ("ModelErrorException", "The model failed."),
        ..=499 => ("ValidationException", "The request is not acceptable."),
        _ => (
            "InternalServerException",
            "The system encountered an unexpected error during processing. Try your request again.",
        ),
    };
    Problem::new(status, kind, message)
}
