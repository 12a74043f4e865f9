//! Reads the messages: their tokens, what the user said last, what tools returned.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::error::invalid;
use crate::{json::compact, prompt::Prompt, trouble::Problem};

#[derive(Deserialize)]
pub(super) struct Message<'a> {
    role: Option<String>,
    #[serde(default)]
    content: Option<String>,
    thinking: Option<String>,
    images: Option<Vec<String>>,
    #[serde(borrow)]
    tool_calls: Option<Vec<ToolCall<'a>>>,
}

#[derive(Deserialize)]
struct ToolCall<'a> {
    #[serde(borrow)]
    function: Function<'a>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(default)]
    name: String,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

/// What the answer depends on.
#[derive(Default)]
pub(super) struct History {
    pub(super) said: String,
    pub(super) results: Vec<String>,
}

pub(super) fn read(messages: &[Message<'_>], prompt: &mut Prompt) -> Result<History, Problem> {
    let mut history = History::default();
    for message in messages {
        // A role is whatever the model's template makes of it.
        let role = message.role.as_deref().unwrap_or_default();
        let content = message.content.as_deref().unwrap_or_default();
        prompt.message(role);
        prompt.text(message.thinking.as_deref().unwrap_or_default());
        prompt.text(content);
        for image in message.images.iter().flatten() {
            if STANDARD.decode(image).is_err() {
                return Err(invalid("illegal base64 data at input byte 0"));
            }
            prompt.attachment(image);
        }
        for call in message.tool_calls.iter().flatten() {
            let arguments = call.function.arguments.map_or("{}", RawValue::get);
            if !arguments.starts_with('{') {
                return Err(invalid(
                    "json: cannot unmarshal string into Go struct field \
                     ChatRequest.messages.tool_calls.function.arguments of type api.ToolCallFunctionArguments",
                ));
            }
            prompt.text(&call.function.name);
            prompt.text(&compact(arguments));
        }
        prompt.end_block(None);
        match role {
            "tool" => history.results.push(content.to_owned()),
            "user" => {
                history.results.clear();
                history.said = content.to_owned();
            }
            _ => history.results.clear(),
        }
    }
    Ok(history)
}
