//! Reads a Responses request, and refuses what the real API refuses.

mod content;
mod items;
mod tools;

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::{
    ask::{Ask, Thoughts},
    json::{Members, compact},
    object::{Raw, object},
    prompt::Prompt,
    trouble::Problem,
    wire::{Aside, Form, Request, openai::request::missing},
};

/// The fields that the API knows; any other is refused.
const FIELDS: [&str; 32] = [
    "model",
    "input",
    "instructions",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "max_tool_calls",
    "max_output_tokens",
    "stream",
    "stream_options",
    "text",
    "reasoning",
    "include",
    "store",
    "previous_response_id",
    "conversation",
    "background",
    "metadata",
    "temperature",
    "top_p",
    "top_logprobs",
    "truncation",
    "user",
    "safety_identifier",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
    "service_tier",
    "context_management",
    "moderation",
    "comparison_response_id",
];

/// Those that the answer repeats, and what it says of them when they were not set.
const ECHOED: [(&str, &str); 13] = [
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("metadata", "{}"),
    ("parallel_tool_calls", "true"),
    ("previous_response_id", "null"),
    ("prompt_cache_key", "null"),
    ("safety_identifier", "null"),
    ("store", "true"),
    ("temperature", "1.0"),
    ("text", r#"{"format":{"type":"text"},"verbosity":"medium"}"#),
    ("tool_choice", "\"auto\""),
    ("tools", "[]"),
    ("top_p", "1.0"),
];

/// The fewest tokens that an answer may be limited to.
const LEAST: i64 = 16;

#[derive(Deserialize)]
struct Body<'a> {
    model: Option<String>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    instructions: Option<String>,
    #[serde(borrow)]
    tools: Option<Vec<&'a RawValue>>,
    tool_choice: Option<Value>,
    parallel_tool_calls: Option<bool>,
    max_output_tokens: Option<i64>,
    stream: Option<bool>,
    stream_options: Option<Value>,
    text: Option<Value>,
    reasoning: Option<Value>,
    previous_response_id: Option<String>,
}

pub(super) fn read(request: &Request<'_>) -> Result<Ask, Problem> {
    if serde_json::from_slice::<serde::de::IgnoredAny>(request.body).is_err() {
        return Err(Problem::invalid(
            "We could not parse the JSON body of your request. The OpenAI API expects a JSON payload, but what was \
             sent was not valid JSON.",
        ));
    }
    let wrong = |error: serde_json::Error| Problem::invalid(error.to_string()).code("invalid_type");
    let members: Members<'_> = serde_json::from_slice(request.body).map_err(wrong)?;
    let unknown = members
        .0
        .iter()
        .find(|(name, _)| request.rules.strict && !FIELDS.contains(&name.as_str()));
    if let Some((name, _)) = unknown {
        return Err(Problem::invalid(format!("Unknown parameter: '{name}'."))
            .param(name.clone())
            .code("unknown_parameter"));
    }
    let body: Body<'_> = serde_json::from_slice(request.body).map_err(wrong)?;
    let model = body.model.clone().filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| missing("model"))?;
    let input = body.input.ok_or_else(|| missing("input"))?;
    if let Some(id) = &body.previous_response_id {
        // Nothing is stored here.
        return Err(
            Problem::invalid(format!("Previous response with id '{id}' not found."))
                .param("previous_response_id")
                .code("previous_response_not_found"),
        );
    }

    let mut prompt = Prompt::new(&model);
    let tools = tools::read(body.tools.as_deref().unwrap_or_default(), &mut prompt)?;
    let (choice, tools) = tools::choice(body.tool_choice.as_ref(), tools)?;
    if let Some(instructions) = &body.instructions {
        prompt.text(instructions);
        prompt.end_block(None);
    }
    let history = items::read(input, &mut prompt)?;
    let form = match body.stream {
        Some(true) => Form::Stream,
        _ => Form::Whole,
    };
    let padded = body
        .stream_options
        .as_ref()
        .map(|options| &options["include_obfuscation"]);
    let summary = body
        .reasoning
        .as_ref()
        .map(|reasoning| &reasoning["summary"]);
    let effort = body
        .reasoning
        .as_ref()
        .map(|reasoning| &reasoning["effort"]);
    Ok(Ask {
        obfuscate: padded.is_none_or(|padded| *padded != false),
        max_tokens: limit(body.max_output_tokens)?,
        tools,
        choice,
        parallel: body.parallel_tool_calls.unwrap_or(true),
        schema: schema(body.text.as_ref())?,
        thoughts: match summary {
            _ if effort.is_some_and(|effort| effort == "none") => Thoughts::Off,
            Some(Value::String(_)) => Thoughts::Shown,
            _ => Thoughts::Hidden,
        },
        echo: echo(&members),
        said: history.said,
        results: history.results,
        ..Ask::new(model, form, prompt)
    })
}

/// How large the prompt of such a request is.
pub(super) fn count(request: &Request<'_>) -> Result<Aside, Problem> {
    let ask = read(request)?;
    let tokens = ask.prompt.tokens;
    Ok(Aside {
        model: ask.model,
        tokens,
        billed: false,
        body: object! { "object": "response.input_tokens", "input_tokens": tokens }.0,
    })
}

fn limit(value: Option<i64>) -> Result<Option<u64>, Problem> {
    match value {
        Some(value) if value < LEAST => Err(Problem::invalid(format!(
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= {LEAST}, but got {value} \
             instead."
        ))
        .param("max_output_tokens")
        .code("integer_below_min_value")),
        value => Ok(value.map(i64::unsigned_abs)),
    }
}

/// The schema that the answer's text has to meet.
fn schema(text: Option<&Value>) -> Result<Option<Value>, Problem> {
    let Some(format) = text.and_then(|text| text.get("format")) else {
        return Ok(None);
    };
    match format["type"].as_str() {
        Some("text") => Ok(None),
        Some("json_object") => Ok(Some(json!({"type": "object"}))),
        // Flat, unlike in Chat Completions.
        Some("json_schema") if format["name"].is_string() => match &format["schema"] {
            schema @ Value::Object(_) => Ok(Some(schema.clone())),
            _ => Err(missing("text.format.schema")),
        },
        Some("json_schema") => Err(missing("text.format.name")),
        _ => Err(missing("text.format.type")),
    }
}

fn echo(members: &Members<'_>) -> Vec<(&'static str, Raw)> {
    let value = |name: &str, default: &str| {
        let mut members = members.0.iter();
        let set = members.find(|(own, value)| own == name && value.get() != "null");
        Raw(set.map_or_else(|| default.to_owned(), |(_, raw)| compact(raw.get())))
    };
    ECHOED
        .iter()
        .map(|(name, default)| (*name, value(name, default)))
        .collect()
}
