//! Content and its blocks.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::Extra;
use crate::neutral::{Mark, Raw, Text};

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Content<'a> {
    /// As the client spelt it.
    Text(Text<'a>),
    Blocks(Vec<Block<'a>>),
}

/// A block of a request.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Block<'a> {
    /// As it was read.
    Foreign(Raw<'a>),
    Known {
        #[serde(flatten)]
        said: Said<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<CacheControl<'a>>,
        #[serde(flatten)]
        rest: Extra<'a>,
    },
}

/// What a block says.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Said<'a> {
    Text {
        text: Text<'a>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        citations: Vec<Cow<'a, RawValue>>,
    },
    Thinking {
        thinking: Text<'a>,
        signature: Cow<'a, str>,
    },
    RedactedThinking {
        data: Cow<'a, str>,
    },
    Image {
        source: Source<'a>,
    },
    Document {
        source: Source<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<Text<'a>>,
    },
    ToolUse {
        id: Cow<'a, str>,
        name: Text<'a>,
        input: Cow<'a, RawValue>,
    },
    ToolResult {
        tool_use_id: Cow<'a, str>,
        #[serde(skip_serializing_if = "Content::is_empty")]
        content: Content<'a>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
    },
}

#[derive(Debug, Serialize)]
pub(crate) struct Source<'a> {
    #[serde(flatten)]
    pub(crate) place: Place<'a>,
    #[serde(flatten)]
    pub(crate) rest: Extra<'a>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Place<'a> {
    Base64 {
        media_type: Cow<'a, str>,
        data: Cow<'a, str>,
    },
    Url {
        url: Cow<'a, str>,
    },
    File {
        file_id: Cow<'a, str>,
    },
    Text {
        media_type: &'static str,
        data: Text<'a>,
    },
}

#[derive(Debug, Serialize)]
pub(crate) struct CacheControl<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<&'static str>,
    #[serde(flatten)]
    rest: Extra<'a>,
}

// === impl Content ===

impl Content<'_> {
    pub(crate) const fn is_empty(&self) -> bool {
        matches!(self, Self::Blocks(blocks) if blocks.is_empty())
    }
}

// === impl Block ===

impl<'a> Block<'a> {
    /// A text and nothing around it.
    pub(crate) fn text(text: Text<'a>) -> Self {
        Self::Known {
            said: Said::Text {
                text,
                citations: Vec::new(),
            },
            cache_control: None,
            rest: Extra::default(),
        }
    }

    pub(crate) const fn is_result(&self) -> bool {
        matches!(
            self,
            Self::Known {
                said: Said::ToolResult { .. },
                ..
            }
        )
    }
}

// === impl CacheControl ===

impl<'a> CacheControl<'a> {
    pub(crate) const fn new(mark: Mark, rest: Extra<'a>) -> Self {
        Self {
            r#type: "ephemeral",
            ttl: match mark {
                Mark::Minutes => None,
                Mark::Hour => Some("1h"),
            },
            rest,
        }
    }
}
