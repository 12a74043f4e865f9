//! A whole answer for a client.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Serialize;
use towerman_core::{Fault, Finish, Usage};

use super::say::ToolCall;
use crate::{
    dialect::write,
    neutral::{Answer, Choice, Cite, Hearer, Kind, Maker, Raw, Seal, Sealed, Source, Thought},
};

#[derive(Debug, Serialize)]
struct Completion<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: Vec<Chosen<'a>>,
    usage: Used,
}

#[derive(Debug, Serialize)]
struct Chosen<'a> {
    index: usize,
    message: Message<'a>,
    logprobs: Option<Raw<'a>>,
    finish_reason: &'static str,
}

#[derive(Debug, Default, Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasoning_details: Vec<Detail>,
    refusal: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<Annotation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<Image>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall<'a>>,
}

/// A seal, where hosts of this dialect have one.
#[derive(Debug, Serialize)]
pub(super) struct Detail {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Annotation {
    #[serde(rename = "type")]
    kind: &'static str,
    url_citation: Citation,
}

#[derive(Debug, Serialize)]
struct Citation {
    url: String,
    title: String,
    start_index: u32,
    end_index: u32,
}

#[derive(Debug, Serialize)]
pub(super) struct Image {
    #[serde(rename = "type")]
    kind: &'static str,
    image_url: ImageUrl,
}

#[derive(Debug, Serialize)]
struct ImageUrl {
    url: String,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Used {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: Prompt,
    completion_tokens_details: Output,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Prompt {
    cached_tokens: u64,
    cache_write_tokens: u64,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Output {
    reasoning_tokens: u64,
}

pub(super) fn answer(answer: Answer<'_>, hearer: &Hearer) -> Result<Bytes, Fault> {
    let numbered = answer.choices.into_iter().enumerate();
    write(&Completion {
        id: &answer.id,
        object: "chat.completion",
        created: answer.created.unwrap_or(hearer.created),
        model: if answer.model.is_empty() {
            &hearer.model
        } else {
            &answer.model
        },
        choices: numbered
            .map(|(index, choice)| chosen(index, choice))
            .collect(),
        usage: answer.usage.unwrap_or_default().into(),
    })
}

fn chosen(index: usize, choice: Choice<'_>) -> Chosen<'_> {
    let mut message = Message {
        role: "assistant",
        ..Message::default()
    };
    for part in choice.parts {
        match part.kind {
            Kind::Text { text, cites } => {
                append(&mut message.content, text.say());
                message
                    .annotations
                    .extend(cites.iter().filter_map(annotation));
            }
            Kind::Refusal(text) => append(&mut message.refusal, text.say()),
            Kind::Thought(Thought { text, seal, .. }) => {
                if let Some(text) = text {
                    append(&mut message.reasoning_content, text.say());
                }
                message.reasoning_details.extend(seal.as_ref().map(detail));
            }
            Kind::Call(call) => {
                message
                    .reasoning_details
                    .extend(call.seal.as_ref().map(detail));
                message.tool_calls.push(ToolCall::of(call));
            }
            Kind::Media(media) => message.images.extend(image(media.source)),
            // What the provider did by itself; its outcome is in the text.
            Kind::Result(_) | Kind::Foreign { .. } => {}
        }
    }
    if message.refusal.is_none() && choice.finish == Finish::ContentFilter {
        message.refusal = choice.explanation;
    }
    Chosen {
        index,
        message,
        logprobs: choice.logprobs,
        finish_reason: reason(choice.finish),
    }
}

fn append<'a>(to: &mut Option<Cow<'a, str>>, text: Cow<'a, str>) {
    match to {
        Some(before) => before.to_mut().push_str(&text),
        None => *to = Some(text),
    }
}

/// Why it stopped. A reason that no client knows would be an error to some.
pub(super) const fn reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::ContentFilter => "content_filter",
        _ => "stop",
    }
}

pub(super) fn detail(seal: &Seal<'_>) -> Detail {
    let data = Some(seal.told(Maker::Chat).into_owned());
    match seal.kind {
        Sealed::Signature => Detail {
            kind: "reasoning.text",
            signature: data,
            data: None,
        },
        Sealed::Encrypted => Detail {
            kind: "reasoning.encrypted",
            signature: None,
            data,
        },
    }
}

/// Only what has an address can be cited here.
pub(super) fn annotation(cite: &Cite<'_>) -> Option<Annotation> {
    let url = cite.url.as_deref()?.to_owned();
    let (start_index, end_index) = cite.span.unwrap_or_default();
    Some(Annotation {
        kind: "url_citation",
        url_citation: Citation {
            title: cite.title.as_deref().unwrap_or(&url).to_owned(),
            url,
            start_index,
            end_index,
        },
    })
}

fn image(source: Source<'_>) -> Option<Image> {
    let url = match source {
        Source::Base64 { media_type, data } => format!("data:{media_type};base64,{data}"),
        Source::Url(url) => url.into_owned(),
        Source::File(_) | Source::Text(_) => return None,
    };
    Some(Image {
        kind: "image_url",
        image_url: ImageUrl { url },
    })
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
