//! What a provider says, whole or event by event.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use towerman_core::{Dialect, Finish, Usage};

use super::cite;
use super::formats::media_type;
use crate::{
    neutral::{Cite, Media, Medium, Raw, Source, fields::Said},
    usage::Tokens,
};

#[derive(Debug, Deserialize)]
pub(super) struct Whole<'a> {
    #[serde(borrow, default)]
    pub(super) output: Option<Output<'a>>,
    #[serde(borrow, default, rename = "stopReason")]
    pub(super) reason: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(super) usage: Option<Raw<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Output<'a> {
    #[serde(borrow, default)]
    pub(super) message: Option<Message<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow, default)]
    pub(super) content: Option<Vec<Raw<'a>>>,
}

/// A block, or a piece of one: the member that there is says what it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Block<'a> {
    #[serde(borrow)]
    pub(super) text: Option<Said<'a>>,
    #[serde(borrow, rename = "toolUse")]
    pub(super) call: Option<ToolUse<'a>>,
    #[serde(borrow, rename = "reasoningContent")]
    pub(super) thought: Option<Reasoning<'a>>,
    #[serde(borrow)]
    pub(super) image: Option<Image<'a>>,
    #[serde(borrow, rename = "citationsContent")]
    pub(super) cited: Option<Cited<'a>>,
    /// One piece of a stream is a citation by itself.
    #[serde(borrow)]
    pub(super) citation: Option<Raw<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ToolUse<'a> {
    #[serde(borrow, rename = "toolUseId")]
    pub(super) id: Option<Said<'a>>,
    #[serde(borrow)]
    pub(super) name: Option<Said<'a>>,
    /// An object, or a piece of one in a string.
    #[serde(borrow)]
    pub(super) input: Option<Raw<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Raw<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reasoning<'a> {
    #[serde(borrow, rename = "reasoningText")]
    pub(super) whole: Option<ReasoningText<'a>>,
    #[serde(borrow)]
    pub(super) text: Option<Said<'a>>,
    #[serde(borrow)]
    pub(super) signature: Option<Said<'a>>,
    /// A thought that nobody but its maker can read.
    #[serde(borrow, rename = "redactedContent")]
    pub(super) redacted: Option<Said<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ReasoningText<'a> {
    #[serde(borrow)]
    pub(super) text: Option<Said<'a>>,
    #[serde(borrow)]
    pub(super) signature: Option<Said<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Image<'a> {
    #[serde(borrow)]
    format: Option<Said<'a>>,
    #[serde(borrow)]
    source: Option<Bytes<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Bytes<'a> {
    #[serde(borrow)]
    bytes: Option<Said<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cited<'a> {
    #[serde(borrow)]
    content: Vec<Raw<'a>>,
    #[serde(borrow)]
    citations: Vec<Raw<'a>>,
}

impl ToolUse<'_> {
    /// Whether the provider ran it itself: it is nobody's to answer.
    pub(super) fn is_hosted(&self) -> bool {
        let kind = self.kind.map(RawValue::get);
        kind.is_some_and(|kind| kind != "\"tool_use\"" && kind != "null")
    }
}

impl<'a> Image<'a> {
    pub(super) fn media_type(&self) -> Option<&'static str> {
        let format = self.format.as_ref().map(|format| &*format.0);
        media_type(Medium::Image, format.unwrap_or("png"))
    }

    /// In base64.
    pub(super) fn data(self) -> Option<Cow<'a, str>> {
        self.source?.bytes.map(|data| data.0)
    }

    pub(super) fn media(self) -> Option<Media<'a>> {
        Some(Media {
            what: Medium::Image,
            source: Source::Base64 {
                media_type: self.media_type()?.into(),
                data: self.data()?,
            },
            name: None,
            detail: None,
        })
    }
}

impl<'a> Cited<'a> {
    pub(super) fn text(&self) -> Cow<'a, str> {
        let texts = self.content.iter().filter_map(|raw| words(raw));
        let mut texts: Vec<_> = texts.collect();
        match texts.len() {
            1 => texts.remove(0),
            _ => texts.concat().into(),
        }
    }

    pub(super) fn cites(&self) -> Vec<Cite<'a>> {
        self.citations
            .iter()
            .filter_map(|raw| cite::read(raw))
            .collect()
    }
}

/// The text of a block that is one.
pub(super) fn words<'a>(raw: Raw<'a>) -> Option<Cow<'a, str>> {
    let block: Block<'a> = serde_json::from_str(raw.get()).ok()?;
    block.text.map(|text| text.0)
}

pub(super) fn usage(raw: Option<Raw<'_>>) -> Option<Usage> {
    let mut tokens = Tokens::default();
    tokens.report(raw, Tokens::converse);
    tokens.usage(Dialect::BedrockConverse)
}

/// Why it stopped.
pub(super) fn finish(reason: &[u8]) -> Finish {
    match reason {
        b"end_turn" | b"stop_sequence" => Finish::Stop,
        b"max_tokens" | b"model_context_window_exceeded" => Finish::Length,
        b"tool_use" => Finish::ToolCalls,
        b"guardrail_intervened" | b"content_filtered" => Finish::ContentFilter,
        _ => Finish::Other,
    }
}
