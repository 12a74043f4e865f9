//! Reads a Chat Completions request, and refuses what the real API refuses.

mod history;

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

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
    #[serde(borrow)]
    tools: Option<Vec<&'a RawValue>>,
    tool_choice: Option<Value>,
    parallel_tool_calls: Option<bool>,
    stop: Option<Value>,
    max_tokens: Option<i64>,
    max_completion_tokens: Option<i64>,
    n: Option<i64>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    response_format: Option<Value>,
}

#[derive(Deserialize)]
pub(super) struct StreamOptions {
    pub(super) include_usage: Option<bool>,
    include_obfuscation: Option<bool>,
}

pub(super) fn read(body: &[u8]) -> Result<Ask, Problem> {
    if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err() {
        return Err(Problem::invalid(
            "We could not parse the JSON body of your request. The OpenAI API expects a JSON payload, but what was \
             sent was not valid JSON.",
        ));
    }
    let body: Body<'_> = serde_json::from_slice(body)
        .map_err(|error| Problem::invalid(error.to_string()).code("invalid_type"))?;
    let model = body.model.filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| Problem::invalid("you must provide a model parameter"))?;
    let messages = body.messages.ok_or_else(|| missing("messages"))?;
    if messages.is_empty() {
        return Err(Problem::invalid(
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
        )
        .param("messages")
        .code("empty_array"));
    }
    let stream = body.stream.unwrap_or(false);
    if body.stream_options.is_some() && !stream {
        return Err(Problem::invalid(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        )
        .param("stream_options"));
    }

    let mut prompt = Prompt::new(&model);
    let tools = tools(body.tools.as_deref().unwrap_or_default(), &mut prompt)?;
    let choice = tool_choice(body.tool_choice.as_ref(), &tools)?;
    let history = history::read(&messages, &mut prompt)?;
    let options = body.stream_options.as_ref();
    let form = if stream { Form::Stream } else { Form::Whole };
    Ok(Ask {
        include_usage: options
            .and_then(|options| options.include_usage)
            .unwrap_or(false),
        obfuscate: options
            .and_then(|options| options.include_obfuscation)
            .unwrap_or(true),
        choices: at_least_one("n", body.n)?.unwrap_or(1).min(128),
        max_tokens: at_least_one("max_completion_tokens", body.max_completion_tokens)?
            .or(at_least_one("max_tokens", body.max_tokens)?),
        stops: stops(body.stop)?,
        tools,
        choice,
        parallel: body.parallel_tool_calls.unwrap_or(true),
        schema: body.response_format.as_ref().and_then(schema),
        // This API counts what a model thinks, and never shows it.
        thoughts: Thoughts::Hidden,
        said: history.said,
        results: history.results,
        ..Ask::new(model, form, prompt)
    })
}

/// The schema that a response format asks for.
fn schema(format: &Value) -> Option<Value> {
    match format["type"].as_str()? {
        "json_schema" => Some(format["json_schema"]["schema"].clone()),
        "json_object" => Some(json!({"type": "object"})),
        _ => None,
    }
}

pub(in crate::wire) fn missing(param: impl Into<String>) -> Problem {
    let param = param.into();
    Problem::invalid(format!("Missing required parameter: '{param}'."))
        .param(param)
        .code("missing_required_parameter")
}

pub(super) fn at_least_one(
    param: &'static str,
    value: Option<i64>,
) -> Result<Option<u64>, Problem> {
    match value {
        Some(value) if value < 1 => Err(Problem::invalid(format!(
            "Invalid '{param}': integer below minimum value. Expected a value >= 1, but got {value} instead."
        ))
        .param(param)
        .code("integer_below_min_value")),
        value => Ok(value.map(i64::unsigned_abs)),
    }
}

pub(super) fn stops(stop: Option<Value>) -> Result<Vec<String>, Problem> {
    let invalid = |message: String, code| Err(Problem::invalid(message).param("stop").code(code));
    match stop {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(stop)) => Ok(vec![stop]),
        Some(Value::Array(stops)) if stops.len() > 4 => invalid(
            format!(
                "Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length \
                 {} instead.",
                stops.len()
            ),
            "array_above_max_length",
        ),
        Some(Value::Array(stops)) if stops.iter().all(Value::is_string) => Ok(stops
            .into_iter()
            .filter_map(|stop| stop.as_str().map(str::to_owned))
            .collect()),
        Some(_) => invalid(
            "Invalid type for 'stop': expected a string or an array of strings.".to_owned(),
            "invalid_type",
        ),
    }
}

fn tools(raw: &[&RawValue], prompt: &mut Prompt) -> Result<Vec<Tool>, Problem> {
    let mut tools = Vec::new();
    for (at, raw) in raw.iter().enumerate() {
        prompt.text(&compact(raw.get()));
        prompt.end_block(None);
        let tool: Value = serde_json::from_str(raw.get()).unwrap_or_default();
        match tool["type"].as_str() {
            Some("function") => {
                let function = &tool["function"];
                let name = function["name"]
                    .as_str()
                    .ok_or_else(|| missing(format!("tools[{at}].function.name")))?;
                tools.push(Tool {
                    name: name.to_owned(),
                    schema: function["parameters"].clone(),
                });
            }
            // Known, but its input is no JSON: the simulated model never calls it.
            Some("custom") => {}
            _ => return Err(missing(format!("tools[{at}].type"))),
        }
    }
    Ok(tools)
}

fn tool_choice(choice: Option<&Value>, tools: &[Tool]) -> Result<ToolChoice, Problem> {
    let Some(choice) = choice.filter(|choice| !choice.is_null()) else {
        return Ok(ToolChoice::Auto);
    };
    if tools.is_empty() && choice != "none" {
        return Err(
            Problem::invalid("'tool_choice' is only allowed when 'tools' are specified.")
                .param("tool_choice"),
        );
    }
    let mode = choice
        .as_str()
        .or_else(|| choice["allowed_tools"]["mode"].as_str());
    match (mode, choice["function"]["name"].as_str()) {
        (Some("none"), _) => Ok(ToolChoice::Never),
        (Some("auto"), _) => Ok(ToolChoice::Auto),
        (Some("required"), _) => Ok(ToolChoice::Any),
        (_, Some(name)) if tools.iter().any(|tool| tool.name == name) => {
            Ok(ToolChoice::Named(name.to_owned()))
        }
        (_, Some(name)) => Err(Problem::invalid(format!(
            "Tool choice '{name}' not found in 'tools' parameter."
        ))
        .param("tool_choice")),
        _ => Err(Problem::invalid("Invalid value for 'tool_choice'.")
            .param("tool_choice")
            .code("invalid_value")),
    }
}
