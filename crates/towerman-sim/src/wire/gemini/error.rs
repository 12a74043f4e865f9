//! Puts trouble into Google's words: `{"error":{code,message,status,details}}`.

use std::{borrow::Cow, time::Duration};

use http::StatusCode;

use crate::{
    object::{Raw, object},
    trouble::{Problem, Trouble},
};

const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";
const QUOTA_FAILURE: &str = "type.googleapis.com/google.rpc.QuotaFailure";
const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

/// Quotas by what waiting does about them.
const PER_DAY: &str = "GenerateRequestsPerDayPerProjectPerModel-FreeTier";
const PER_MINUTE: &str = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier";

const BAD_KEY: &str = "API_KEY_INVALID";

pub(super) fn body(problem: &Problem) -> Raw {
    let details = details(problem);
    let error = object! {
        "code": u64::from(problem.status.as_u16()),
        "message": problem.message.as_ref(),
        "status": problem.kind,
        if !details.is_empty() => "details": details,
    };
    object! { "error": error }
}

fn details(problem: &Problem) -> Vec<Raw> {
    let cause = problem.code.map(|code| match code {
        PER_DAY | PER_MINUTE => {
            let violation = object! {
                "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
                "quotaId": code,
            };
            object! { "@type": QUOTA_FAILURE, "violations": vec![violation] }
        }
        reason => object! {
            "@type": ERROR_INFO,
            "reason": reason,
            "domain": "googleapis.com",
            "metadata": object! { "service": "generativelanguage.googleapis.com" },
        },
    });
    let wait = problem
        .wait
        .map(|wait| object! { "@type": RETRY_INFO, "retryDelay": delay(wait) });
    cause.into_iter().chain(wait).collect()
}

/// `48s`, `86.400s`: whole seconds, or to the millisecond.
fn delay(wait: Duration) -> String {
    match wait.subsec_millis() {
        0 => format!("{}s", wait.as_secs()),
        millis => format!("{}.{millis:03}s", wait.as_secs()),
    }
}

/// A 400.
pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", message)
}

pub(super) fn problem(trouble: &Trouble<'_>) -> Problem {
    match trouble {
        Trouble::NoKey => Problem::new(
            StatusCode::FORBIDDEN,
            "PERMISSION_DENIED",
            "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or \
             other form of API consumer identity to call this API.",
        ),
        // Not a 401.
        Trouble::WrongKey => {
            invalid("API key not valid. Please pass a valid API key.").code(BAD_KEY)
        }
        Trouble::NoRoute { path, .. } | Trouble::WrongMethod { path, .. } => {
            let message = format!("The requested URL {path} was not found on this server.");
            Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
        }
        Trouble::TooLarge => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "INVALID_ARGUMENT",
            "Request payload size exceeds the limit: 33554432 bytes.",
        ),
        Trouble::UnknownModel(model) => Problem::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            format!(
                "models/{model} is not found for API version v1beta, or is not supported for generateContent. Call \
                 ListModels to see the list of available models and their supported methods."
            ),
        ),
        Trouble::TooLong { tokens, window } => invalid(format!(
            "The input token count ({tokens}) exceeds the maximum number of tokens allowed ({window})."
        )),
        Trouble::RateLimited { reset: None } => {
            exhausted("Resource exhausted. Please try again later.")
        }
        Trouble::RateLimited { reset: Some(wait) } => Problem {
            wait: Some(*wait),
            ..exhausted(format!(
                "You exceeded your current quota. Please retry in {}s.",
                wait.as_secs_f64()
            ))
            .code(PER_MINUTE)
        },
        Trouble::Quota => exhausted(
            "You exceeded your current quota, please check your plan and billing details.",
        )
        .code(PER_DAY),
        Trouble::Overloaded => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "UNAVAILABLE",
            "The model is overloaded. Please try again later.",
        ),
        Trouble::Status(status) => by_status(*status),
    }
}

fn exhausted(message: impl Into<Cow<'static, str>>) -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED", message)
}

fn by_status(status: StatusCode) -> Problem {
    let (kind, message) = match status.as_u16() {
        404 => return problem(&Trouble::UnknownModel("gemini-sim")),
        413 => return problem(&Trouble::TooLarge),
        429 => return problem(&Trouble::RateLimited { reset: None }),
        503 => return problem(&Trouble::Overloaded),
        401 => (
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials.",
        ),
        403 => ("PERMISSION_DENIED", "The caller does not have permission"),
        409 => ("ABORTED", "The operation was aborted."),
        499 => ("CANCELLED", "The operation was cancelled."),
        501 => ("UNIMPLEMENTED", "Operation is not implemented."),
        504 => (
            "DEADLINE_EXCEEDED",
            "Deadline expired before operation could complete.",
        ),
        ..=499 => ("INVALID_ARGUMENT", "Request contains an invalid argument."),
        _ => ("INTERNAL", "An internal error has occurred."),
    };
    Problem::new(status, kind, message)
}
