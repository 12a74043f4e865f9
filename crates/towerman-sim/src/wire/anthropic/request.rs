//! Reads a Messages request, and refuses what the real API refuses.

mod caching;
mod content;
mod history;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{
    ask::{Ask, Thoughts, Tool, ToolChoice},
    json::Members,
    prompt::Prompt,
    trouble::Problem,
    wire::{Form, Request},
};

/// The fields that the API knows; any other is refused.
const FIELDS: [&str; 22] = [
    "model",
    "messages",
    "max_tokens",
    "system",
    "metadata",
    "stop_sequences",
    "stream",
    "temperature",
    "top_k",
    "top_p",
    "tools",
    "tool_choice",
    "thinking",
    "service_tier",
    "cache_control",
    "container",
    "context_management",
    "mcp_servers",
    "output_config",
    "output_format",
    "inference_geo",
    "speed",
];

/// Sampling parameters, which this version of the API no longer knows.
const WITHOUT_SAMPLING: &str = "2026-10-21";
const SAMPLING: [&str; 3] = ["temperature", "top_p", "top_k"];

#[derive(Deserialize)]
struct Body<'a> {
    model: Option<String>,
    #[serde(borrow)]
    messages: Option<Vec<history::Message<'a>>>,
    max_tokens: Option<i64>,
    #[serde(borrow)]
    system: Option<&'a RawValue>,
    stop_sequences: Option<Vec<String>>,
    stream: Option<bool>,
    #[serde(borrow)]
    tools: Option<Vec<&'a RawValue>>,
    tool_choice: Option<Value>,
    cache_control: Option<Value>,
    thinking: Option<Value>,
    output_config: Option<Value>,
}

pub(super) fn read(request: &Request<'_>) -> Result<Ask, Problem> {
    let (body, strict) = (request.body, request.rules.strict);
    let version = request.head.headers.get("anthropic-version");
    let version =
        version.ok_or_else(|| Problem::invalid("anthropic-version: header is required"))?;
    if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err() {
        return Err(Problem::invalid("The request body is not valid JSON"));
    }
    let invalid = |error: serde_json::Error| Problem::invalid(error.to_string());
    let fields: Members<'_> = serde_json::from_slice(body).map_err(invalid)?;
    let unknown = fields.0.iter().map(|(name, _)| name.as_str()).find(|name| {
        (strict && !FIELDS.contains(name))
            || (version == WITHOUT_SAMPLING && SAMPLING.contains(name))
    });
    if let Some(name) = unknown {
        return Err(Problem::invalid(format!(
            "{name}: Extra inputs are not permitted"
        )));
    }

    let body: Body<'_> = serde_json::from_slice(body).map_err(invalid)?;
    let model = body
        .model
        .filter(|model| !model.is_empty())
        .ok_or_else(|| required("model"))?;
    let max_tokens = body
        .max_tokens
        .map(u64::try_from)
        .transpose()
        .map_err(|_| Problem::invalid("max_tokens: Input should be greater than or equal to 0"))?;
    let messages = body.messages.ok_or_else(|| required("messages"))?;
    if messages.is_empty() {
        return Err(Problem::invalid(
            "messages: at least one message is required",
        ));
    }

    let mut prompt = Prompt::new(&model);
    let tools = tools(body.tools.as_deref().unwrap_or_default(), &mut prompt)?;
    let (choice, parallel) = tool_choice(body.tool_choice.as_ref(), &tools)?;
    if let Some(system) = body.system {
        content::read(system, "system", &mut prompt)?;
    }
    let history = history::read(&messages, &mut prompt)?;
    if let Some(control) = &body.cache_control
        && let Some(last) = prompt.blocks.last_mut()
    {
        last.mark = last.mark.or(caching::mark(Some(control), "cache_control")?);
    }
    caching::check(&prompt)?;
    let form = match body.stream {
        Some(true) => Form::Stream,
        _ => Form::Whole,
    };
    // A model thinks when it is asked to, and not otherwise.
    let thinks = body.thinking.as_ref().and_then(|how| how["type"].as_str());
    Ok(Ask {
        max_tokens,
        stops: body.stop_sequences.unwrap_or_default(),
        tools,
        choice,
        parallel,
        schema: body
            .output_config
            .map(|config| config["format"]["schema"].clone())
            .filter(Value::is_object),
        thoughts: match thinks {
            None | Some("disabled") => Thoughts::Off,
            Some(_) => Thoughts::Shown,
        },
        said: history.said,
        results: history.results,
        ..Ask::new(model, form, prompt)
    })
}

pub(super) fn required(place: &str) -> Problem {
    Problem::invalid(format!("{place}: Field required"))
}

fn tools(raw: &[&RawValue], prompt: &mut Prompt) -> Result<Vec<Tool>, Problem> {
    let mut tools = Vec::new();
    for (at, raw) in raw.iter().enumerate() {
        let members: Members<'_> = serde_json::from_str(raw.get())
            .map_err(|_| Problem::invalid(format!("tools.{at}: Input should be an object")))?;
        let tool: Value = serde_json::from_str(raw.get()).unwrap_or_default();
        let name = tool["name"]
            .as_str()
            .ok_or_else(|| required(&format!("tools.{at}.name")))?;
        // Moving a breakpoint does not change what is cached.
        prompt.text(&members.without("cache_control"));
        prompt.end_block(caching::mark(
            tool.get("cache_control"),
            &format!("tools.{at}.cache_control"),
        )?);
        // Tools that the provider runs itself have a type of their own; they are never called here.
        match tool["type"].as_str() {
            None | Some("custom") if tool["input_schema"].is_object() => {
                tools.push(Tool {
                    name: name.to_owned(),
                    schema: tool["input_schema"].clone(),
                });
            }
            None | Some("custom") => return Err(required(&format!("tools.{at}.input_schema"))),
            Some(_) => {}
        }
    }
    Ok(tools)
}

fn tool_choice(choice: Option<&Value>, tools: &[Tool]) -> Result<(ToolChoice, bool), Problem> {
    let Some(choice) = choice.filter(|choice| !choice.is_null()) else {
        return Ok((ToolChoice::Auto, true));
    };
    let parallel = !choice["disable_parallel_tool_use"]
        .as_bool()
        .unwrap_or(false);
    let kind = choice["type"].as_str();
    if tools.is_empty() && matches!(kind, Some("any" | "tool")) {
        return Err(Problem::invalid(
            "tool_choice may only be specified while providing tools",
        ));
    }
    let named = match (kind, choice["name"].as_str()) {
        (Some("auto"), _) => ToolChoice::Auto,
        (Some("none"), _) => ToolChoice::Never,
        (Some("any"), _) => ToolChoice::Any,
        (Some("tool"), None) => return Err(required("tool_choice.tool.name")),
        (Some("tool"), Some(name)) if tools.iter().any(|tool| tool.name == name) => {
            ToolChoice::Named(name.to_owned())
        }
        (Some("tool"), Some(name)) => {
            return Err(Problem::invalid(format!(
                "Tool '{name}' not found in provided tools"
            )));
        }
        _ => {
            return Err(Problem::invalid(
                "tool_choice: Input tag does not match any of the expected tags: 'any', 'auto', 'none', 'tool'",
            ));
        }
    };
    Ok((named, parallel))
}
