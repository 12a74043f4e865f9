//! A complete answer of an Anthropic provider, for an OpenAI client.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use towerman_core::{Dialect, Fault};

use super::said::{Block, Details};
use crate::{
    translate::{
        fields::{Raw, Text, compact},
        finish,
        openai::{Answer, Called, Choice, Completion, ToolCall},
        trouble, usage, write,
    },
    usage::Tokens,
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

pub(in crate::translate) fn response(body: &[u8], created: u64) -> Result<Bytes, Fault> {
    let message: Message<'_> =
        serde_json::from_slice(body).map_err(|error| trouble::nonsense().because(error))?;
    if let Some(error) = message.error {
        return Err(trouble::read(error));
    }
    let blocks = message.content.ok_or_else(trouble::nonsense)?;
    let refused = message.stop_reason.as_deref() == Some("refusal");
    let explanation = message.stop_details.and_then(|details| details.explanation);
    let mut tokens = Tokens::default();
    usage::report(&mut tokens, message.usage, Tokens::anthropic);
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
        usage: tokens.usage(Dialect::Anthropic).unwrap_or_default().into(),
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
            "text" => append(&mut answer.content, block.text),
            "thinking" => append(&mut answer.reasoning_content, block.thinking),
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

fn append(to: &mut Option<String>, text: Option<Cow<'_, str>>) {
    if let Some(text) = text {
        to.get_or_insert_default().push_str(&text);
    }
}
