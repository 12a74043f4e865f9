//! What a client hears of a whole answer.

use std::borrow::Cow;

use serde::Serialize;
use towerman_core::Usage;

use super::shape::ToolCall;
use crate::neutral::Raw;

#[derive(Debug, Serialize)]
pub(super) struct Completion<'a> {
    pub(super) id: &'a str,
    pub(super) object: &'static str,
    pub(super) created: u64,
    pub(super) model: &'a str,
    pub(super) choices: Vec<Chosen<'a>>,
    pub(super) usage: Used,
}

#[derive(Debug, Serialize)]
pub(super) struct Chosen<'a> {
    pub(super) index: usize,
    pub(super) message: Message<'a>,
    pub(super) logprobs: Option<Raw<'a>>,
    pub(super) finish_reason: &'static str,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Message<'a> {
    pub(super) role: &'static str,
    pub(super) content: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reasoning_content: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) reasoning_details: Vec<Detail>,
    pub(super) refusal: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) annotations: Vec<Annotation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) images: Vec<Image>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_calls: Vec<ToolCall<'a>>,
}

/// A seal, where hosts of this dialect have one.
///
/// In a stream, what stands in lists is numbered: clients put lists together by that.
#[derive(Debug, Serialize)]
pub(super) struct Detail {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<usize>,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) signature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Annotation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<usize>,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) url_citation: Citation,
}

#[derive(Debug, Serialize)]
pub(super) struct Citation {
    pub(super) url: String,
    pub(super) title: String,
    pub(super) start_index: u32,
    pub(super) end_index: u32,
}

#[derive(Debug, Serialize)]
pub(super) struct Image {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<usize>,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) image_url: ImageUrl,
}

#[derive(Debug, Serialize)]
pub(super) struct ImageUrl {
    pub(super) url: String,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Used {
    pub(super) prompt_tokens: u64,
    pub(super) completion_tokens: u64,
    pub(super) total_tokens: u64,
    pub(super) prompt_tokens_details: Prompt,
    pub(super) completion_tokens_details: Output,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Prompt {
    pub(super) cached_tokens: u64,
    pub(super) cache_write_tokens: u64,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Output {
    pub(super) reasoning_tokens: u64,
}

impl Detail {
    pub(super) const fn of(kind: &'static str) -> Self {
        Self {
            index: None,
            kind,
            text: None,
            signature: None,
            id: None,
            data: None,
        }
    }

    pub(super) fn text(text: String) -> Self {
        Self {
            text: Some(text),
            ..Self::of("reasoning.text")
        }
    }
}

impl From<Usage> for Used {
    fn from(usage: Usage) -> Self {
        Self {
            prompt_tokens: usage.prompt(),
            completion_tokens: usage.output,
            total_tokens: usage.total(),
            prompt_tokens_details: Prompt {
                cached_tokens: usage.cache_read,
                cache_write_tokens: usage.cache_write.saturating_add(usage.cache_write_long),
            },
            completion_tokens_details: Output {
                reasoning_tokens: usage.reasoning,
            },
        }
    }
}
