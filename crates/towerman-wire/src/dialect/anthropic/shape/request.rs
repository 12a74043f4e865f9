//! Requests.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::{CacheControl, Content, Extra};
use crate::neutral::{Raw, Text};

#[derive(Debug, Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_choice: Option<ToolChoice<'a>>,
    #[serde(skip_serializing_if = "Content::is_empty")]
    pub(crate) system: Content<'a>,
    pub(crate) messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stop_sequences: Option<Vec<Text<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_k: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thinking: Option<Thinking<'a>>,
    #[serde(skip_serializing_if = "OutputConfig::is_empty")]
    pub(crate) output_config: OutputConfig<'a>,
    /// The format's older place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) output_format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<Metadata<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_tier: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_control: Option<CacheControl<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stream: Option<bool>,
    #[serde(flatten)]
    pub(crate) rest: Extra<'a>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Turn<'a> {
    pub(crate) role: &'static str,
    pub(crate) content: Content<'a>,
    #[serde(flatten)]
    pub(crate) rest: Extra<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Tool<'a> {
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
pub(crate) struct ToolChoice<'a> {
    pub(crate) r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) disable_parallel_tool_use: Option<bool>,
    #[serde(flatten)]
    pub(crate) rest: Extra<'a>,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Thinking<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) r#type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) budget_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) display: Option<&'static str>,
    #[serde(flatten)]
    pub(crate) rest: Extra<'a>,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct OutputConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<Format<'a>>,
    #[serde(flatten)]
    pub(crate) rest: Extra<'a>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Format<'a> {
    pub(crate) r#type: &'static str,
    pub(crate) schema: Cow<'a, RawValue>,
    #[serde(flatten)]
    pub(crate) rest: Extra<'a>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<Text<'a>>,
    #[serde(flatten)]
    pub(crate) rest: Extra<'a>,
}

// === impl OutputConfig ===

impl OutputConfig<'_> {
    const fn is_empty(&self) -> bool {
        self.effort.is_none() && self.format.is_none() && self.rest.is_empty()
    }
}
