//! Reads a Converse request, and refuses what the real API refuses.

mod content;
mod history;
mod tools;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::error::invalid;
use crate::{
    ask::{Ask, Thoughts},
    object::object,
    prompt::{Prompt, Ttl},
    trouble::Problem,
    wire::{Aside, Form, Request},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(borrow, default)]
    messages: Vec<history::Message<'a>>,
    #[serde(borrow)]
    system: Option<Vec<&'a RawValue>>,
    inference_config: Option<Inference>,
    #[serde(borrow)]
    tool_config: Option<tools::Config<'a>>,
    output_config: Option<Value>,
    additional_model_request_fields: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inference {
    max_tokens: Option<i64>,
    stop_sequences: Option<Vec<String>>,
}

/// What `:count-tokens` asks about.
#[derive(Deserialize)]
struct Counted<'a> {
    #[serde(borrow)]
    input: Input<'a>,
}

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow)]
    converse: &'a RawValue,
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem {
        kind: "SerializationException",
        ..invalid(error.to_string())
    }
}

pub(super) fn read(request: &Request<'_>, body: &[u8]) -> Result<Ask, Problem> {
    let body: Body<'_> = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
    let model = request.call.model.clone().unwrap_or_default();

    let mut prompt = Prompt::new(&model);
    let has_tools = body.tool_config.is_some();
    let (tools, choice) = tools::read(body.tool_config, &mut prompt)?;
    for (at, raw) in body.system.iter().flatten().enumerate() {
        content::system(raw, at, &mut prompt)?;
    }
    let history = history::read(&body.messages, has_tools, &mut prompt)?;
    check_marks(&prompt)?;
    let inference = body.inference_config;
    let limit = inference.as_ref().and_then(|config| config.max_tokens);
    let thinks = body.additional_model_request_fields.as_ref().map(thinks);
    Ok(Ask {
        max_tokens: limit.map(at_least_one).transpose()?,
        stops: inference
            .and_then(|config| config.stop_sequences)
            .unwrap_or_default(),
        tools,
        choice,
        schema: body.output_config.as_ref().and_then(schema),
        thoughts: match thinks {
            Some(true) => Thoughts::Shown,
            _ => Thoughts::Off,
        },
        said: history.said,
        results: history.results,
        ..Ask::new(model, request.call.form.unwrap_or(Form::Whole), prompt)
    })
}

pub(super) fn count(request: &Request<'_>) -> Result<Aside, Problem> {
    let body: Counted<'_> =
        serde_json::from_slice(request.body).map_err(|error| malformed(&error))?;
    let ask = read(request, body.input.converse.get().as_bytes())?;
    let tokens = ask.prompt.tokens;
    Ok(Aside {
        model: ask.model,
        tokens,
        billed: false,
        body: object! { "inputTokens": tokens }.0,
    })
}

/// Thinking is what each family of models calls it.
fn thinks(fields: &Value) -> bool {
    ["thinking", "reasoningConfig", "reasoning_config"]
        .iter()
        .filter_map(|name| fields[*name]["type"].as_str())
        .any(|kind| kind != "disabled")
}

fn at_least_one(value: i64) -> Result<u64, Problem> {
    if value < 1 {
        return Err(invalid(format!(
            "1 validation error detected: Value '{value}' at 'inferenceConfig.maxTokens' failed to satisfy \
             constraint: Member must have value greater than or equal to 1"
        )));
    }
    Ok(value.unsigned_abs())
}

/// The schema that the answer's text has to meet: a text that holds one.
fn schema(config: &Value) -> Option<Value> {
    let format = &config["textFormat"];
    let schema = format["structure"]["jsonSchema"]["schema"].as_str()?;
    serde_json::from_str(schema).ok()
}

fn check_marks(prompt: &Prompt) -> Result<(), Problem> {
    let marks: Vec<_> = prompt
        .blocks
        .iter()
        .filter_map(|block| block.mark)
        .collect();
    if marks.len() > 4 {
        return Err(invalid(format!(
            "The model returned the following errors: A maximum of 4 blocks with cache_control may be provided. \
             Found {}.",
            marks.len()
        )));
    }
    Ok(())
}

/// Sets a breakpoint after the last block.
fn cache_point(point: &Value, prompt: &mut Prompt) -> Result<(), Problem> {
    if point["type"] != "default" {
        return Err(invalid(
            "1 validation error detected: Value at 'cachePoint.type' failed to satisfy constraint: Member must \
             satisfy enum value set: [default]",
        ));
    }
    let ttl = match point["ttl"].as_str() {
        Some("1h") => Ttl::OneHour,
        _ => Ttl::FiveMinutes,
    };
    if let Some(last) = prompt.blocks.last_mut() {
        last.mark = Some(ttl);
    }
    Ok(())
}
