//! What a provider's error answer means.

use std::time::SystemTime;

use http::{HeaderMap, StatusCode};
use serde_json::Value;
use towerman_core::{Dialect, FailureKind, Fault, FaultKind};

use crate::retry_after;

/// How much of a provider's words a client gets to see, in characters.
const WORDS: usize = 512;

/// The parts of an error body, whichever of the known shapes it has. Missing parts are empty.
#[derive(Debug, Default)]
pub(crate) struct ProviderError {
    /// Type and code in lower case: the words by which errors are told apart.
    class: String,
    message: String,
    param: Option<String>,
}

impl ProviderError {
    /// Reads an error body. What is not JSON has no parts.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            return Self::default();
        };
        // Some wrap it in an array, some put the text where others have an object.
        let value = value.get(0).unwrap_or(&value);
        let inner = match value.get("error") {
            Some(error @ Value::Object(_)) => error,
            _ => value,
        };
        let text = |value: &Value, name: &str| match value.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let parts = ["type", "code", "status", "error_type"];
        let mut class: Vec<String> = parts.iter().filter_map(|name| text(inner, name)).collect();
        if let Some(details) = inner.get("details") {
            class.extend(text(details, "error_code"));
        }
        Self {
            class: class.join(" ").to_ascii_lowercase(),
            message: text(inner, "message")
                .or_else(|| text(value, "error"))
                .or_else(|| text(value, "detail"))
                .unwrap_or_default(),
            param: text(inner, "param"),
        }
    }

    /// How the endpoint failed, if the body says more than the status did.
    pub(crate) fn failure(&self) -> Option<FailureKind> {
        if self.is_quota() {
            Some(FailureKind::Quota)
        } else if self.is_overloaded() {
            Some(FailureKind::Overloaded)
        } else if self.is_auth() {
            Some(FailureKind::Auth)
        } else {
            None
        }
    }

    pub(crate) fn is_overloaded(&self) -> bool {
        self.class.contains("overloaded") || self.class.contains("unavailable")
    }

    fn is_quota(&self) -> bool {
        const CODES: [&str; 5] = [
            "insufficient_quota",
            "credit_balance",
            "billing_error",
            "spend_limit_reached",
            "payment_required",
        ];
        self.class_has(&CODES) || self.says(&["credit balance is too low", "insufficient balance"])
    }

    /// Our key was refused. Some say so with a 400.
    fn is_auth(&self) -> bool {
        self.class_has(&["invalid_api_key", "authentication_error", "unauthenticated"])
            || self.says(&["incorrect api key", "api key not valid", "invalid api key"])
    }

    fn is_context_length(&self) -> bool {
        const WORDS: [&str; 6] = [
            "prompt is too long",
            "maximum context length",
            "exceeds the context window",
            "context length exceeded",
            "input token count",
            "input tokens exceeded",
        ];
        self.class_has(&[
            "context_length_exceeded",
            "too_many_prompt_tokens",
            "too_many_tokens",
        ]) || self.says(&WORDS)
    }

    fn class_has(&self, codes: &[&str]) -> bool {
        codes.iter().any(|code| self.class.contains(code))
    }

    fn says(&self, words: &[&str]) -> bool {
        let message = self.message.to_ascii_lowercase();
        words.iter().any(|words| message.contains(words))
    }

    /// The provider's words, for the caller whose mistake they explain; nothing that may name an
    /// account of ours.
    fn words(&self) -> Option<String> {
        let private = [
            "sk-",
            "api key",
            "api_key",
            "org-",
            "organization",
            "proj_",
            "bearer",
        ];
        if self.message.is_empty() || self.says(&private) {
            return None;
        }
        let printable = self.message.chars().filter(|c| !c.is_control());
        Some(printable.take(WORDS).collect())
    }
}

/// A provider's error answer as a fault for the client.
///
/// Only where the caller is to blame does it keep the provider's words. A refused credential is
/// ours, never the caller's: it becomes [`FaultKind::BadGateway`].
pub fn read(dialect: Dialect, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Fault {
    let error = ProviderError::parse(body);
    let kind = classify(dialect, status, &error);
    let ours = match kind {
        FaultKind::ContextLength => "The prompt is too long for this model.",
        FaultKind::NotFound => "The model does not exist.",
        FaultKind::TooLarge => "The request is too large.",
        FaultKind::RateLimited => "The provider limits the rate of requests. Try again later.",
        FaultKind::Unavailable => "The provider cannot take this request now.",
        FaultKind::Timeout => "The provider did not answer in time.",
        FaultKind::BadGateway => "The provider failed to answer the request.",
        _ => "The provider refused the request as invalid.",
    };
    let mut fault = match error.words().filter(|_| kind.is_callers()) {
        Some(words) => Fault::new(kind, words),
        None => Fault::new(kind, ours),
    };
    if let Some(param) = error.param.filter(|_| kind.is_callers()) {
        fault = fault.param(param.chars().take(128).collect::<String>());
    } else if kind == FaultKind::NotFound {
        // The path is ours and right.
        fault = fault.param("model");
    }
    if matches!(status.as_u16(), 408 | 409 | 429 | 500..)
        && let Some(delay) = retry_after::read(headers, SystemTime::now())
    {
        fault = fault.retry_after(delay);
    }
    fault
}

fn classify(dialect: Dialect, status: StatusCode, error: &ProviderError) -> FaultKind {
    let status = status.as_u16();
    if error.is_quota() || status == 402 {
        return FaultKind::Unavailable;
    }
    match status {
        400 | 413 | 422 if error.is_context_length() => FaultKind::ContextLength,
        400 | 422 if error.is_auth() => FaultKind::BadGateway,
        400 | 422 => FaultKind::InvalidRequest,
        404 => FaultKind::NotFound,
        413 => FaultKind::TooLarge,
        429 => FaultKind::RateLimited,
        408 | 504 => FaultKind::Timeout,
        409 | 503 | 529 => FaultKind::Unavailable,
        500.. if error.is_overloaded() => FaultKind::Unavailable,
        // Anthropic uses this type for further 4xx numbers.
        405..=499
            if dialect == Dialect::Anthropic && error.class_has(&["invalid_request_error"]) =>
        {
            FaultKind::InvalidRequest
        }
        _ => FaultKind::BadGateway,
    }
}
