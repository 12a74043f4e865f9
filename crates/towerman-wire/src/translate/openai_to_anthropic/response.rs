//! A complete answer of an OpenAI provider, for an Anthropic client.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use towerman_core::{Dialect, Fault};

use super::arguments;
use crate::{
    translate::{
        anthropic::{Block, Message, legal_id},
        fields::{Raw, Said, Text},
        finish, trouble, usage, write,
    },
    usage::Tokens,
};

#[derive(Debug, Deserialize)]
struct Completion<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow, default)]
    usage: Option<Raw<'a>>,
    #[serde(borrow, default)]
    error: Option<Raw<'a>>,
}

#[derive(Debug, Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: u32,
    #[serde(borrow)]
    message: Answer<'a>,
    #[serde(borrow, default)]
    finish_reason: Option<Cow<'a, str>>,
    /// The sequence that was met; some clones say it.
    #[serde(borrow, default)]
    stop_reason: Option<Raw<'a>>,
}

#[derive(Debug, Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    content: Option<Raw<'a>>,
    #[serde(borrow, default)]
    reasoning_content: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    reasoning: Option<Raw<'a>>,
    #[serde(borrow, default)]
    refusal: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<ToolCall<'a>>>,
    #[serde(borrow, default)]
    function_call: Option<Raw<'a>>,
}

#[derive(Debug, Deserialize)]
struct ToolCall<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    function: Function<'a>,
}

#[derive(Debug, Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    arguments: Option<Raw<'a>>,
}

pub(in crate::translate) fn response(body: &[u8]) -> Result<Bytes, Fault> {
    let answer: Completion<'_> =
        serde_json::from_slice(body).map_err(|error| trouble::nonsense().because(error))?;
    if let Some(error) = answer.error {
        return Err(trouble::read(error));
    }
    let mut choices = answer.choices.unwrap_or_default();
    // Nobody can ask for more than one here.
    choices.sort_by_key(|choice| choice.index);
    let choice = choices.into_iter().next().ok_or_else(trouble::nonsense)?;
    let reason = choice.finish_reason.unwrap_or_default();
    if finish::is_failure(&reason) || choice.message.function_call.is_some() {
        return Err(trouble::nonsense());
    }
    let refused = choice
        .message
        .refusal
        .as_deref()
        .is_some_and(|text| !text.is_empty());
    let content = content(choice.message, reason == "length")?;
    let called = matches!(content.last(), Some(Block::ToolUse { .. }));
    let met: Option<Said<'_>> = choice
        .stop_reason
        .and_then(|raw| serde_json::from_str(raw.get()).ok());
    let stop_sequence = met
        .map(|said| said.0)
        .filter(|_| reason == "stop" && !called);
    let stop_reason = match &stop_sequence {
        _ if refused => "refusal",
        Some(_) => "stop_sequence",
        None => finish::to_anthropic(&reason, called),
    };
    let mut tokens = Tokens::default();
    usage::report(&mut tokens, answer.usage, Tokens::openai);
    write(&Message {
        id: answer.id.as_deref().unwrap_or_default(),
        kind: "message",
        role: "assistant",
        model: answer.model.as_deref().unwrap_or_default(),
        content,
        stop_reason: Some(stop_reason),
        stop_sequence,
        usage: tokens.usage(Dialect::OpenAiChat).unwrap_or_default().into(),
    })
}

fn content(answer: Answer<'_>, cut: bool) -> Result<Vec<Block<'_>>, Fault> {
    let mut blocks = Vec::new();
    let reasoning = answer.reasoning_content.or_else(|| {
        let said: Said<'_> = serde_json::from_str(answer.reasoning?.get()).ok()?;
        Some(said.0)
    });
    if let Some(thinking) = reasoning.filter(|text| !text.is_empty()) {
        blocks.push(Block::Thinking {
            thinking: Text::Said(thinking),
            signature: "",
        });
    }
    let text = match answer.content {
        Some(raw) => said(raw)?,
        None => Cow::Borrowed(""),
    };
    let refusal = answer.refusal.unwrap_or_default();
    for text in [text, refusal].into_iter().filter(|text| !text.is_empty()) {
        blocks.push(Block::Text {
            text: Text::Said(text),
        });
    }
    let calls = answer.tool_calls.unwrap_or_default();
    let last = calls.len().saturating_sub(1);
    for (i, call) in calls.into_iter().enumerate() {
        match tool_use(call, i) {
            Some(block) => blocks.push(block),
            // A call that ran into the limit is no call; the stop reason says so.
            None if cut && i == last => {}
            None => return Err(trouble::nonsense()),
        }
    }
    Ok(blocks)
}

/// Content is a string; some clones send parts.
pub(super) fn said(content: Raw<'_>) -> Result<Cow<'_, str>, Fault> {
    #[derive(Deserialize)]
    struct Part<'a> {
        #[serde(borrow, default)]
        text: Option<Cow<'a, str>>,
    }
    if content.get().starts_with('"') {
        let said: Result<Said<'_>, _> = serde_json::from_str(content.get());
        return said
            .map(|said| said.0)
            .map_err(|error| trouble::nonsense().because(error));
    }
    let parts: Vec<Part<'_>> =
        serde_json::from_str(content.get()).map_err(|error| trouble::nonsense().because(error))?;
    let texts: String = parts.into_iter().filter_map(|part| part.text).collect();
    Ok(texts.into())
}

fn tool_use(call: ToolCall<'_>, i: usize) -> Option<Block<'_>> {
    let arguments = match call.function.arguments {
        None => Cow::Borrowed(""),
        Some(raw) if raw.get().starts_with('"') => {
            serde_json::from_str::<Said<'_>>(raw.get()).ok()?.0
        }
        // Some clones send the object itself.
        Some(raw) => Cow::Borrowed(raw.get()),
    };
    let id = call.id.filter(|id| !id.is_empty());
    Some(Block::ToolUse {
        id: legal_id(id.unwrap_or_else(|| format!("call_{i}").into())),
        name: Text::Said(call.function.name),
        input: arguments::object(arguments)?,
    })
}
