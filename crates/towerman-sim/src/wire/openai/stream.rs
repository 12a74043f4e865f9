//! Writes an answer as `chat.completion.chunk` events, ended by `[DONE]`.

use std::sync::Arc;

use super::response::{call_id, fingerprint, finish_reason, usage};
use crate::{
    hash,
    object::{Raw, object},
    reply::{Event, Events, Reply},
    tokens::{Pieces, count_tokens},
};

/// What one chunk adds to its choice.
#[derive(Debug)]
enum Delta {
    /// The role, with the text's start or with the only call.
    Open,
    Text(String),
    Call(usize),
    Arguments(usize, String),
    Finish,
}

pub(super) fn events(reply: &Arc<Reply>) -> Events {
    let answer = &reply.answer;
    // A lone call comes with the role; several come one by one after it.
    let lone = lone_call(reply);
    let text = Pieces::new(answer.text.clone().unwrap_or_default()).map(Delta::Text);
    let calls = answer
        .calls
        .clone()
        .into_iter()
        .enumerate()
        .flat_map(move |(at, call)| {
            let start = (!lone).then_some(Delta::Call(at));
            start
                .into_iter()
                .chain(Pieces::new(call.arguments).map(move |piece| Delta::Arguments(at, piece)))
        });
    let deltas = std::iter::once(Delta::Open)
        .chain(text)
        .chain(calls)
        .chain([Delta::Finish]);

    let choices = reply.choices;
    let chunks = Arc::clone(reply);
    let tail = {
        let usage = reply
            .include_usage
            .then(|| event(reply, Vec::new(), Some(usage(&reply.usage)), 0));
        usage.into_iter().chain([Event::new("data: [DONE]\n\n", 0)])
    };
    // Choices take turns, as a provider that samples them side by side sends them.
    Box::new(
        deltas
            .flat_map(move |delta| {
                let chunks = Arc::clone(&chunks);
                (0..choices).map(move |choice| chunk(&chunks, choice, &delta))
            })
            .chain(tail),
    )
}

fn lone_call(reply: &Reply) -> bool {
    reply.answer.text.is_none() && reply.answer.calls.len() == 1
}

fn chunk(reply: &Reply, choice: u64, delta: &Delta) -> Event {
    let start = |at: usize| {
        let name = &reply.answer.calls[at].name;
        let call = object! {
            "index": at as u64,
            "id": call_id(reply, choice, at),
            "type": "function",
            "function": object! { "name": name, "arguments": "" },
        };
        (vec![call], count_tokens(name))
    };
    let mut finish = None;
    let (delta, tokens) = match delta {
        Delta::Open => {
            let (calls, tokens) = if lone_call(reply) {
                start(0)
            } else {
                (Vec::new(), 0)
            };
            let delta = object! {
                "role": "assistant",
                "content": reply.answer.text.as_ref().map(|_| ""),
                if !calls.is_empty() => "tool_calls": calls,
                "refusal": Raw::null(),
            };
            // What it thinks takes its time before the role, and is not shown.
            (delta, tokens + reply.hidden())
        }
        Delta::Text(piece) => (object! { "content": piece }, 1),
        Delta::Call(at) => {
            let (calls, tokens) = start(*at);
            (object! { "tool_calls": calls }, tokens)
        }
        Delta::Arguments(at, piece) => {
            let call = object! { "index": *at as u64, "function": object! { "arguments": piece } };
            (object! { "tool_calls": vec![call] }, 1)
        }
        Delta::Finish => {
            finish = Some(finish_reason(&reply.answer));
            (object! {}, 0)
        }
    };
    let choice = object! { "index": choice, "delta": delta, "logprobs": Raw::null(), "finish_reason": finish };
    event(reply, vec![choice], None, tokens)
}

fn event(reply: &Reply, choices: Vec<Raw>, usage: Option<Raw>, tokens: u64) -> Event {
    let Raw(mut json) = object! {
        "id": &reply.id,
        "object": "chat.completion.chunk",
        "created": reply.created,
        "model": &reply.model,
        "service_tier": "default",
        "system_fingerprint": fingerprint(&reply.model),
        "choices": choices,
        if reply.include_usage => "usage": usage,
    };
    if reply.obfuscate {
        // Fills every chunk up to a multiple of 16 bytes, so that its length says little.
        let filler = hash::letters(hash::of(json.as_bytes()), (16 - json.len() % 16) % 16);
        json.pop();
        json.push_str(&format!(",\"obfuscation\":\"{filler}\"}}"));
    }
    Event::new(format!("data: {json}\n\n"), tokens)
}
