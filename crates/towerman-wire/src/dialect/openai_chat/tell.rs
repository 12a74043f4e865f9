//! A whole answer for a client.

use std::borrow::Cow;

use bytes::Bytes;
use towerman_core::{Fault, Finish};

use super::{
    heard::{Annotation, Chosen, Citation, Completion, Detail, Image, ImageUrl, Message},
    shape::ToolCall,
};
use crate::{
    dialect::write,
    neutral::{
        Answer, Choice, Cite, Hearer, Kind, Maker, Media, Medium, Part, Rest, Seal, Sealed, Source,
        Text, Thought,
    },
};

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
    // One text of several thoughts does not say which of them a seal belongs to.
    let thought = |part: &&Part<'_>| matches!(part.kind, Kind::Thought(_));
    let several = choice.parts.iter().filter(thought).nth(1).is_some();
    for part in choice.parts {
        match part.kind {
            Kind::Text { text, cites } => {
                append(&mut message.content, text.say());
                message
                    .annotations
                    .extend(cites.iter().filter_map(annotation));
            }
            Kind::Refusal(text) => append(&mut message.refusal, text.say()),
            Kind::Thought(Thought { text, seal, id, .. }) => {
                let text = text.map(Text::say).filter(|text| !text.is_empty());
                let repeated = text.as_deref().filter(|_| several).map(str::to_owned);
                if let Some(seal) = seal {
                    message
                        .reasoning_details
                        .extend(details(&seal, id, repeated));
                } else if let Some(text) = repeated {
                    message.reasoning_details.push(Detail::text(text));
                }
                if let Some(text) = text {
                    append(&mut message.reasoning_content, text);
                }
            }
            Kind::Call(call) => {
                message
                    .tool_calls
                    .push(ToolCall::of(call, Rest::default(), Rest::default()))
            }
            Kind::Media(media) => message.images.extend(image(media)),
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

/// A thought's seal; and its text, where it must be told again.
pub(super) fn details(
    seal: &Seal<'_>,
    id: Option<Cow<'_, str>>,
    text: Option<String>,
) -> impl Iterator<Item = Detail> {
    let data = Some(seal.told(Maker::Chat).into_owned());
    let (first, second) = match seal.kind {
        Sealed::Signature | Sealed::Call => {
            let signed = Detail {
                signature: data,
                text,
                ..Detail::of("reasoning.text")
            };
            (None, signed)
        }
        Sealed::Encrypted => {
            let sealed = Detail {
                id: id.map(Cow::into_owned),
                data,
                ..Detail::of("reasoning.encrypted")
            };
            (text.map(Detail::text), sealed)
        }
    };
    first.into_iter().chain([second])
}

/// Only what has an address can be cited here.
pub(super) fn annotation(cite: &Cite<'_>) -> Option<Annotation> {
    let url = cite.url.as_deref()?.to_owned();
    let (start_index, end_index) = cite.span.unwrap_or_default();
    Some(Annotation {
        index: None,
        kind: "url_citation",
        url_citation: Citation {
            title: cite.title.as_deref().unwrap_or(&url).to_owned(),
            url,
            start_index,
            end_index,
        },
    })
}

pub(super) fn image(media: Media<'_>) -> Option<Image> {
    if media.what != Medium::Image {
        return None;
    }
    let url = match media.source {
        Source::Base64 { media_type, data } => format!("data:{media_type};base64,{data}"),
        Source::Url(url) => url.into_owned(),
        Source::File(_) | Source::Text(_) => return None,
    };
    Some(Image {
        index: None,
        kind: "image_url",
        image_url: ImageUrl { url },
    })
}
