//! What a whole answer may say.

use std::borrow::Cow;

use serde::Deserialize;

use crate::neutral::{Raw, fields::text};

#[derive(Debug, Deserialize)]
pub(super) struct Completion<'a> {
    #[serde(borrow, default, deserialize_with = "text")]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "text")]
    pub(super) model: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) created: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) choices: Option<Vec<Chosen<'a>>>,
    #[serde(borrow, default)]
    pub(super) usage: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) error: Option<Raw<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Chosen<'a> {
    #[serde(default)]
    pub(super) index: Option<u32>,
    #[serde(borrow)]
    pub(super) message: Message<'a>,
    #[serde(borrow, default, deserialize_with = "text")]
    pub(super) finish_reason: Option<Cow<'a, str>>,
    /// The sequence that was met; some clones say it.
    #[serde(borrow, default)]
    pub(super) stop_reason: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) logprobs: Option<Raw<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow, default)]
    pub(super) content: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) reasoning_content: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) reasoning: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) reasoning_details: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) refusal: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) annotations: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) images: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) tool_calls: Option<Vec<ToolCall<'a>>>,
    #[serde(borrow, default)]
    pub(super) function_call: Option<Function<'a>>,
    #[serde(borrow, default)]
    pub(super) extra_content: Option<Raw<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ToolCall<'a> {
    #[serde(borrow, default, deserialize_with = "text")]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) function: Option<Function<'a>>,
    #[serde(borrow, default)]
    pub(super) custom: Option<Function<'a>>,
    #[serde(borrow, default)]
    pub(super) extra_content: Option<Raw<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Function<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) arguments: Option<Raw<'a>>,
    #[serde(borrow, default, deserialize_with = "text")]
    pub(super) input: Option<Cow<'a, str>>,
}
