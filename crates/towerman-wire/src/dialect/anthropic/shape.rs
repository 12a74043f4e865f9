//! What is written: requests, answers, and the events of streams.

use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::value::RawValue;

use super::usage::Told;
use crate::neutral::{Mark, Raw, Rest, Text};

/// Members as they were read, at the end of their object.
#[derive(Debug, Default)]
pub(super) struct Extra<'a>(pub(super) Vec<(Cow<'a, str>, Raw<'a>)>);

#[derive(Debug, Serialize)]
pub(super) struct Request<'a> {
    pub(super) model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_choice: Option<ToolChoice<'a>>,
    #[serde(skip_serializing_if = "Content::is_empty")]
    pub(super) system: Content<'a>,
    pub(super) messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop_sequences: Option<Vec<Text<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_k: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thinking: Option<Thinking<'a>>,
    #[serde(skip_serializing_if = "OutputConfig::is_empty")]
    pub(super) output_config: OutputConfig<'a>,
    /// The format's older place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output_format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) metadata: Option<Metadata<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) service_tier: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<CacheControl<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stream: Option<bool>,
    #[serde(flatten)]
    pub(super) rest: Extra<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct Turn<'a> {
    pub(super) role: &'static str,
    pub(super) content: Content<'a>,
    #[serde(flatten)]
    pub(super) rest: Extra<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Content<'a> {
    /// As the client spelt it.
    Text(Text<'a>),
    Blocks(Vec<Block<'a>>),
}

/// A block of a request.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Block<'a> {
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
pub(super) enum Said<'a> {
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
pub(super) struct Source<'a> {
    #[serde(flatten)]
    pub(super) place: Place<'a>,
    #[serde(flatten)]
    pub(super) rest: Extra<'a>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Place<'a> {
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
pub(super) struct CacheControl<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<&'static str>,
    #[serde(flatten)]
    rest: Extra<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Tool<'a> {
    /// As it was read.
    Hosted(Raw<'a>),
    Function {
        name: Text<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<Text<'a>>,
        input_schema: Cow<'a, RawValue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        strict: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<CacheControl<'a>>,
        #[serde(flatten)]
        rest: Extra<'a>,
    },
}

#[derive(Debug, Serialize)]
pub(super) struct ToolChoice<'a> {
    pub(super) r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) disable_parallel_tool_use: Option<bool>,
    #[serde(flatten)]
    pub(super) rest: Extra<'a>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Thinking<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) r#type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) budget_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display: Option<&'static str>,
    #[serde(flatten)]
    pub(super) rest: Extra<'a>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct OutputConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) format: Option<Format<'a>>,
    #[serde(flatten)]
    pub(super) rest: Extra<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct Format<'a> {
    pub(super) r#type: &'static str,
    pub(super) schema: Cow<'a, RawValue>,
    #[serde(flatten)]
    pub(super) rest: Extra<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_id: Option<Text<'a>>,
    #[serde(flatten)]
    pub(super) rest: Extra<'a>,
}

/// A whole answer, or the empty one that begins a stream.
#[derive(Debug, Serialize)]
pub(super) struct Message<'a> {
    pub(super) id: &'a str,
    pub(super) r#type: &'static str,
    pub(super) role: &'static str,
    pub(super) model: &'a str,
    pub(super) content: Vec<Said<'a>>,
    #[serde(flatten)]
    pub(super) stop: Stop<'a>,
    pub(super) usage: Told,
}

/// Why it stopped, if it has.
#[derive(Debug, Default, Serialize)]
pub(super) struct Stop<'a> {
    pub(super) stop_reason: Option<&'static str>,
    pub(super) stop_sequence: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop_details: Option<Details<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Details<'a> {
    r#type: &'static str,
    category: (),
    explanation: Cow<'a, str>,
}

// === impl Extra ===

impl<'a> Extra<'a> {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, rest: Rest<'a>) {
        self.0.extend(rest.0);
    }
}

impl Serialize for Extra<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

// === impl Content ===

impl Content<'_> {
    pub(super) const fn is_empty(&self) -> bool {
        matches!(self, Self::Blocks(blocks) if blocks.is_empty())
    }
}

// === impl Block ===

impl<'a> Block<'a> {
    /// A text and nothing around it.
    pub(super) fn text(text: Text<'a>) -> Self {
        Self::Known {
            said: Said::Text {
                text,
                citations: Vec::new(),
            },
            cache_control: None,
            rest: Extra::default(),
        }
    }

    pub(super) const fn is_result(&self) -> bool {
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
    pub(super) const fn new(mark: Mark, rest: Extra<'a>) -> Self {
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

// === impl OutputConfig ===

impl OutputConfig<'_> {
    const fn is_empty(&self) -> bool {
        self.effort.is_none() && self.format.is_none() && self.rest.is_empty()
    }
}

// === impl Details ===

impl<'a> Details<'a> {
    pub(super) const fn refusal(explanation: Cow<'a, str>) -> Self {
        Self {
            r#type: "refusal",
            category: (),
            explanation,
        }
    }
}
