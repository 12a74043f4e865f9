//! What a provider's error answer means.

use std::time::SystemTime;

use http::{HeaderMap, StatusCode};
use serde_json::Value;
use towerman_core::{Dialect, FailureKind, Fault, FaultKind};

use crate::retry_after;

/// How much of a provider's words a client gets to see, in characters.
const WORDS: usize = 512;

/// Types and codes that say that our account is out of money.
const QUOTA: [&str; 6] = [
    "insufficient_quota",
    "exceeded_current_quota",
    "credit_balance",
    "billing_",
    "spend_limit_reached",
    "payment_required",
];

/// Types and codes that say that our key was refused.
const AUTH: [&str; 5] = [
    "invalid_api_key",
    "api_key_invalid",
    "authentication_error",
    "unauthenticated",
    "organization_restricted",
];

/// Whole sentences about our account that come with a 400 and the type of any invalid request: how
/// they begin, and how they end. What a caller wrote may be quoted in an error, even at its very
/// beginning (the name of a member that is unknown), but never on both sides of it.
const ACCOUNT: [(&str, &str, FailureKind); 4] = [
    (
        "Your credit balance is too low to access the Anthropic API.",
        "Please go to Plans & Billing to upgrade or purchase credits.",
        FailureKind::Quota,
    ),
    (
        "You have reached your specified API usage limits. You will regain access on ",
        " at 00:00 UTC.",
        FailureKind::Quota,
    ),
    (
        "Incorrect API key provided: ",
        "You can obtain an API key from https://console.x.ai.",
        FailureKind::Auth,
    ),
    (
        "API key not valid.",
        "Please pass a valid API key.",
        FailureKind::Auth,
    ),
];

/// The parts of an error body, whichever of the known shapes it has. Missing parts are empty.
#[derive(Debug, Default)]
pub(crate) struct ProviderError {
    /// Type and code in lower case: the words by which errors are told apart.
    class: String,
    message: String,
    param: Option<String>,
    /// It says which of the caller's words it will not have.
    moderated: bool,
    /// It was JSON.
    read: bool,
}

/// Whose an error is, as far as its body says more than its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blame {
    /// The endpoint's, or our account's there.
    Endpoint(FailureKind),
    /// The caller's, whatever the status says.
    Caller,
    /// What the status says.
    Status,
}

// === impl ProviderError ===

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
        // One has a code of its details, another a list of them, each with a reason.
        let details = &inner["details"];
        class.extend(text(details, "error_code"));
        let list = details.as_array().into_iter().flatten();
        class.extend(list.filter_map(|detail| text(detail, "reason")));
        Self {
            class: class.join(" ").to_ascii_lowercase(),
            message: text(inner, "message")
                .or_else(|| text(value, "error"))
                .or_else(|| text(value, "detail"))
                .unwrap_or_default(),
            param: text(inner, "param"),
            moderated: inner["metadata"].get("flagged_input").is_some(),
            read: true,
        }
    }

    /// Whose the error is.
    ///
    /// Type and code are the provider's own words and count under any status. A message may
    /// repeat what a caller wrote, so it counts only where status, type and code leave it open;
    /// under a status that blames the caller, not even there, but for [sentences](ACCOUNT) that are
    /// known from beginning to end. A caller must not be able to talk an endpoint into quarantine.
    pub(crate) fn blame(&self, status: StatusCode) -> Blame {
        let status = status.as_u16();
        if self.class_has(&QUOTA) {
            return Blame::Endpoint(FailureKind::Quota);
        }
        if self.class_has(&AUTH) {
            return Blame::Endpoint(FailureKind::Auth);
        }
        match status {
            403 => self.forbidden(),
            429 if self.says(&["exceeded your current quota"]) => {
                Blame::Endpoint(FailureKind::Quota)
            }
            200..=299 | 429 | 500.. if self.is_overloaded() => {
                Blame::Endpoint(FailureKind::Overloaded)
            }
            400..=499 => self.account().map_or(Blame::Status, Blame::Endpoint),
            _ => Blame::Status,
        }
    }

    pub(crate) fn is_overloaded(&self) -> bool {
        self.class.contains("overloaded") || self.class.contains("unavailable")
    }

    /// A 403 is about a prompt that was moderated, or about our key; the caller has no other.
    fn forbidden(&self) -> Blame {
        const MODERATED: [&str; 5] = [
            "moderation",
            "flagged",
            "content_policy",
            "content policy",
            "safety",
        ];
        const OURS: [&str; 9] = [
            "auth",
            "permi",
            "forbidden",
            "denied",
            "access",
            "api key",
            "api-key",
            "security token",
            "country",
        ];
        if self.moderated || self.class_has(&MODERATED) || self.says(&MODERATED) {
            Blame::Caller
        } else if self.says(&["key limit exceeded"]) {
            Blame::Endpoint(FailureKind::Quota)
        } else if self.class_has(&OURS) || self.says(&OURS) {
            Blame::Endpoint(FailureKind::Auth)
        } else if self.read {
            Blame::Caller
        } else {
            // A page of somebody's in between.
            Blame::Endpoint(FailureKind::Server)
        }
    }

    /// Some say with a 400, as of any mistake of the caller's, that our account is refused.
    fn account(&self) -> Option<FailureKind> {
        let said = |(begin, end, _): &&(&str, &str, _)| {
            self.message.starts_with(begin) && self.message.ends_with(end)
        };
        ACCOUNT.iter().find(said).map(|(_, _, kind)| *kind)
    }

    fn is_context_length(&self) -> bool {
        const WORDS: [&str; 8] = [
            "prompt is too long",
            "prompt too long",
            "input is too long",
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
        FaultKind::Permission => "The provider does not allow this request.",
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
    match (status.as_u16(), error.blame(status)) {
        (402, _) | (_, Blame::Endpoint(FailureKind::Quota | FailureKind::Overloaded)) => {
            FaultKind::Unavailable
        }
        (_, Blame::Endpoint(_)) => FaultKind::BadGateway,
        (_, Blame::Caller) => FaultKind::Permission,
        (400 | 413 | 422, _) if error.is_context_length() => FaultKind::ContextLength,
        (400 | 422, _) => FaultKind::InvalidRequest,
        (404, _) => FaultKind::NotFound,
        (413, _) => FaultKind::TooLarge,
        (429, _) => FaultKind::RateLimited,
        (408 | 504, _) => FaultKind::Timeout,
        (409 | 503 | 529, _) => FaultKind::Unavailable,
        // Anthropic uses this type for further 4xx numbers.
        (405..=499, _)
            if dialect == Dialect::Anthropic && error.class_has(&["invalid_request_error"]) =>
        {
            FaultKind::InvalidRequest
        }
        _ => FaultKind::BadGateway,
    }
}
