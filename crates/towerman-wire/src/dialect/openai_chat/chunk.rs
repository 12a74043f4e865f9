//! What a chunk of a stream may say.

use std::borrow::Cow;

use serde::Deserialize;

use crate::neutral::{Raw, fields::text};

#[derive(Debug, Deserialize)]
pub(super) struct Chunk<'a> {
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
    /// Where one clone tells usage, also to those who did not ask.
    #[serde(borrow, default)]
    pub(super) x_groq: Option<Aside<'a>>,
    #[serde(borrow, default)]
    pub(super) error: Option<Raw<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Aside<'a> {
    #[serde(borrow, default)]
    pub(super) usage: Option<Raw<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Chosen<'a> {
    #[serde(default)]
    pub(super) index: Option<u32>,
    #[serde(borrow, default)]
    pub(super) delta: Option<Change<'a>>,
    #[serde(borrow, default, deserialize_with = "text")]
    pub(super) finish_reason: Option<Cow<'a, str>>,
    /// The sequence that was met; some clones say it.
    #[serde(borrow, default)]
    pub(super) stop_reason: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) logprobs: Option<Raw<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Change<'a> {
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
    pub(super) tool_calls: Option<Vec<CallChange<'a>>>,
    #[serde(borrow, default)]
    pub(super) function_call: Option<FunctionChange<'a>>,
    #[serde(borrow, default)]
    pub(super) extra_content: Option<Raw<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct CallChange<'a> {
    #[serde(default)]
    pub(super) index: Option<u64>,
    #[serde(borrow, default, deserialize_with = "text")]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) function: Option<FunctionChange<'a>>,
    #[serde(borrow, default)]
    pub(super) custom: Option<FunctionChange<'a>>,
    #[serde(borrow, default)]
    pub(super) extra_content: Option<Raw<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct FunctionChange<'a> {
    #[serde(borrow, default, deserialize_with = "text")]
    pub(super) name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) arguments: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) input: Option<Raw<'a>>,
}
