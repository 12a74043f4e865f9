//! Reads a v2 chat request, and refuses what the real API refuses.

mod history;

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::error::{invalid, malformed};
use crate::{
    ask::{Ask, Thoughts, Tool, ToolChoice},
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
    #[serde(borrow)]
    tools: Option<Vec<&'a RawValue>>,
    tool_choice: Option<String>,
    #[serde(borrow)]
    documents: Option<Vec<&'a RawValue>>,
    response_format: Option<Value>,
    max_tokens: Option<i64>,
    stop_sequences: Option<Vec<String>>,
    frequency_penalty: Option<f64>,
    presence_penalty: Option<f64>,
    thinking: Option<Value>,
}

pub(super) fn read(body: &[u8]) -> Result<Ask, Problem> {
    let body: Body<'_> = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
    let model = body.model.filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| invalid("invalid request: model is required"))?;
    let penalised = |penalty: Option<f64>| penalty.is_some_and(|penalty| penalty != 0.0);
    if penalised(body.frequency_penalty) && penalised(body.presence_penalty) {
        return Err(invalid(
            "invalid request: you may only use one of presence_penalty or frequency_penalty",
        ));
    }
    let stops = body.stop_sequences.unwrap_or_default();
    if stops.len() > 5 {
        return Err(invalid(
            "invalid request: stop_sequences can have at most 5 elements",
        ));
    }
    let max_tokens = body.max_tokens.map(u64::try_from).transpose();
    let max_tokens = max_tokens
        .map_err(|_| invalid("invalid request: max_tokens must be greater than or equal to 0"))?;

    let mut prompt = Prompt::new(&model);
    let tools = tools(body.tools.as_deref().unwrap_or_default(), &mut prompt)?;
    let choice = choice(body.tool_choice.as_deref(), &tools)?;
    for document in body.documents.iter().flatten() {
        prompt.text(&compact(document.get()));
        prompt.end_block(None);
    }
    let history = history::read(body.messages.as_deref().unwrap_or_default(), &mut prompt)?;
    let form = match body.stream {
        Some(true) => Form::Stream,
        _ => Form::Whole,
    };
    let thinking = body.thinking.as_ref().map(|thinking| &thinking["type"]);
    Ok(Ask {
        // None at all is no limit.
        max_tokens: max_tokens.filter(|limit| *limit > 0),
        stops,
        tools,
        choice,
        schema: schema(body.response_format.as_ref())?,
        thoughts: match thinking {
            Some(kind) if kind == "disabled" => Thoughts::Off,
            _ => Thoughts::Shown,
        },
        said: history.said,
        results: history.results,
        ..Ask::new(model, form, prompt)
    })
}

fn tools(raw: &[&RawValue], prompt: &mut Prompt) -> Result<Vec<Tool>, Problem> {
    let mut tools = Vec::new();
    for (at, raw) in raw.iter().enumerate() {
        prompt.text(&compact(raw.get()));
        prompt.end_block(None);
        let tool: Value = serde_json::from_str(raw.get()).unwrap_or_default();
        let function = &tool["function"];
        match (tool["type"].as_str(), function["name"].as_str()) {
            (Some("function"), Some(name)) if !name.is_empty() => tools.push(Tool {
                name: name.to_owned(),
                schema: function["parameters"].clone(),
            }),
            _ => {
                return Err(invalid(format!(
                    "invalid request: tools[{at}] must be of type 'function' and have a name"
                )));
            }
        }
    }
    Ok(tools)
}

fn choice(choice: Option<&str>, tools: &[Tool]) -> Result<ToolChoice, Problem> {
    match choice {
        None => Ok(ToolChoice::Auto),
        Some(_) if tools.is_empty() => Err(invalid(
            "invalid request: tool_choice requires at least one tool to be specified",
        )),
        Some("REQUIRED") => Ok(ToolChoice::Any),
        Some("NONE") => Ok(ToolChoice::Never),
        Some(other) => Err(invalid(format!(
            "invalid request: tool_choice '{other}' must be one of: REQUIRED, NONE"
        ))),
    }
}

/// The schema that the answer's text has to meet.
fn schema(format: Option<&Value>) -> Result<Option<Value>, Problem> {
    let Some(format) = format else {
        return Ok(None);
    };
    match (format["type"].as_str(), &format["json_schema"]) {
        (Some("text"), _) => Ok(None),
        (Some("json_object"), Value::Null) => Ok(Some(json!({"type": "object"}))),
        (Some("json_object"), schema) => Ok(Some(schema.clone())),
        _ => Err(invalid(
            "invalid request: response_format.type must be one of: text, json_object",
        )),
    }
}
