//! The messages of a request for a provider; and calls, which answers have, too.

use std::borrow::Cow;

use serde::Serialize;

use crate::neutral::{Call, Input, Maker, Rest, Seal, Text, fields::compact};

#[derive(Debug, Serialize)]
pub(super) struct Message<'a> {
    pub(super) role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_call_id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Text<'a>>,
    /// Null beside tool calls.
    pub(super) content: Option<Content<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) reasoning_details: Vec<crate::neutral::Raw<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refusal: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_calls: Vec<ToolCall<'a>>,
    #[serde(flatten)]
    pub(super) rest: Rest<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Content<'a> {
    Text(Text<'a>),
    Parts(Vec<Piece<'a>>),
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Piece<'a> {
    Said(Said<'a>),
    /// As the client spelt it.
    Own(Rest<'a>),
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Said<'a> {
    Text {
        text: Text<'a>,
        #[serde(flatten)]
        rest: Rest<'a>,
    },
    Refusal {
        refusal: Text<'a>,
        #[serde(flatten)]
        rest: Rest<'a>,
    },
    ImageUrl {
        image_url: Url<'a>,
    },
    InputAudio {
        input_audio: Audio<'a>,
    },
    File {
        file: File<'a>,
    },
}

#[derive(Debug, Serialize)]
pub(super) struct Url<'a> {
    pub(super) url: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<Cow<'a, str>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Audio<'a> {
    pub(super) data: Cow<'a, str>,
    pub(super) format: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct File<'a> {
    pub(super) filename: Text<'a>,
    pub(super) file_data: String,
}

#[derive(Debug, Serialize)]
pub(super) struct ToolCall<'a> {
    id: Cow<'a, str>,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<Called<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom: Option<Custom<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra_content: Option<Extra>,
    #[serde(flatten)]
    rest: Rest<'a>,
}

#[derive(Debug, Serialize)]
struct Called<'a> {
    name: Text<'a>,
    arguments: Cow<'a, str>,
    #[serde(flatten)]
    rest: Rest<'a>,
}

#[derive(Debug, Serialize)]
struct Custom<'a> {
    name: Text<'a>,
    input: Cow<'a, str>,
    #[serde(flatten)]
    rest: Rest<'a>,
}

/// Where Gemini's own door for this dialect keeps the signature of a call.
#[derive(Debug, Serialize)]
pub(super) struct Extra {
    google: Google,
}

#[derive(Debug, Serialize)]
struct Google {
    thought_signature: String,
}

// === impl Message ===

impl<'a> Message<'a> {
    pub(super) fn new(role: &'static str, content: Content<'a>, rest: Rest<'a>) -> Self {
        Self {
            role,
            tool_call_id: None,
            name: None,
            content: Some(content),
            reasoning_details: Vec::new(),
            refusal: None,
            tool_calls: Vec::new(),
            rest,
        }
    }
}

// === impl Content ===

impl<'a> Content<'a> {
    /// A lone text is written as a string: every clone understands that.
    pub(super) fn of(mut parts: Vec<Piece<'a>>) -> Self {
        match parts.pop() {
            None => Self::Text(Text::Said("".into())),
            Some(Piece::Said(Said::Text { text, rest }))
                if parts.is_empty() && rest.0.is_empty() =>
            {
                Self::Text(text)
            }
            Some(last) => {
                parts.push(last);
                Self::Parts(parts)
            }
        }
    }
}

// === impl ToolCall ===

impl<'a> ToolCall<'a> {
    /// With the members that stood beside the id, and those beside the name.
    pub(super) fn of(call: Call<'a>, rest: Rest<'a>, inside: Rest<'a>) -> Self {
        let Call {
            id,
            name,
            input,
            custom,
            seal,
        } = call;
        let spelt = match input {
            Input::Spelt(text) => text,
            Input::Object(Cow::Borrowed(raw)) => compact(raw).into(),
            Input::Object(Cow::Owned(raw)) => compact(&raw).into(),
        };
        let (kind, function, custom) = if custom {
            let custom = Custom {
                name,
                input: spelt,
                rest: inside,
            };
            ("custom", None, Some(custom))
        } else {
            // No arguments are an empty object, which models and clients parse.
            let empty = spelt.trim().is_empty();
            let function = Called {
                name,
                arguments: if empty { "{}".into() } else { spelt },
                rest: inside,
            };
            ("function", Some(function), None)
        };
        Self {
            id,
            kind,
            function,
            custom,
            extra_content: seal.as_ref().map(Extra::of),
            rest,
        }
    }
}

// === impl Extra ===

impl Extra {
    pub(super) fn of(seal: &Seal<'_>) -> Self {
        Self {
            google: Google {
                thought_signature: seal.told(Maker::Gemini).into_owned(),
            },
        }
    }
}
