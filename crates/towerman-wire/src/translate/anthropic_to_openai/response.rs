//! A complete answer of an Anthropic provider, for an OpenAI client.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use towerman_core::{Fault, Usage};

use crate::translate::{
    fields::{Raw, Text, compact},
    finish,
    openai::{Answer, Called, Choice, Completion, ToolCall},
    trouble, usage, write,
};

#[derive(Debug, Deserialize)]
struct Message<'a> {
    #[serde(default)]
    id: Option<Cow<'a, str>>,
    #[serde(default)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    content: Option<Vec<Block<'a>>>,
    #[serde(default)]
    stop_reason: Option<Cow<'a, str>>,
    #[serde(default)]
    stop_details: Option<Details<'a>>,
    #[serde(borrow, default)]
    usage: Option<Raw<'a>>,
    #[serde(borrow, default)]
    error: Option<Raw<'a>>,
}

#[derive(Debug, Deserialize)]
struct Details<'a> {
    #[serde(default)]
    explanation: Option<Cow<'a, str>>,
}

/// A block of any type: what is not told in OpenAI's dialect is not looked at.
#[derive(Debug, Deserialize)]
struct Block<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    text: Option<Raw<'a>>,
    #[serde(borrow, default)]
    thinking: Option<Raw<'a>>,
    #[serde(default)]
    id: Option<Cow<'a, str>>,
    #[serde(default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    input: Option<Raw<'a>>,
}

pub(in crate::translate) fn response(body: &[u8], created: u64) -> Result<Bytes, Fault> {
    let message: Message<'_> =
        serde_json::from_slice(body).map_err(|error| trouble::nonsense().because(error))?;
    if let Some(error) = message.error {
        return Err(trouble::read(error));
    }
    let blocks = message.content.ok_or_else(trouble::nonsense)?;
    let refused = message.stop_reason.as_deref() == Some("refusal");
    let explanation = message.stop_details.and_then(|details| details.explanation);
    let mut usage = Usage::default();
    if let Some(raw) = message.usage {
        usage::update_anthropic(&mut usage, raw);
    }
    write(&Completion {
        id: message.id.as_deref().unwrap_or_default(),
        object: "chat.completion",
        created,
        model: message.model.as_deref().unwrap_or_default(),
        choices: [Choice {
            index: 0,
            message: answer(blocks, explanation.filter(|_| refused))?,
            logprobs: (),
            finish_reason: finish::to_openai(message.stop_reason.as_deref().unwrap_or_default()),
        }],
        usage: usage.into(),
    })
}

fn answer<'a>(blocks: Vec<Block<'a>>, refusal: Option<Cow<'a, str>>) -> Result<Answer<'a>, Fault> {
    let mut answer = Answer {
        role: "assistant",
        content: None,
        reasoning_content: None,
        refusal,
        tool_calls: Vec::new(),
    };
    for block in blocks {
        match &*block.kind {
            "text" => append(&mut answer.content, block.text)?,
            "thinking" => append(&mut answer.reasoning_content, block.thinking)?,
            "tool_use" => answer.tool_calls.push(ToolCall {
                id: block.id.ok_or_else(trouble::nonsense)?,
                kind: "function",
                function: Called {
                    name: Text::Said(block.name.ok_or_else(trouble::nonsense)?),
                    arguments: block
                        .input
                        .map_or(Cow::Borrowed("{}"), |input| compact(input).into()),
                },
            }),
            // What the provider did by itself; its outcome is in the text.
            _ => {}
        }
    }
    Ok(answer)
}

fn append(to: &mut Option<String>, text: Option<Raw<'_>>) -> Result<(), Fault> {
    let Some(raw) = text else { return Ok(()) };
    let text: String =
        serde_json::from_str(raw.get()).map_err(|error| trouble::nonsense().because(error))?;
    to.get_or_insert_default().push_str(&text);
    Ok(())
}
