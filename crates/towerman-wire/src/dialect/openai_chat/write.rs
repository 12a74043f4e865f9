//! A request for a provider.

use towerman_core::Fault;

use super::{
    NOTHING_LIKE_IT,
    body::{Body, JsonSchema, ResponseFormat, StreamOptions},
    offer,
    show::Writer,
};
use crate::{
    dialect::{To, Written, write},
    neutral::{Effort, Format, Notes, Reasoning, Request, Sampling, Set, Text},
};

/// As many as OpenAI takes.
const STOPS: usize = 4;

pub(super) fn request(
    request: Request<'_>,
    to: &To<'_>,
    notes: &mut Notes,
) -> Result<Written, Fault> {
    let mut writer = Writer::new(to.own, request.around, notes);
    let messages = writer.messages(request.system, request.turns)?;
    let custom = offer::custom(&request.tools);
    let tools = offer::write(request.tools, &mut writer)?;
    let response_format = format(request.format, &mut writer);
    let rest = writer.keep(request.rest, "")?;
    let options = writer.around("/stream_options");
    let any = !tools.is_empty();
    let Sampling {
        max_output,
        temperature,
        top_p,
        top_k,
        min_p,
        n,
        seed,
        stop,
        presence,
        frequency,
        logprobs,
        logit_bias: _,
    } = request.sampling;
    let (top_k, min_p) = (only(top_k, to, notes)?, only(min_p, to, notes)?);
    let mut stop = stop.map(|set| set.value).unwrap_or_default();
    // The rest is watched for as the answer passes.
    let cut = stop.split_off(stop.len().min(STOPS));
    if let Some(auto) = request.caching.auto {
        // Prompts are cached there without being asked.
        notes.mapped(auto.at, "OpenAI caches prompts by itself");
    }
    let (old, new) = split(max_output, to.own, "/max_tokens");
    let (safety_identifier, user) = split(request.who, to.own, "/safety_identifier");
    let body = Body {
        model: to.model,
        tool_choice: offer::write_choice(request.choice, any, &custom, notes)?,
        parallel_tool_calls: request.parallel.filter(|_| any).map(|set| set.value),
        tools,
        messages,
        max_tokens: old,
        max_completion_tokens: new,
        stop,
        temperature: temperature.map(|set| set.value),
        top_p: top_p.map(|set| set.value),
        top_k,
        min_p,
        n: n.map(|set| set.value),
        seed: seed.map(|set| set.value),
        presence_penalty: presence.map(|set| set.value),
        frequency_penalty: frequency.map(|set| set.value),
        logprobs: logprobs.map(|_| true),
        top_logprobs: logprobs.map(|set| set.value).filter(|top| *top > 0),
        response_format,
        reasoning_effort: effort(request.reasoning, notes)?,
        prompt_cache_key: request.caching.key.map(|set| set.value),
        user,
        safety_identifier,
        metadata: request.metadata.map(|set| set.value),
        service_tier: tier(request.tier, to.own, notes)?,
        stream: request.stream.then_some(true),
        // What is metered must be told.
        stream_options: request.stream.then_some(StreamOptions {
            include_usage: true,
            rest: options,
        }),
        rest,
    };
    Ok(Written {
        body: write(&body)?,
        cut: cut
            .into_iter()
            .map(|text| text.say().into_owned())
            .collect(),
    })
}

/// A setting that only some hosts of this dialect know: their own clients set it.
fn only<T>(set: Option<Set<T>>, to: &To<'_>, notes: &mut Notes) -> Result<Option<T>, Fault> {
    match set {
        Some(set) if to.own => Ok(Some(set.value)),
        Some(set) => {
            notes.dropped(set.at, NOTHING_LIKE_IT)?;
            Ok(None)
        }
        None => Ok(None),
    }
}

/// The value of a setting, under the older of two names if its own client knows it by that, and
/// else under the newer.
fn split<T>(set: Option<Set<T>>, own: bool, older: &str) -> (Option<T>, Option<T>) {
    match set {
        Some(set) if own && set.at == older => (Some(set.value), None),
        set => (None, set.map(|set| set.value)),
    }
}

/// How urgent it is, in a word that OpenAI knows.
fn tier<'a>(
    tier: Option<Set<Text<'a>>>,
    own: bool,
    notes: &mut Notes,
) -> Result<Option<Text<'a>>, Fault> {
    let Some(Set { value, at }) = tier else {
        return Ok(None);
    };
    if own {
        return Ok(Some(value));
    }
    let said = match &*value.clone().say() {
        "auto" | "default" | "flex" | "priority" => return Ok(Some(value)),
        "standard" | "standard_only" => "default",
        _ => {
            notes.dropped(at, NOTHING_LIKE_IT)?;
            return Ok(None);
        }
    };
    notes.mapped(at, "told as default");
    Ok(Some(Text::Said(said.into())))
}

fn format<'a>(
    format: Option<Set<Format<'a>>>,
    writer: &mut Writer<'a, '_>,
) -> Option<ResponseFormat<'a>> {
    let (kind, json_schema) = match format?.value {
        Format::Text => ("text", None),
        Format::Json => ("json_object", None),
        Format::Schema {
            name,
            description,
            schema,
            strict,
        } => (
            "json_schema",
            Some(JsonSchema {
                name: name.or_else(|| (!writer.own).then(|| Text::Said("answer".into()))),
                description,
                strict,
                schema,
                rest: writer.around("/response_format/json_schema"),
            }),
        ),
    };
    Some(ResponseFormat {
        kind,
        json_schema,
        rest: writer.around("/response_format"),
    })
}

/// The effort, or what a budget for thinking amounts to.
fn effort(
    reasoning: Option<Set<Reasoning>>,
    notes: &mut Notes,
) -> Result<Option<&'static str>, Fault> {
    let Some(Set { value, at }) = reasoning else {
        return Ok(None);
    };
    let Reasoning {
        effort,
        budget,
        on,
        shown,
    } = value;
    if shown.is_some() {
        notes.mapped(at, "left to the host: it shows thoughts or does not");
    }
    if let Some(effort) = effort {
        if budget.is_some() {
            notes.mapped(at, "told as a reasoning effort");
        }
        return Ok(Some(effort.as_str()));
    }
    if let Some(budget) = budget {
        notes.mapped(at, "told as a reasoning effort");
        return Ok(Some(Effort::of_budget(budget).as_str()));
    }
    match on {
        Some(false) => Ok(Some(Effort::None.as_str())),
        Some(true) => {
            notes.mapped(at, "left out: thinking is the model's to choose here");
            Ok(None)
        }
        None => Ok(None),
    }
}
