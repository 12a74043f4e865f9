//! Writes an answer as frames, from `messageStart` to `metadata`.

use std::{iter::once, sync::Arc};

use super::{
    frame,
    response::{metrics, stop_reason, tool_use_id, usage},
};
use crate::{
    hash,
    object::{Raw, object},
    reply::{Event, Events, Reply},
    tokens::{Pieces, count_tokens},
};

pub(super) fn events(reply: &Arc<Reply>) -> Events {
    let answer = &reply.answer;
    let start = event("messageStart", object! { "role": "assistant" }, 0);
    let mut blocks: Vec<Events> = Vec::new();
    if let Some(thought) = reply.shown() {
        blocks.push(thinking_block(reply, thought));
    }
    if let Some(text) = &answer.text {
        let index = blocks.len() as u64;
        // A block of text has no start.
        let deltas =
            Pieces::new(text.clone()).map(move |piece| delta(index, object! { "text": piece }, 1));
        blocks.push(Box::new(deltas.chain(once(stop(index)))));
    }
    for at in 0..answer.calls.len() {
        blocks.push(tool_block(reply, at, blocks.len() as u64));
    }
    let tail = [
        event(
            "messageStop",
            object! { "stopReason": stop_reason(&answer.finish) },
            0,
        ),
        event(
            "metadata",
            object! { "metrics": metrics(reply), "usage": usage(&reply.usage) },
            0,
        ),
    ];
    Box::new(once(start).chain(blocks.into_iter().flatten()).chain(tail))
}

fn thinking_block(reply: &Reply, thought: &str) -> Events {
    let reasoning =
        |content: Raw, tokens| delta(0, object! { "reasoningContent": content }, tokens);
    let signature = reasoning(object! { "signature": &reply.seal }, 0);
    let deltas =
        Pieces::new(thought.to_owned()).map(move |piece| reasoning(object! { "text": piece }, 1));
    Box::new(deltas.chain([signature, stop(0)]))
}

fn tool_block(reply: &Reply, at: usize, index: u64) -> Events {
    let call = &reply.answer.calls[at];
    let start = object! { "name": &call.name, "toolUseId": tool_use_id(reply, at) };
    let start = object! { "contentBlockIndex": index, "start": object! { "toolUse": start } };
    let start = event("contentBlockStart", start, count_tokens(&call.name));
    let input = move |piece: &str, tokens| {
        delta(
            index,
            object! { "toolUse": object! { "input": piece } },
            tokens,
        )
    };
    // The first fragment is always empty.
    let fragments = once(input("", 0))
        .chain(Pieces::new(call.arguments.clone()).map(move |piece| input(&piece, 1)));
    Box::new(once(start).chain(fragments).chain(once(stop(index))))
}

fn delta(index: u64, delta: Raw, tokens: u64) -> Event {
    event(
        "contentBlockDelta",
        object! { "contentBlockIndex": index, "delta": delta },
        tokens,
    )
}

fn stop(index: u64) -> Event {
    event(
        "contentBlockStop",
        object! { "contentBlockIndex": index },
        0,
    )
}

/// How much padding there is to choose from.
const PADDING: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

fn event(name: &str, data: Raw, tokens: u64) -> Event {
    let Raw(mut json) = data;
    // Hides how long an event is, as the real ones do.
    let length = (hash::of(json.as_bytes()) % PADDING.len() as u64) as usize + 1;
    json.pop();
    json.push_str(&format!(",\"p\":\"{}\"}}", &PADDING[..length]));
    Event::new(frame::event(name, &json), tokens)
}
