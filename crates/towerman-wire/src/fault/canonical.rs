//! What a provider's error means, whoever the provider is.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};
use towerman_core::{AttemptFacts, FailureKind, FaultKind, Outcome, Scope};

use super::{Blame, ProviderError};
use crate::{limits, retry_after};

/// What a provider's error means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Canonical {
    /// Its class, in words that every dialect can say.
    pub kind: FaultKind,
    /// How the endpoint failed, unless the error is the caller's or a plea for fewer requests.
    pub failure: Option<FailureKind>,
    /// The same request may succeed at the same endpoint.
    pub retryable: bool,
    /// How long the provider asks to be left alone.
    pub retry_after: Option<Duration>,
    /// How far it reaches.
    pub scope: Scope,
}

/// What an error's head says beyond its status.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    /// What it calls the error.
    class: Option<Box<str>>,
    /// Whether to try again.
    again: Option<bool>,
}

/// Reads an error answer of any provider, or an error event of a stream (under the stream's
/// status): JSON in any of the known shapes, an HTML page, or nothing.
pub fn read(status: StatusCode, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Canonical {
    let error = ProviderError::parse(body).under(&Head::read(headers));
    let mut read = error.canonical(status);
    if retry_after::counts(status) {
        let limits = limits::read(headers, now);
        let asked = retry_after::read(headers, limits.as_ref(), now);
        read.retry_after = asked.or(read.retry_after);
    }
    read
}

impl Head {
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let get = |name: &str| headers.get(name)?.to_str().ok();
        Self {
            // Bedrock: `ValidationException:http://internal.amazon.com/…`.
            class: get("x-amzn-errortype").and_then(|name| Some(name.split(':').next()?.into())),
            again: get("x-should-retry").and_then(|again| again.trim().parse().ok()),
        }
    }
}

impl ProviderError {
    /// With what the head that it came under says.
    pub(crate) fn under(mut self, head: &Head) -> Self {
        if let Some(class) = &head.class {
            self.class.push(' ');
            self.class.push_str(&class.to_ascii_lowercase());
        }
        self.again = head.again;
        self
    }

    pub(crate) fn canonical(&self, head: StatusCode) -> Canonical {
        let status = self.status(head);
        let kind = self.kind(status);
        let failure = match self.blame(status) {
            Blame::Endpoint(kind) => Some(kind),
            Blame::Caller => None,
            Blame::Status => by_status(status),
        };
        let scope = match (failure, kind) {
            (Some(FailureKind::Auth), _) => Scope::Key,
            (Some(FailureKind::Quota), _) => Scope::Account,
            (None, FaultKind::NotFound) => Scope::Model,
            (None, kind) if kind.is_callers() => Scope::Request,
            _ => Scope::Model,
        };
        let again = match failure {
            Some(FailureKind::Auth | FailureKind::Quota | FailureKind::Protocol) => false,
            _ => !kind.is_callers(),
        };
        Canonical {
            kind,
            failure,
            retryable: self.again.unwrap_or(again),
            retry_after: self.retry_after(status),
            scope,
        }
    }

    /// The status that an error inside a success would have had as an answer of its own.
    fn status(&self, head: StatusCode) -> StatusCode {
        const NAMED: [(u16, &[&str]); 7] = [
            (
                429,
                &[
                    "rate_limit",
                    "ratelimit",
                    "resource_exhausted",
                    "throttl",
                    "too_many_req",
                ],
            ),
            (503, &["overloaded", "unavailable"]),
            (504, &["timeout", "deadline_exceeded"]),
            (401, &["authentication"]),
            (403, &["permission"]),
            (404, &["not_found"]),
            (
                400,
                &["invalid", "validation", "context_length", "too_many_"],
            ),
        ];
        if !head.is_success() {
            return head;
        }
        let named = || NAMED.iter().find(|(_, words)| self.class_has(words));
        let number = self.number.or_else(|| Some(named()?.0)).unwrap_or(500);
        StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// What a status alone says about the endpoint.
fn by_status(status: StatusCode) -> Option<FailureKind> {
    let mut facts = AttemptFacts::default();
    facts.status = Some(status);
    match facts.verdict() {
        Outcome::Failure(kind) => Some(kind),
        _ => None,
    }
}
