//! What providers say, read leniently: a member of the wrong type is none.

use std::borrow::Cow;

use serde::Deserialize;
use towerman_core::{Dialect, Finish, Usage};

use crate::{
    json::Cursor,
    neutral::{Raw, fields},
    usage::Tokens,
};

/// A response, whole or begun.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Response<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) model: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) created_at: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) status: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) incomplete_details: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) error: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) output: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) usage: Option<Raw<'a>>,
}

/// An item of the output.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Item<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) id: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) call_id: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) name: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) arguments: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) input: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) content: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) summary: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) encrypted_content: Option<Raw<'a>>,
}

/// A part of a message's content, or of a thought.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Said<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) text: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) refusal: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) annotations: Option<Raw<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Incomplete<'a> {
    #[serde(borrow)]
    reason: Option<Raw<'a>>,
}

/// What an event may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Told<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) response: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) item: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) part: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) delta: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) text: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) refusal: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) arguments: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) input: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) annotation: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) error: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) output_index: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) content_index: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) summary_index: Option<Raw<'a>>,
}

// === impl Response ===

impl Response<'_> {
    /// What it says went wrong.
    pub(super) fn failed(&self) -> Option<Raw<'_>> {
        let error = self.error.filter(|error| error.get() != "null");
        let status = text(self.status);
        let failed = matches!(status.as_deref(), Some("failed" | "cancelled"));
        error.or_else(|| failed.then_some(self.status).flatten())
    }

    /// Why the model stopped; `called` if it called tools. Where it does not say its status, that
    /// is `otherwise`.
    pub(super) fn finish(&self, otherwise: &str, called: bool) -> Finish {
        match text(self.status).as_deref().unwrap_or(otherwise) {
            "incomplete" => {
                let details: Option<Incomplete<'_>> = object(self.incomplete_details);
                match text(details.unwrap_or_default().reason).as_deref() {
                    Some("content_filter") => Finish::ContentFilter,
                    Some("max_output_tokens") | None => Finish::Length,
                    Some(_) => Finish::Other,
                }
            }
            "completed" if called => Finish::ToolCalls,
            "completed" => Finish::Stop,
            _ => Finish::Other,
        }
    }

    pub(super) fn usage(&self) -> Option<Usage> {
        let mut tokens = Tokens::default();
        let mut cursor = Cursor::new(self.usage?.get().as_bytes());
        tokens.responses(&mut cursor).ok()?;
        tokens.usage(Dialect::OpenAiResponses)
    }

    pub(super) fn created(&self) -> Option<u64> {
        // Some say it with fractions.
        let whole = self.created_at?.get().split('.').next()?;
        whole.parse().ok()
    }
}

/// The text, if it is one.
pub(super) fn text(raw: Option<Raw<'_>>) -> Option<Cow<'_, str>> {
    let said = serde_json::from_str::<fields::Said<'_>>(raw?.get());
    said.ok().map(|said| said.0)
}

/// The object, if it is one.
pub(super) fn object<'a, T: Deserialize<'a>>(raw: Option<Raw<'a>>) -> Option<T> {
    let raw = raw.filter(|raw| raw.get().starts_with('{'))?;
    serde_json::from_str(raw.get()).ok()
}

/// The objects of a list, if it is one.
pub(super) fn objects<'a, T: Deserialize<'a>>(raw: Option<Raw<'a>>) -> Vec<T> {
    let list = raw.and_then(|raw| serde_json::from_str::<Vec<Raw<'a>>>(raw.get()).ok());
    let list = list.unwrap_or_default().into_iter();
    list.filter_map(|raw| object(Some(raw))).collect()
}

/// The number, or the first.
pub(super) fn number(raw: Option<Raw<'_>>) -> u32 {
    raw.and_then(|raw| raw.get().parse().ok())
        .unwrap_or_default()
}
