//! A request of an OpenAI client, for an Anthropic provider.

use std::borrow::Cow;

use bytes::Bytes;
use towerman_core::Fault;

use super::{content::NOTHING_LIKE_IT, messages::Conversation, tools};
use crate::translate::{
    anthropic::{Block, Format, Metadata, OutputConfig, Request, Typed},
    fields::{Fields, Raw, Text, read, refuse},
    loss::Losses,
    write,
};

/// The limit that is set when the client sets none.
const MAX_TOKENS: u64 = 4096;

/// Said in place of JSON mode, which Anthropic does not have.
const JSON_MODE: &str = "Answer with one valid JSON object and nothing else.";

pub(in crate::translate) fn request(
    body: &str,
    model: &str,
    losses: &mut Losses,
) -> Result<Bytes, Fault> {
    let mut fields = Fields::body(body)?;
    fields.take("model");
    refuse_inexpressible(&mut fields)?;

    let messages = fields.need("messages", "", "an array")?;
    let Conversation {
        mut system, turns, ..
    } = Conversation::read(messages, losses)?;
    let tools = tools::tools(fields.list("tools", "")?, losses)?;
    let parallel = fields.get("parallel_tool_calls", "", "a boolean")?;
    let choice = fields.take("tool_choice");
    let tool_choice = tools::tool_choice(choice, parallel, !tools.is_empty(), losses)?;
    let mut output_config = OutputConfig::default();
    if let Some(format) = fields.take("response_format") {
        output_config.format = response_format(format, &mut system, losses)?;
    }
    let thinking = reasoning(&mut fields, &mut output_config, losses)?;
    let request = Request {
        model,
        max_tokens: max_tokens(&mut fields, losses)?,
        tools,
        tool_choice,
        system,
        messages: turns,
        stop_sequences: stop(fields.take("stop"), losses)?,
        temperature: temperature(&mut fields, losses)?,
        top_p: fields.get("top_p", "", "a number")?,
        thinking,
        output_config,
        metadata: user(&mut fields, losses)?,
        stream: fields.get("stream", "", "a boolean")?,
    };
    // Anthropic always tells usage.
    fields.take("stream_options");
    fields.lose("", NOTHING_LIKE_IT, losses);
    write(&request)
}

/// What would change the answer, and cannot be asked for there.
fn refuse_inexpressible(fields: &mut Fields<'_>) -> Result<(), Fault> {
    if fields
        .get::<u64>("n", "", "a positive integer")?
        .is_some_and(|n| n != 1)
    {
        return Err(refuse("/n", "must be 1: this model's API gives one answer"));
    }
    let top = fields.get::<u64>("top_logprobs", "", "an integer")?;
    if top.is_some_and(|top| top > 0) {
        return Err(refuse(
            "/top_logprobs",
            "cannot be had from this model's API",
        ));
    }
    fields.refuse("logprobs", "", "cannot be had from this model's API")?;
    fields.refuse("audio", "", "cannot be had from this model's API")?;
    let modalities: Option<Vec<Cow<'_, str>>> =
        fields.get("modalities", "", "an array of strings")?;
    if modalities.is_some_and(|all| all.iter().any(|modality| modality != "text")) {
        return Err(refuse(
            "/modalities",
            "can only be text with this model's API",
        ));
    }
    fields.refuse("functions", "", "are legacy; use tools")?;
    fields.refuse("function_call", "", "is legacy; use tool_choice")?;
    // An empty object switches the search on, too.
    match fields.take("web_search_options") {
        Some(_) => Err(refuse(
            "/web_search_options",
            "cannot be had from this model's API",
        )),
        None => Ok(()),
    }
}

fn max_tokens(fields: &mut Fields<'_>, losses: &mut Losses) -> Result<u64, Fault> {
    let old: Option<u64> = fields.get("max_tokens", "", "an integer")?;
    let new: Option<u64> = fields.get("max_completion_tokens", "", "an integer")?;
    Ok(new.or(old).unwrap_or_else(|| {
        losses.add(
            "/max_completion_tokens",
            "set to 4096: Anthropic wants a limit and none was given",
        );
        MAX_TOKENS
    }))
}

fn stop<'a>(stop: Option<Raw<'a>>, losses: &mut Losses) -> Result<Vec<Text<'a>>, Fault> {
    let Some(stop) = stop else {
        return Ok(Vec::new());
    };
    if stop.get().starts_with('"') {
        return Ok(sequence(Text::Spelt(stop), "/stop", losses)
            .into_iter()
            .collect());
    }
    let list: Vec<Raw<'a>> = read(stop, "/stop", "a string or an array of strings")?;
    let mut sequences = Vec::with_capacity(list.len());
    for (i, raw) in list.into_iter().enumerate() {
        let at = format!("/stop/{i}");
        sequences.extend(sequence(Text::read(raw, &at)?, &at, losses));
    }
    Ok(sequences)
}

fn sequence<'a>(text: Text<'a>, at: &str, losses: &mut Losses) -> Option<Text<'a>> {
    if text.is_blank() {
        losses.add(
            at,
            "dropped: Anthropic refuses stop sequences of white space only",
        );
        return None;
    }
    Some(text)
}

fn temperature(fields: &mut Fields<'_>, losses: &mut Losses) -> Result<Option<f64>, Fault> {
    let asked: Option<f64> = fields.get("temperature", "", "a number")?;
    Ok(asked.map(|asked| {
        if asked > 1.0 {
            losses.add("/temperature", "set to 1: the most that Anthropic takes");
        }
        asked.min(1.0)
    }))
}

fn user<'a>(fields: &mut Fields<'a>, losses: &mut Losses) -> Result<Option<Metadata<'a>>, Fault> {
    let user = fields.text("user", "")?;
    let safety = fields.text("safety_identifier", "")?;
    if user.is_some() && safety.is_some() {
        losses.add("/user", "dropped: safety_identifier takes its place");
    }
    Ok(safety.or(user).map(|user_id| Metadata { user_id }))
}

fn reasoning(
    fields: &mut Fields<'_>,
    config: &mut OutputConfig<'_>,
    losses: &mut Losses,
) -> Result<Option<Typed>, Fault> {
    const AT: &str = "/reasoning_effort";
    let effort = match fields.string("reasoning_effort", "")?.as_deref() {
        None => return Ok(None),
        Some("none") => return Ok(Some(Typed { kind: "disabled" })),
        Some("minimal") => {
            losses.add(AT, "set to low: the least effort that Anthropic knows");
            "low"
        }
        Some("low") => "low",
        Some("medium") => "medium",
        Some("high") => "high",
        Some("xhigh") => "xhigh",
        Some("max") => "max",
        Some(_) => return Err(refuse(AT, "is no effort that this API knows")),
    };
    config.effort = Some(effort);
    Ok(None)
}

fn response_format<'a>(
    raw: Raw<'a>,
    system: &mut Vec<Block<'a>>,
    losses: &mut Losses,
) -> Result<Option<Format<'a>>, Fault> {
    const AT: &str = "/response_format";
    let mut format = Fields::read(raw, AT)?;
    match &*format.need_string("type", AT)? {
        "text" => Ok(None),
        "json_object" => {
            losses.add(
                AT,
                "asked for in words: Anthropic has no JSON mode without a schema",
            );
            let text = Text::Said(JSON_MODE.into());
            system.push(Block::Text { text });
            Ok(None)
        }
        "json_schema" => {
            let mut named: Fields<'a> = format.need("json_schema", AT, "an object")?;
            let at = "/response_format/json_schema";
            let schema: Raw<'a> = named.need("schema", at, "an object")?;
            Fields::read(schema, "/response_format/json_schema/schema")?;
            // There it is always strict.
            if named.get("strict", at, "a boolean")? == Some(true) {
                named.take("strict");
            }
            named.lose(at, "dropped: Anthropic takes the schema alone", losses);
            Ok(Some(Format {
                kind: "json_schema",
                schema,
            }))
        }
        _ => Err(refuse(
            "/response_format/type",
            "cannot be had from this model's API",
        )),
    }
}
