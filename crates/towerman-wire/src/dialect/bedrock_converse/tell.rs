//! A whole answer for a client.

use std::borrow::Cow;

use bytes::Bytes;
use towerman_core::{Fault, Finish, Usage};

use super::formats::{format, member};
use crate::{
    dialect::{
        node::{Node, Object},
        write,
    },
    neutral::{
        Answer, Choice, Input, Kind, Maker, Media, Medium, Part, Seal, Sealed, Source, Text,
        Thought, json,
    },
    translate::trouble,
};

/// A whole answer. Where there are several, the first is told.
pub(super) fn answer(answer: Answer<'_>) -> Result<Bytes, Fault> {
    let choice = answer.choices.into_iter().next().unwrap_or_default();
    let Choice {
        parts,
        finish,
        sequence,
        explanation,
        ..
    } = choice;
    let mut content: Vec<Node<'_>> = Vec::with_capacity(parts.len());
    for part in parts {
        content.extend(block(part)?);
    }
    if let Some(why) = explanation.filter(|_| content.is_empty()) {
        content.push(Object::default().with("text", why).into());
    }
    let message = Object::default()
        .with("role", "assistant")
        .with("content", content);
    let body = Object::default()
        .with("output", Object::default().with("message", message))
        .with("stopReason", reason(finish, sequence.is_some()))
        .with("usage", usage(answer.usage.unwrap_or_default()))
        .with("metrics", metrics());
    write(&body)
}

/// Why it stopped.
pub(super) const fn reason(finish: Finish, met: bool) -> &'static str {
    match finish {
        Finish::Length => "max_tokens",
        Finish::ToolCalls => "tool_use",
        Finish::ContentFilter => "content_filtered",
        _ if met => "stop_sequence",
        _ => "end_turn",
    }
}

/// What was used; the parts of the prompt are disjoint.
pub(super) fn usage(usage: Usage) -> Object<'static> {
    let written = usage.cache_write + usage.cache_write_long;
    let mut said = Object::default()
        .with("inputTokens", usage.input)
        .with("outputTokens", usage.output)
        .with("totalTokens", usage.prompt() + usage.output);
    if usage.cache_read > 0 || written > 0 {
        said.put("cacheReadInputTokens", usage.cache_read);
        said.put("cacheWriteInputTokens", written);
    }
    // What lives for an hour costs more, and only here is it told apart.
    if usage.cache_write_long > 0 {
        let kinds = [("1h", usage.cache_write_long), ("5m", usage.cache_write)];
        let kinds = kinds.into_iter().filter(|(_, tokens)| *tokens > 0);
        let details = kinds.map(|(ttl, tokens)| {
            let detail = Object::default().with("ttl", ttl);
            Node::from(detail.with("inputTokens", tokens))
        });
        said.put("cacheDetails", details.collect::<Vec<_>>());
    }
    said
}

/// How long it took is measured elsewhere; their SDKs want a number.
pub(super) fn metrics() -> Object<'static> {
    Object::default().with("latencyMs", 0_u64)
}

fn block(part: Part<'_>) -> Result<Option<Node<'_>>, Fault> {
    Ok(Some(match part.kind {
        // What is cited has a block of its own kind here, text and all. Who did not ask for it would
        // not look there for the text; only a stream tells both.
        Kind::Text { text, .. } | Kind::Refusal(text) => {
            Object::default().with("text", text).into()
        }
        Kind::Thought(thought) => return Ok(thinking(thought)),
        Kind::Call(call) => {
            let input = match call.input {
                Input::Object(raw) => raw,
                Input::Spelt(text) => Cow::Owned(json::object(text).ok_or_else(trouble::nonsense)?),
            };
            let said = Object::default()
                .with("toolUseId", call.id)
                .with("name", call.name)
                .with("input", input);
            Object::default().with("toolUse", said).into()
        }
        Kind::Media(media) => return Ok(image(media).map(Node::from)),
        Kind::Result(_) | Kind::Foreign { .. } => return Ok(None),
    }))
}

fn thinking(thought: Thought<'_>) -> Option<Node<'_>> {
    let Thought { text, seal, .. } = thought;
    if let Some(seal) = seal.as_ref().filter(|seal| is_redacted(seal)) {
        let said = Object::default().with("redactedContent", seal.data.clone().into_owned());
        return Some(Object::default().with("reasoningContent", said).into());
    }
    if text.is_none() && seal.is_none() {
        return None;
    }
    let mut said = Object::default();
    said.put("text", text.unwrap_or_else(|| Text::Said("".into())));
    let signature = seal.map(|seal| seal.told(Maker::Anthropic).into_owned());
    said.maybe("signature", signature);
    let said = Object::default().with("reasoningText", said);
    Some(Object::default().with("reasoningContent", said).into())
}

/// Whether the seal is a thought of Claude's own. Another provider's is no bytes in base64, and is
/// told as a signature.
pub(super) fn is_redacted(seal: &Seal<'_>) -> bool {
    seal.kind == Sealed::Encrypted && seal.maker == Maker::Anthropic
}

/// An image, where it is one that Converse has a name for.
fn image(media: Media<'_>) -> Option<Object<'_>> {
    let (format, source) = picture(media)?;
    let said = Object::default()
        .with("format", format)
        .with("source", source);
    Some(Object::default().with(member(Medium::Image), said))
}

/// Its format and its source.
pub(super) fn picture(media: Media<'_>) -> Option<(&'static str, Object<'_>)> {
    let (Medium::Image, Source::Base64 { media_type, data }) = (media.what, media.source) else {
        return None;
    };
    let format = format(Medium::Image, &media_type)?;
    Some((format, Object::default().with("bytes", data)))
}
