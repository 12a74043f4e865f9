//! The legacy completions: a prompt goes on, as `text_completion` objects or chunks of them.

use std::{iter::once, sync::Arc};

use serde::Deserialize;
use serde_json::Value;

use super::{
    request::{StreamOptions, at_least_one, missing, stops},
    response::finish_reason,
};
use crate::{
    ask::{Ask, Thoughts},
    json::quoted,
    object::{Raw, object},
    prompt::Prompt,
    reply::{Event, Events, Reply},
    tokens::Pieces,
    trouble::Problem,
    wire::{Form, Operation},
};

/// The tokens of an answer whose request sets no limit.
const SHORT: u64 = 16;

#[derive(Deserialize)]
struct Body {
    model: Option<String>,
    prompt: Option<Value>,
    max_tokens: Option<i64>,
    stop: Option<Value>,
    n: Option<i64>,
    echo: Option<bool>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
}

/// Reads a request. Several prompts all get the answer to the last.
pub(super) fn read(body: &[u8]) -> Result<Ask, Problem> {
    let body: Body = serde_json::from_slice(body)
        .map_err(|error| Problem::invalid(error.to_string()).code("invalid_type"))?;
    let model = body.model.filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| Problem::invalid("you must provide a model parameter"))?;
    let prompts = prompts(&body.prompt.ok_or_else(|| missing("prompt"))?)?;

    let mut prompt = Prompt::new(&model);
    for text in &prompts {
        prompt.text(text);
        prompt.end_block(None);
    }
    let each = at_least_one("n", body.n)?.unwrap_or(1).min(128);
    let echoed = prompts.iter().filter(|_| body.echo == Some(true));
    let options = body.stream_options;
    let form = match body.stream {
        Some(true) => Form::Stream,
        _ => Form::Whole,
    };
    Ok(Ask {
        operation: Operation::Complete,
        include_usage: options
            .and_then(|options| options.include_usage)
            .unwrap_or(false),
        choices: each * prompts.len() as u64,
        max_tokens: Some(at_least_one("max_tokens", body.max_tokens)?.unwrap_or(SHORT)),
        stops: stops(body.stop)?,
        thoughts: Thoughts::Off,
        echo: echoed.map(|text| ("prompt", Raw(quoted(text)))).collect(),
        said: prompts.last().cloned().unwrap_or_default(),
        ..Ask::new(model, form, prompt)
    })
}

/// The prompts, of which there may be several; tokens become texts of that many tokens.
fn prompts(value: &Value) -> Result<Vec<String>, Problem> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(tokens) if !tokens.is_empty() => {
            let words = tokens.iter().map(Value::as_u64);
            words
                .map(|word| Some(format!("{:04x}", word? & 0xffff)))
                .collect()
        }
        _ => None,
    };
    let prompts = match value {
        Value::Array(many) if many.first().is_none_or(|first| !first.is_number()) => {
            many.iter().map(one).collect()
        }
        single => one(single).map(|text| vec![text]),
    };
    let prompts: Option<Vec<_>> = prompts;
    prompts
        .filter(|prompts| !prompts.is_empty())
        .ok_or_else(|| Problem::invalid("'$.prompt' is invalid.").param("prompt"))
}

/// The prompt that comes before a choice, if the request wants it back.
fn before(reply: &Reply, choice: u64) -> String {
    let prompts = reply.echo.len() as u64;
    if prompts == 0 {
        return String::new();
    }
    let at = choice * prompts / reply.choices.max(1);
    let prompt = reply.echo.get(at as usize);
    let text = prompt.and_then(|(_, Raw(json))| serde_json::from_str(json).ok());
    text.unwrap_or_default()
}

pub(super) fn whole(reply: &Reply) -> String {
    let said = reply.answer.text.as_deref().unwrap_or_default();
    let choices = (0..reply.choices).map(|at| {
        let text = format!("{}{said}", before(reply, at));
        choice(at, &text, Some(finish_reason(&reply.answer)))
    });
    object! {
        "id": &reply.id,
        "object": "text_completion",
        "created": reply.created,
        "model": &reply.model,
        "choices": choices.collect::<Vec<_>>(),
        "usage": usage(reply),
    }
    .0
}

fn choice(at: u64, text: &str, finish: Option<&str>) -> Raw {
    object! { "text": text, "index": at, "logprobs": Raw::null(), "finish_reason": finish }
}

fn usage(reply: &Reply) -> Raw {
    let usage = &reply.usage;
    let details = object! { "cached_tokens": usage.cache_read };
    object! {
        "prompt_tokens": usage.prompt(),
        "completion_tokens": usage.output,
        "total_tokens": usage.prompt() + usage.output,
        if usage.cache_read > 0 => "prompt_tokens_details": details,
    }
}

pub(super) fn events(reply: &Arc<Reply>) -> Events {
    let text = reply.answer.text.clone().unwrap_or_default();
    let choices = reply.choices;
    let echoed = Arc::clone(reply);
    let echoed = (0..if reply.echo.is_empty() { 0 } else { choices })
        .map(move |at| (at, before(&echoed, at), None, 0));
    let pieces = Pieces::new(text)
        .flat_map(move |piece| (0..choices).map(move |at| (at, piece.clone(), None, 1)));
    let finish = finish_reason(&reply.answer);
    let ends = (0..choices).map(move |at| (at, String::new(), Some(finish), 0));
    let usage = reply
        .include_usage
        .then(|| chunk(reply, Vec::new(), Some(usage(reply)), 0));
    let tail = usage
        .into_iter()
        .chain(once(Event::new("data: [DONE]\n\n", 0)));
    let reply = Arc::clone(reply);
    let chunks = echoed
        .chain(pieces)
        .chain(ends)
        .map(move |(at, text, finish, tokens)| {
            chunk(&reply, vec![choice(at, &text, finish)], None, tokens)
        });
    Box::new(chunks.chain(tail))
}

fn chunk(reply: &Reply, choices: Vec<Raw>, usage: Option<Raw>, tokens: u64) -> Event {
    let Raw(json) = object! {
        "id": &reply.id,
        "object": "text_completion",
        "created": reply.created,
        "choices": choices,
        "model": &reply.model,
        if reply.include_usage => "usage": usage,
    };
    Event::new(format!("data: {json}\n\n"), tokens)
}
