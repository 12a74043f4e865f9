//! Reads a chat request. Ollama takes nearly anything of the right types, and ignores the rest.

mod history;

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::error::invalid;
use crate::{
    ask::{Ask, Thoughts, Tool},
    json::compact,
    prompt::Prompt,
    trouble::Problem,
    wire::Form,
};

#[derive(Deserialize)]
struct Body<'a> {
    model: Option<String>,
    #[serde(borrow)]
    messages: Option<Vec<history::Message<'a>>>,
    stream: Option<bool>,
    format: Option<Value>,
    #[serde(borrow)]
    tools: Option<Vec<&'a RawValue>>,
    think: Option<Value>,
    options: Option<Options>,
}

#[derive(Deserialize)]
struct Options {
    num_predict: Option<i64>,
    stop: Option<Vec<String>>,
}

/// A body of other types than Ollama's.
pub(super) fn malformed(error: &serde_json::Error) -> Problem {
    invalid(format!("json: cannot unmarshal request: {error}"))
}

pub(super) fn read(body: &[u8]) -> Result<Ask, Problem> {
    let body: Body<'_> = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
    let model = body.model.filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| invalid("model is required"))?;

    let mut prompt = Prompt::new(&model);
    let tools = tools(body.tools.as_deref().unwrap_or_default(), &mut prompt)?;
    let history = history::read(body.messages.as_deref().unwrap_or_default(), &mut prompt)?;
    let options = body.options;
    let limit = options.as_ref().and_then(|options| options.num_predict);
    let form = match body.stream {
        // Unlike everywhere else.
        None | Some(true) => Form::Stream,
        Some(false) => Form::Whole,
    };
    Ok(Ask {
        // No limit is negative.
        max_tokens: limit.and_then(|limit| u64::try_from(limit).ok()),
        stops: options.and_then(|options| options.stop).unwrap_or_default(),
        tools,
        schema: schema(body.format)?,
        thoughts: match body.think {
            Some(Value::Bool(false)) => Thoughts::Off,
            _ => Thoughts::Shown,
        },
        said: history.said,
        results: history.results,
        ..Ask::new(model, form, prompt)
    })
}

fn tools(raw: &[&RawValue], prompt: &mut Prompt) -> Result<Vec<Tool>, Problem> {
    let mut tools = Vec::new();
    for raw in raw {
        prompt.text(&compact(raw.get()));
        prompt.end_block(None);
        let tool: Value = serde_json::from_str(raw.get()).unwrap_or_default();
        let function = &tool["function"];
        let name = function["name"].as_str();
        let name = name.ok_or_else(|| invalid("tool function name is required"))?;
        tools.push(Tool {
            name: name.to_owned(),
            schema: function["parameters"].clone(),
        });
    }
    Ok(tools)
}

/// The schema that the answer's text has to meet.
fn schema(format: Option<Value>) -> Result<Option<Value>, Problem> {
    match format {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) if name.is_empty() => Ok(None),
        Some(Value::String(name)) if name == "json" => Ok(Some(json!({"type": "object"}))),
        Some(schema @ Value::Object(_)) => Ok(Some(schema)),
        Some(other) => Err(invalid(format!(
            "invalid format: {other}; expected \"json\" or a JSON schema"
        ))),
    }
}
