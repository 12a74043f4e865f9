//! What providers say: a chunk and a whole answer are of one shape. Read leniently: a member of
//! the wrong type is none.

use std::borrow::Cow;

use serde::Deserialize;
use towerman_core::{Dialect, Finish, Usage};

use crate::{
    json::Cursor,
    neutral::{Raw, fields, lenient::List},
    usage::Tokens,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Said<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) model: Option<Raw<'a>>,
    #[serde(borrow)]
    created: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) choices: Option<List<Choice<'a>>>,
    #[serde(borrow)]
    usage: Option<Raw<'a>>,
    #[serde(borrow)]
    error: Option<Raw<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice<'a> {
    #[serde(borrow)]
    index: Option<Raw<'a>>,
    #[serde(borrow)]
    text: Option<Raw<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Raw<'a>>,
    #[serde(borrow)]
    logprobs: Option<Raw<'a>>,
}

impl<'a> Said<'a> {
    pub(super) fn error(&self) -> Option<Raw<'a>> {
        there(self.error)
    }

    pub(super) fn created(&self) -> Option<u64> {
        self.created?.get().parse().ok()
    }

    pub(super) fn usage(&self) -> Option<Usage> {
        let mut tokens = Tokens::default();
        let mut cursor = Cursor::new(self.usage?.get().as_bytes());
        tokens.openai(&mut cursor).ok()?;
        tokens.usage(Dialect::OpenAiCompletions)
    }
}

impl<'a> Choice<'a> {
    pub(super) fn index(&self) -> u32 {
        self.index
            .and_then(|raw| raw.get().parse().ok())
            .unwrap_or_default()
    }

    pub(super) fn text(&self) -> Cow<'a, str> {
        text(self.text).unwrap_or_default()
    }

    pub(super) fn logprobs(&self) -> Option<Raw<'a>> {
        there(self.logprobs)
    }

    pub(super) fn finish(&self) -> Option<Finish> {
        Some(match &*text(self.finish_reason)? {
            // Some providers spell "not yet" as a string.
            "" | "null" => return None,
            "stop" | "eos" => Finish::Stop,
            "length" => Finish::Length,
            "content_filter" => Finish::ContentFilter,
            _ => Finish::Other,
        })
    }
}

fn there(raw: Option<Raw<'_>>) -> Option<Raw<'_>> {
    raw.filter(|raw| raw.get() != "null")
}

/// The text, if it is one.
pub(super) fn text(raw: Option<Raw<'_>>) -> Option<Cow<'_, str>> {
    let said = serde_json::from_str::<fields::Said<'_>>(raw?.get());
    said.ok().map(|said| said.0)
}
