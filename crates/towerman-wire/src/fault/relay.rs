//! What a client hears of a provider's error answer.

use std::borrow::Cow;

use bytes::Bytes;
use http::StatusCode;
use towerman_core::{Dialect, FailureKind, Fault, FaultKind};

use super::{Blame, ProviderError, Told};
use crate::dialect;

/// How much of a provider's words a client gets to see, in characters.
const WORDS: usize = 512;

/// How much of the name of a part of the request, in characters.
const PARAM: usize = 128;

/// How names begin that mean something to our account only: keys, organisations, projects,
/// requests.
const PRIVATE: [&str; 5] = ["sk-", "org-", "proj_", "req_", "wrkspc_"];

/// An error answer of a provider's.
#[derive(Clone, Copy, Debug)]
pub struct Refused<'a> {
    /// The provider's dialect.
    pub dialect: Dialect,
    /// Its status, which is not a success.
    pub status: StatusCode,
    /// Its body, whatever that is.
    pub body: &'a [u8],
    /// The name by which the provider knows the model.
    pub model: &'a str,
}

/// The body with which a client of `dialect` hears of it. `model` is what the client calls the
/// model.
///
/// A mistake of the caller's is told in the provider's words and, in its own dialect, with its type
/// and code, because programs look for them; what speaks of our account is left out. Everything
/// else is told in ours: a refused key of ours is never the caller's.
pub fn relay(refused: &Refused<'_>, dialect: Dialect, model: &str) -> Bytes {
    let error = ProviderError::parse(refused.body);
    let fault = error.fault(refused, model);
    let mut told = Told::default();
    if error.kind(refused.status).is_callers() && dialect == refused.dialect {
        told.kind = error.kind.as_deref();
        told.code = error.code.as_deref();
    }
    if fault.kind() == FaultKind::NotFound {
        // The path is ours and right.
        told.code = told.code.or(Some("model_not_found"));
    }
    dialect::of(dialect).fault(&fault, told, None)
}

impl ProviderError {
    pub(super) fn fault(&self, refused: &Refused<'_>, model: &str) -> Fault {
        let kind = self.kind(refused.status);
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
        if !kind.is_callers() {
            // The status is on its way already, and words must fit it.
            return match refused.status.as_u16() {
                401 | 402 | 403 | 408 | 429 => Fault::new(kind, ours),
                400..=499 => Fault::new(
                    FaultKind::InvalidRequest,
                    "The provider refused the request.",
                ),
                _ => Fault::new(kind, ours),
            };
        }
        let fault = match self.words(refused.model, model) {
            Some(words) => Fault::new(kind, words),
            None => Fault::new(kind, ours),
        };
        match &self.param {
            Some(param) => fault.param(param.chars().take(PARAM).collect::<String>()),
            None => fault,
        }
    }

    pub(super) fn kind(&self, status: StatusCode) -> FaultKind {
        match (status.as_u16(), self.blame(status)) {
            (402, _) | (_, Blame::Endpoint(FailureKind::Quota | FailureKind::Overloaded)) => {
                FaultKind::Unavailable
            }
            (_, Blame::Endpoint(_)) => FaultKind::BadGateway,
            (_, Blame::Caller) => FaultKind::Permission,
            (400 | 413 | 422, _) if self.is_context_length() => FaultKind::ContextLength,
            (400, _) if self.is_unknown_model() => FaultKind::NotFound,
            (400 | 422, _) => FaultKind::InvalidRequest,
            (404, _) => FaultKind::NotFound,
            (413, _) => FaultKind::TooLarge,
            (429, _) => FaultKind::RateLimited,
            (408 | 504, _) => FaultKind::Timeout,
            (409 | 503 | 529, _) => FaultKind::Unavailable,
            // Anthropic uses this type for further 4xx numbers.
            (405..=499, _) if self.class_has(&["invalid_request_error"]) => {
                FaultKind::InvalidRequest
            }
            _ => FaultKind::BadGateway,
        }
    }

    /// Some say so with a 400. A message counts as a whole only: it may quote a caller.
    fn is_unknown_model(&self) -> bool {
        self.class_has(&["model_not_found"])
            || self.message == "The provided model identifier is invalid."
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

    /// The provider's words, for the caller whose mistake they explain; nothing that may name an
    /// account of ours, and the model as the caller knows it.
    fn words(&self, theirs: &str, ours: &str) -> Option<String> {
        let account = ["api key", "api_key", "organization", "bearer"];
        if self.message.is_empty() || self.says(&account) {
            return None;
        }
        let printable: String = self.message.chars().filter(|c| !c.is_control()).collect();
        let told = redacted(&renamed(&printable, theirs, ours));
        Some(told.chars().take(WORDS).collect())
    }
}

/// `text` with a model's name for another, wherever it stands by itself.
fn renamed<'a>(text: &'a str, from: &str, to: &str) -> Cow<'a, str> {
    if from.is_empty() || from == to {
        return text.into();
    }
    let mut out = String::new();
    let mut done = 0;
    for (at, _) in text.match_indices(from) {
        let (before, after) = (&text[..at], &text[at + from.len()..]);
        if before.ends_with(char::is_alphanumeric) || after.starts_with(char::is_alphanumeric) {
            continue;
        }
        out.push_str(&text[done..at]);
        out.push_str(to);
        done = at + from.len();
    }
    if done == 0 {
        return text.into();
    }
    out.push_str(&text[done..]);
    out.into()
}

/// `text` without the words that are private names.
fn redacted(text: &str) -> String {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c| !part(c)) {
        let word = piece.trim_end_matches(|c| !part(c));
        if PRIVATE.iter().any(|name| word.starts_with(name)) {
            out.push_str("***");
            out.push_str(&piece[word.len()..]);
        } else {
            out.push_str(piece);
        }
    }
    out
}
