//! A request of an Anthropic client, for an OpenAI provider.

use bytes::Bytes;
use towerman_core::Fault;

use super::{content::NOTHING_LIKE_IT, messages::Conversation, tools};
use crate::translate::{
    fields::{Fields, Raw, Text, refuse},
    loss::Losses,
    openai::{JsonSchema, Request, ResponseFormat, StreamOptions},
    write,
};

/// As many as OpenAI takes.
const STOPS: usize = 4;

pub(in crate::translate) fn request(
    body: &str,
    model: &str,
    losses: &mut Losses,
) -> Result<Bytes, Fault> {
    let mut fields = Fields::body(body)?;
    fields.take("model");
    fields.refuse("mcp_servers", "", "cannot be reached by this model's API")?;
    fields.refuse("container", "", "is a container at another provider")?;
    fields.refuse(
        "inference_geo",
        "",
        "cannot be promised by this model's API",
    )?;

    let system = fields.take("system");
    let messages = fields.need("messages", "", "an array")?;
    let messages = Conversation::read(system, messages, losses)?;
    let tools = tools::tools(fields.list("tools", "")?, losses)?;
    let choice = fields.get("tool_choice", "", "an object")?;
    let (tool_choice, parallel) = tools::tool_choice(choice, !tools.is_empty(), losses)?;
    let stream: Option<bool> = fields.get("stream", "", "a boolean")?;
    let mut output: Option<Fields<'_>> = fields.get("output_config", "", "an object")?;
    let request = Request {
        model,
        tools,
        tool_choice,
        parallel_tool_calls: parallel,
        messages,
        max_completion_tokens: fields.get("max_tokens", "", "an integer")?,
        stop: stop(&mut fields)?,
        temperature: fields.get("temperature", "", "a number")?,
        top_p: fields.get("top_p", "", "a number")?,
        response_format: format(&mut fields, output.as_mut(), losses)?,
        reasoning_effort: effort(&mut fields, output.as_mut(), losses)?,
        user: user(&mut fields, losses)?,
        stream,
        // Anthropic's clients are always told usage.
        stream_options: (stream == Some(true)).then_some(StreamOptions {
            include_usage: true,
        }),
    };
    if let Some(output) = output {
        output.lose("/output_config", NOTHING_LIKE_IT, losses);
    }
    fields.lose("", NOTHING_LIKE_IT, losses);
    write(&request)
}

fn stop<'a>(fields: &mut Fields<'a>) -> Result<Vec<Text<'a>>, Fault> {
    let list: Vec<Raw<'a>> = fields.list("stop_sequences", "")?;
    if list.len() > STOPS {
        return Err(refuse(
            "/stop_sequences",
            "must be at most 4 for this model's API",
        ));
    }
    let numbered = list.into_iter().enumerate();
    numbered
        .map(|(i, raw)| Text::read(raw, &format!("/stop_sequences/{i}")))
        .collect()
}

fn user<'a>(fields: &mut Fields<'a>, losses: &mut Losses) -> Result<Option<Text<'a>>, Fault> {
    let metadata: Option<Fields<'a>> = fields.get("metadata", "", "an object")?;
    let Some(mut metadata) = metadata else {
        return Ok(None);
    };
    let user = metadata.text("user_id", "/metadata")?;
    metadata.lose("/metadata", NOTHING_LIKE_IT, losses);
    Ok(user)
}

/// `output_config.format`, or `output_format`, its older place.
fn format<'a>(
    fields: &mut Fields<'a>,
    output: Option<&mut Fields<'a>>,
    losses: &mut Losses,
) -> Result<Option<ResponseFormat<'a>>, Fault> {
    let older = fields
        .take("output_format")
        .map(|raw| (raw, "/output_format"));
    let newer = output.and_then(|output| output.take("format"));
    let Some((raw, at)) = newer.map(|raw| (raw, "/output_config/format")).or(older) else {
        return Ok(None);
    };
    let mut format = Fields::read(raw, at)?;
    if format.need_string("type", at)? != "json_schema" {
        return Err(refuse(
            format!("{at}/type"),
            "must be json_schema for this model's API",
        ));
    }
    let schema: Raw<'a> = format.need("schema", at, "an object")?;
    Fields::read(schema, &format!("{at}/schema"))?;
    format.lose(at, NOTHING_LIKE_IT, losses);
    Ok(Some(ResponseFormat {
        kind: "json_schema",
        json_schema: JsonSchema {
            name: "answer",
            strict: true,
            schema,
        },
    }))
}

/// The effort, or what a budget for thinking amounts to.
fn effort<'a>(
    fields: &mut Fields<'a>,
    output: Option<&mut Fields<'a>>,
    losses: &mut Losses,
) -> Result<Option<&'static str>, Fault> {
    const AT: &str = "/output_config";
    let effort = match output {
        Some(output) => output.string("effort", AT)?,
        None => None,
    };
    let effort = match effort.as_deref() {
        None => None,
        Some("low") => Some("low"),
        Some("medium") => Some("medium"),
        Some("high") => Some("high"),
        Some("xhigh") => Some("xhigh"),
        Some("max") => Some("max"),
        Some(_) => {
            return Err(refuse(
                "/output_config/effort",
                "is no effort that this API knows",
            ));
        }
    };
    let thinking: Option<Fields<'a>> = fields.get("thinking", "", "an object")?;
    let Some(mut thinking) = thinking else {
        return Ok(effort);
    };
    let at = "/thinking";
    let kind = thinking.need_string("type", at)?;
    let budget: Option<u64> = thinking.get("budget_tokens", at, "an integer")?;
    thinking.lose(at, NOTHING_LIKE_IT, losses);
    match (&*kind, budget) {
        ("disabled", _) if effort.is_none() => Ok(Some("none")),
        ("enabled", Some(budget)) => {
            losses.add("/thinking/budget_tokens", "told as a reasoning effort");
            Ok(effort.or(Some(match budget {
                ..4096 => "low",
                4096..16384 => "medium",
                _ => "high",
            })))
        }
        ("adaptive", _) => Ok(effort),
        ("disabled" | "enabled" | "between_tools", _) => {
            losses.add(at, NOTHING_LIKE_IT);
            Ok(effort)
        }
        _ => Err(refuse("/thinking/type", "is no mode that this API knows")),
    }
}
