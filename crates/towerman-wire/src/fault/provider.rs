//! A provider's error answer, whichever shape it has.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use crate::{retry_after, when};

/// The parts of an error body, whichever of the known shapes it has. Missing parts are empty.
#[derive(Debug, Default)]
pub(crate) struct ProviderError {
    /// Type and code, as they were spelt, if they are names.
    pub(super) kind: Option<Box<str>>,
    pub(super) code: Option<Box<str>>,
    /// All words by which errors are told apart, in lower case.
    pub(super) class: String,
    pub(super) message: String,
    pub(super) param: Option<String>,
    /// It says which of the caller's words it will not have.
    pub(super) moderated: bool,
    /// How long it asks to be left alone, in a member made for that.
    pub(super) delay: Option<Duration>,
    /// It was JSON.
    pub(super) read: bool,
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
        // One has a code of its details, another a list of them, each with a reason.
        let details = &inner["details"];
        class.extend(text(details, "error_code"));
        let list = || details.as_array().into_iter().flatten();
        let delay = list().find_map(|detail| when::go_duration(detail["retryDelay"].as_str()?));
        class.extend(list().filter_map(|detail| text(detail, "reason")));
        let name = |name: &str| match inner.get(name) {
            Some(Value::String(text)) if is_name(text) => Some(text.as_str().into()),
            _ => None,
        };
        Self {
            kind: name("type"),
            code: name("code"),
            class: class.join(" ").to_ascii_lowercase(),
            message: text(inner, "message")
                .or_else(|| text(value, "error"))
                .or_else(|| text(value, "detail"))
                .unwrap_or_default(),
            param: text(inner, "param"),
            moderated: inner["metadata"].get("flagged_input").is_some(),
            delay,
            read: true,
        }
    }

    /// How long it asks to be left alone, under a status that may ask.
    pub(crate) fn retry_after(&self, status: StatusCode) -> Option<Duration> {
        if !retry_after::counts(status) {
            return None;
        }
        // Other errors may quote what a caller wrote, and no caller silences an endpoint.
        let words = matches!(status.as_u16(), 429 | 503 | 529).then_some(&self.message);
        let delay = self.delay.map(|delay| delay.min(retry_after::CAP));
        delay.or_else(|| retry_after::in_words(words?))
    }

    pub(super) fn class_has(&self, codes: &[&str]) -> bool {
        codes.iter().any(|code| self.class.contains(code))
    }

    /// Whether the message has any of these words, which are in lower case.
    pub(super) fn says(&self, words: &[&str]) -> bool {
        let message = self.message.to_ascii_lowercase();
        words.iter().any(|words| message.contains(words))
    }
}

/// Whether it is a name that a program would look for, not prose.
fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}
