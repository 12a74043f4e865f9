//! Reads the messages: their tokens, what the user said last, what tools returned.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::super::error::invalid;
use crate::{json::compact, prompt::Prompt, trouble::Problem};

#[derive(Deserialize)]
pub(super) struct Message<'a> {
    role: Option<String>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    tool_plan: Option<String>,
    tool_calls: Option<Vec<ToolCall>>,
    tool_call_id: Option<String>,
}

#[derive(Deserialize)]
struct ToolCall {
    id: Option<String>,
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
    if messages.is_empty() {
        return Err(invalid(
            "invalid request: messages must have at least one element",
        ));
    }
    let mut history = History::default();
    // The ids of the last assistant message's calls.
    let mut called: Vec<&str> = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let role = message.role.as_deref().unwrap_or_default();
        prompt.message(role);
        prompt.text(message.tool_plan.as_deref().unwrap_or_default());
        let text = content(message, at, role, prompt)?;
        let calls = message.tool_calls.as_deref().unwrap_or_default();
        for call in calls {
            prompt.text(&call.function.name);
            prompt.text(&call.function.arguments);
        }
        prompt.end_block(None);
        match role {
            "tool" => {
                let id = message.tool_call_id.as_deref().unwrap_or_default();
                if !called.contains(&id) {
                    return Err(invalid(format!(
                        "invalid request: tool call id '{id}' not found in previous tool calls at messages[{at}]"
                    )));
                }
                history.results.push(text);
            }
            "assistant" => {
                called = calls.iter().filter_map(|call| call.id.as_deref()).collect();
                if called.len() != calls.len() {
                    return Err(invalid(format!(
                        "invalid request: all tool calls at messages[{at}] must have an id"
                    )));
                }
                history.results.clear();
            }
            "user" => {
                history.said = text;
                history.results.clear();
            }
            "system" | "developer" => {}
            other => {
                return Err(invalid(format!(
                    "invalid type: parameter messages[{at}].role '{other}' must be one of: user, assistant, system, \
                     tool"
                )));
            }
        }
    }
    Ok(history)
}

/// The message's text, which may also come in parts.
fn content(
    message: &Message<'_>,
    at: usize,
    role: &str,
    prompt: &mut Prompt,
) -> Result<String, Problem> {
    let wrong = || {
        invalid(format!(
            "invalid type: parameter messages[{at}].content is of another type than role '{role}' takes"
        ))
    };
    let raw = match message.content {
        Some(raw) => raw,
        // Only what the assistant calls can stand by itself.
        None if role == "assistant" && message.tool_calls.is_some() => return Ok(String::new()),
        None => {
            return Err(invalid(
                "invalid request: all elements in history must have a message",
            ));
        }
    };
    if let Ok(text) = serde_json::from_str::<String>(raw.get()) {
        prompt.text(&text);
        return Ok(text);
    }
    let parts: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| wrong())?;
    let mut texts = Vec::new();
    for raw in parts {
        let part: Value = serde_json::from_str(raw.get()).unwrap_or_default();
        match (part["type"].as_str(), role) {
            (Some("text"), _) => {
                let text = part["text"].as_str().ok_or_else(wrong)?;
                prompt.text(text);
                texts.push(text.to_owned());
            }
            (Some("thinking"), "assistant") => {
                prompt.text(part["thinking"].as_str().ok_or_else(wrong)?);
            }
            (Some("image_url"), "user") => prompt.attachment(&compact(raw.get())),
            (Some("document"), "tool") => {
                let data = &part["document"]["data"];
                let said = match data["text"].as_str().or_else(|| data.as_str()) {
                    Some(text) => text.to_owned(),
                    None => data.to_string(),
                };
                prompt.text(&said);
                texts.push(said);
            }
            _ => return Err(wrong()),
        }
    }
    Ok(texts.join("\n"))
}
