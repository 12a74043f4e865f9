//! What a provider says, read leniently: a member of another type counts for nothing.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::neutral::{
    Raw,
    fields::Said as Words,
    json,
    lenient::{List, Shape},
};

/// A whole answer, or a chunk of a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Response<'a> {
    #[serde(borrow, rename = "responseId")]
    id: Option<Raw<'a>>,
    #[serde(borrow, rename = "modelVersion")]
    model: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) candidates: Option<List<Candidate<'a>>>,
    #[serde(borrow, rename = "promptFeedback")]
    feedback: Option<Raw<'a>>,
    #[serde(borrow, rename = "usageMetadata")]
    pub(super) usage: Option<Raw<'a>>,
    #[serde(borrow)]
    error: Option<Raw<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Candidate<'a> {
    #[serde(borrow)]
    index: Option<Raw<'a>>,
    #[serde(borrow)]
    content: Shape<Content<'a>>,
    #[serde(borrow, rename = "finishReason")]
    finish: Option<Raw<'a>>,
    #[serde(borrow, rename = "finishMessage")]
    message: Option<Raw<'a>>,
    #[serde(borrow, rename = "groundingMetadata")]
    pub(super) grounding: Option<Raw<'a>>,
    #[serde(borrow, rename = "citationMetadata")]
    pub(super) citations: Option<Raw<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Content<'a> {
    #[serde(borrow)]
    parts: List<Piece<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Feedback<'a> {
    #[serde(borrow, rename = "blockReason")]
    reason: Option<Raw<'a>>,
    #[serde(borrow, rename = "blockReasonMessage")]
    message: Option<Raw<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Piece<'a> {
    #[serde(borrow)]
    text: Option<Raw<'a>>,
    #[serde(borrow)]
    thought: Option<Raw<'a>>,
    #[serde(borrow, rename = "thoughtSignature")]
    seal: Option<Raw<'a>>,
    #[serde(borrow, rename = "inlineData")]
    inline: Option<Raw<'a>>,
    #[serde(borrow, rename = "functionCall")]
    call: Option<Raw<'a>>,
    /// What tools of the provider's did; nobody else can be told.
    #[serde(borrow, rename = "executableCode")]
    code: Option<Raw<'a>>,
    #[serde(borrow, rename = "codeExecutionResult")]
    result: Option<Raw<'a>>,
    #[serde(borrow, rename = "toolCall")]
    tool_call: Option<Raw<'a>>,
    #[serde(borrow, rename = "toolResponse")]
    tool_response: Option<Raw<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Blob<'a> {
    #[serde(borrow, rename = "mimeType")]
    media_type: Option<Raw<'a>>,
    #[serde(borrow)]
    data: Option<Raw<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Called<'a> {
    #[serde(borrow)]
    id: Option<Raw<'a>>,
    #[serde(borrow)]
    name: Option<Raw<'a>>,
    #[serde(borrow)]
    args: Option<Raw<'a>>,
    /// Pieces of the input, where the client asked for them.
    #[serde(borrow, rename = "partialArgs")]
    pub(super) pieces: Option<Raw<'a>>,
    #[serde(borrow, rename = "willContinue")]
    goes_on: Option<Raw<'a>>,
}

/// Why there is no answer.
pub(super) struct Blocked<'a> {
    pub(super) reason: Cow<'a, str>,
    pub(super) message: Option<Cow<'a, str>>,
}

pub(super) fn object<'a, T: Deserialize<'a> + Default>(raw: Option<Raw<'a>>) -> Option<T> {
    let raw = raw.filter(|raw| raw.get().starts_with('{'))?;
    serde_json::from_str(raw.get()).ok()
}

pub(super) fn objects<'a, T: Deserialize<'a> + Default>(raw: Option<Raw<'a>>) -> Vec<T> {
    let raw = raw.and_then(|raw| serde_json::from_str::<Vec<Raw<'a>>>(raw.get()).ok());
    let raw = raw.unwrap_or_default().into_iter();
    raw.filter_map(|raw| object(Some(raw))).collect()
}

/// A string, unless it is empty.
pub(super) fn text(raw: Option<Raw<'_>>) -> Option<Cow<'_, str>> {
    let raw = raw.filter(|raw| raw.get().starts_with('"'))?;
    let words: Words<'_> = serde_json::from_str(raw.get()).ok()?;
    Some(words.0).filter(|text| !text.is_empty())
}

pub(super) fn number<'a, T: Deserialize<'a>>(raw: Option<Raw<'a>>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

impl<'a> Response<'a> {
    /// Nothing if it is no object. Some hosts wrap an error in an array.
    pub(super) fn read(data: &'a [u8]) -> Option<Self> {
        if data.trim_ascii_start().starts_with(b"[") {
            let list: Vec<Raw<'a>> = serde_json::from_slice(data).ok()?;
            return match &*list {
                [one] => object(Some(one)),
                _ => None,
            };
        }
        serde_json::from_slice::<Shape<Self>>(data).ok()?.0
    }

    pub(super) fn error(&self) -> Option<Raw<'a>> {
        self.error.filter(|raw| raw.get() != "null")
    }

    pub(super) fn id(&self) -> Option<Cow<'a, str>> {
        text(self.id)
    }

    pub(super) fn model(&self) -> Option<Cow<'a, str>> {
        text(self.model)
    }

    pub(super) fn candidates(&self) -> &[Candidate<'a>] {
        self.candidates.as_ref().map_or(&[], |list| &list.0)
    }

    pub(super) fn blocked(&self) -> Option<Blocked<'a>> {
        let feedback: Feedback<'a> = object(self.feedback)?;
        Some(Blocked {
            reason: text(feedback.reason)?,
            message: text(feedback.message),
        })
    }

    /// Whether it has anything that answers have.
    pub(super) const fn says(&self) -> bool {
        self.candidates.is_some()
            || self.feedback.is_some()
            || self.usage.is_some()
            || self.id.is_some()
    }
}

impl<'a> Candidate<'a> {
    pub(super) fn index(&self) -> u32 {
        number(self.index).unwrap_or_default()
    }

    pub(super) fn pieces(&self) -> &[Piece<'a>] {
        self.content.0.as_ref().map_or(&[], |said| &said.parts.0)
    }

    pub(super) fn reason(&self) -> Option<Cow<'a, str>> {
        text(self.finish).filter(|reason| reason != "FINISH_REASON_UNSPECIFIED")
    }

    pub(super) fn message(&self) -> Option<Cow<'a, str>> {
        text(self.message)
    }
}

impl<'a> Piece<'a> {
    pub(super) fn text(&self) -> Option<Cow<'a, str>> {
        text(self.text)
    }

    pub(super) fn is_thought(&self) -> bool {
        self.thought.is_some_and(|raw| raw.get() == "true")
    }

    /// A seal of what is passed over would prove nothing.
    pub(super) fn seal(&self) -> Option<Cow<'a, str>> {
        let hosted = [self.code, self.result, self.tool_call, self.tool_response];
        let hosted = hosted.into_iter().any(|raw| raw.is_some());
        text(self.seal.filter(|_| !hosted))
    }

    pub(super) fn image(&self) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
        let blob: Blob<'a> = object(self.inline)?;
        text(blob.media_type).zip(text(blob.data))
    }

    pub(super) fn call(&self) -> Option<Called<'a>> {
        object(self.call)
    }
}

impl<'a> Called<'a> {
    pub(super) fn id(&self) -> Option<Cow<'a, str>> {
        text(self.id)
    }

    pub(super) fn name(&self) -> Option<Cow<'a, str>> {
        text(self.name)
    }

    pub(super) fn goes_on(&self) -> bool {
        self.goes_on.is_some_and(|raw| raw.get() == "true")
    }

    /// Nothing if it is no object.
    pub(super) fn args(&self) -> Option<Cow<'a, RawValue>> {
        match self.args {
            Some(raw) if json::is_object(raw.get()) => Some(Cow::Borrowed(raw)),
            Some(raw) if raw.get() != "null" => None,
            _ => Some(Cow::Owned(crate::dialect::empty_object())),
        }
    }
}
