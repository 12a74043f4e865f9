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
    pub(crate) message: String,
    pub(super) param: Option<String>,
    /// It says which of the caller's words it will not have.
    pub(super) moderated: bool,
    /// How long it asks to be left alone, in a member made for that.
    pub(super) delay: Option<Duration>,
    /// The status that it names itself.
    pub(super) number: Option<u16>,
    /// Whether its head says to try again.
    pub(super) again: Option<bool>,
    /// It was JSON.
    pub(super) read: bool,
}

impl ProviderError {
    /// Reads an error body. What is not JSON has no parts.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            return Self::default();
        };
        // Some wrap it in an array, some put the text where others have an object, and in a
        // stream it may stand inside what failed.
        let value = value.get(0).unwrap_or(&value);
        let objects = [value.get("error"), value["response"].get("error")];
        let mut objects = objects.into_iter().flatten();
        let inner = objects.find(|error| error.is_object()).unwrap_or(value);
        let text = |value: &Value, name: &str| match value.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let parts = ["type", "code", "status", "error_type", "__type"];
        let mut class: Vec<String> = parts.iter().filter_map(|name| text(inner, name)).collect();
        // One has a code of its details, another a list of them, each with a reason.
        let details = &inner["details"];
        class.extend(text(details, "error_code"));
        let list = || details.as_array().into_iter().flatten();
        let delay = list().find_map(|detail| when::go_duration(detail["retryDelay"].as_str()?));
        class.extend(list().filter_map(|detail| text(detail, "reason")));
        // A daily quota is none that a minute's patience refills.
        let violated = list().filter_map(|detail| detail["violations"].as_array());
        class.extend(
            violated
                .flatten()
                .filter_map(|quota| text(quota, "quotaId")),
        );
        // A list of what is wrong with members, of which the first is told.
        let wrong = &value["detail"][0];
        let number = |name: &str| u16::try_from(inner[name].as_u64()?).ok();
        let numbers = [number("status_code"), number("code"), number("status")];
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
                .or_else(|| text(wrong, "msg"))
                .or_else(|| text(&value["delta"], "error"))
                .unwrap_or_default(),
            param: text(inner, "param").or_else(|| place(&wrong["loc"])),
            moderated: inner["metadata"].get("flagged_input").is_some(),
            delay,
            number: numbers
                .into_iter()
                .flatten()
                .find(|number| (400..600).contains(number)),
            again: None,
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

    /// The same, by the name that its frame has for it.
    pub(crate) fn named(mut self, name: &[u8]) -> Self {
        self.class.push(' ');
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        self.class.push_str(&name);
        self
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

/// `["body", "messages", 0]`: where a member stands.
fn place(loc: &Value) -> Option<String> {
    let parts = loc.as_array()?.iter().filter(|part| *part != "body");
    let parts: Vec<_> = parts
        .map(|part| {
            part.as_str()
                .map_or_else(|| part.to_string(), str::to_owned)
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join("."))
}

/// Whether it is a name that a program would look for, not prose.
fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}
