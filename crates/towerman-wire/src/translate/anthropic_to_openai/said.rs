//! What an Anthropic provider says, as far as an OpenAI client is told.

use std::borrow::Cow;

use serde::Deserialize;

use crate::translate::fields::Raw;

/// A block of any type: whole, or as it begins in a stream.
#[derive(Debug, Deserialize)]
pub(super) struct Block<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(default)]
    pub(super) text: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) thinking: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) input: Option<Raw<'a>>,
}

/// Why it stopped.
#[derive(Debug, Deserialize)]
pub(super) struct Details<'a> {
    #[serde(default)]
    pub(super) explanation: Option<Cow<'a, str>>,
}
