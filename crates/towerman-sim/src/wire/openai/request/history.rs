//! Reads the messages: their tokens, what the user said last, what tools returned.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::missing;
use crate::{json::compact, prompt::Prompt, trouble::Problem};

#[derive(Deserialize)]
pub(super) struct Message<'a> {
    role: Option<String>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    tool_calls: Option<Vec<ToolCall>>,
    tool_call_id: Option<String>,
}

#[derive(Deserialize)]
struct ToolCall {
    id: String,
    #[serde(default)]
    function: Function,
}

#[derive(Deserialize, Default)]
struct Function {
    #[serde(default)]
    name: String,
    #[serde(default)]
    arguments: String,
}

/// What the answer depends on.
#[derive(Default)]
pub(super) struct History {
    pub(super) said: String,
    pub(super) results: Vec<String>,
}

pub(super) fn read(messages: &[Message<'_>], prompt: &mut Prompt) -> Result<History, Problem> {
    let mut history = History::default();
    // Calls of the last assistant message: all of them, and those without a result so far.
    let (mut called, mut awaited) = (Vec::new(), Vec::new());
    for (at, message) in messages.iter().enumerate() {
        let role = message
            .role
            .as_deref()
            .ok_or_else(|| missing(format!("messages[{at}].role")))?;
        let calls = message.tool_calls.as_deref().unwrap_or_default();
        prompt.message(role);
        let text = content(
            message,
            at,
            role == "assistant" && message.content.is_none(),
            prompt,
        )?;
        for call in calls {
            prompt.text(&call.function.name);
            prompt.text(&call.function.arguments);
        }
        prompt.end_block(None);

        if role == "tool" {
            let id = message.tool_call_id.as_deref();
            let id = id.ok_or_else(|| missing(format!("messages[{at}].tool_call_id")))?;
            if !called.contains(&id) {
                return Err(Problem::invalid(
                    "Invalid parameter: messages with role 'tool' must be a response to a preceding message with \
                     'tool_calls'.",
                )
                .param(format!("messages.[{at}].role")));
            }
            awaited.retain(|awaited| *awaited != id);
            history.results.push(text);
            continue;
        }
        unanswered(&awaited)?;
        called = calls.iter().map(|call| call.id.as_str()).collect();
        awaited = called.clone();
        history.results.clear();
        match role {
            "user" => history.said = text,
            "assistant" | "system" | "developer" | "function" => {}
            other => {
                return Err(Problem::invalid(format!(
                    "Invalid value: '{other}'. Supported values are: 'system', 'assistant', 'user', 'function', \
                     'tool', and 'developer'."
                ))
                .param(format!("messages[{at}].role"))
                .code("invalid_value"));
            }
        }
    }
    unanswered(&awaited)?;
    Ok(history)
}

fn unanswered(awaited: &[&str]) -> Result<(), Problem> {
    if awaited.is_empty() {
        return Ok(());
    }
    Err(Problem::invalid(format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. \
         The following tool_call_ids did not have response messages: {}",
        awaited.join(", ")
    ))
    .param("messages"))
}

/// The message's text, which may also come in parts.
fn content(
    message: &Message<'_>,
    at: usize,
    optional: bool,
    prompt: &mut Prompt,
) -> Result<String, Problem> {
    let Some(raw) = message.content else {
        return if optional {
            Ok(String::new())
        } else {
            Err(missing(format!("messages[{at}].content")))
        };
    };
    if let Ok(text) = serde_json::from_str::<String>(raw.get()) {
        prompt.text(&text);
        return Ok(text);
    }
    let parts: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| {
        Problem::invalid(format!(
            "Invalid type for 'messages[{at}].content': expected a string or an array."
        ))
        .param(format!("messages[{at}].content"))
        .code("invalid_type")
    })?;
    let mut texts = Vec::new();
    for (part_at, raw) in parts.into_iter().enumerate() {
        let part: Value = serde_json::from_str(raw.get()).unwrap_or_default();
        let place = format!("messages[{at}].content[{part_at}]");
        match part["type"].as_str() {
            Some(kind @ ("text" | "refusal")) => {
                let text = part[kind]
                    .as_str()
                    .ok_or_else(|| missing(format!("{place}.{kind}")))?;
                prompt.text(text);
                texts.push(text.to_owned());
            }
            Some("image_url" | "input_audio" | "file") => prompt.attachment(&compact(raw.get())),
            Some(other) => {
                return Err(Problem::invalid(format!(
                    "Invalid value: '{other}'. Supported values are: 'text', 'image_url', 'input_audio', 'refusal', \
                     and 'file'."
                ))
                .param(place)
                .code("invalid_value"));
            }
            None => return Err(missing(format!("{place}.type"))),
        }
    }
    Ok(texts.join("\n"))
}
