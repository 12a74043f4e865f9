//! Writes an answer as named events, from `message_start` to `message_stop`.

use std::iter::once;

use super::response::{message, seal, stop_reason, stop_sequence, thinking, tool_use};
use crate::{
    answer::Call,
    hash,
    object::{Raw, object},
    reply::{Event, Events, Reply},
    tokens::{Pieces, count_tokens},
};

pub(super) const PING: &str = "event: ping\ndata: {\"type\": \"ping\"}\n\n";

pub(super) fn events(reply: &Reply) -> Events {
    // The first usage counts one output token, if there is one to come; the last is authoritative.
    let start = message(reply, Vec::new(), None, reply.usage.output.min(1));
    let start = event(
        "message_start",
        object! { "type": "message_start", "message": start },
        0,
    );

    let mut blocks: Vec<Events> = Vec::new();
    if let Some(thought) = reply.shown() {
        blocks.push(thinking_block(thought.to_owned(), seal(reply)));
    }
    if let Some(text) = &reply.answer.text {
        blocks.push(text_block(blocks.len() as u64, text.clone()));
    }
    for (at, call) in reply.answer.calls.iter().enumerate() {
        blocks.push(tool_block(reply, at, blocks.len() as u64, call));
    }
    // The one ping comes after the first block's start.
    let blocks = blocks.into_iter().enumerate().flat_map(|(at, mut block)| {
        let opening = block.next();
        let ping = (at == 0).then(|| Event::new(PING, 0));
        opening.into_iter().chain(ping).chain(block)
    });

    let delta = object! {
        "stop_reason": stop_reason(&reply.answer.finish),
        "stop_sequence": stop_sequence(&reply.answer.finish),
        "stop_details": Raw::null(),
    };
    let usage = object! {
        "input_tokens": reply.usage.uncached,
        "cache_creation_input_tokens": reply.usage.cache_write(),
        "cache_read_input_tokens": reply.usage.cache_read,
        "output_tokens": reply.usage.output,
    };
    let end = object! { "type": "message_delta", "delta": delta, "usage": usage };
    let tail = [
        event("message_delta", end, 0),
        event("message_stop", object! { "type": "message_stop" }, 0),
    ];
    Box::new(once(start).chain(blocks).chain(tail))
}

fn thinking_block(thought: String, seal: &str) -> Events {
    let deltas = Pieces::new(thought).map(|piece| {
        delta(
            0,
            object! { "type": "thinking_delta", "thinking": piece },
            1,
        )
    });
    // The signature is the last delta of its block.
    let signature = object! { "type": "signature_delta", "signature": seal };
    let close = [delta(0, signature, 0), close(0)];
    Box::new(
        once(open(0, thinking("", ""), 0))
            .chain(deltas)
            .chain(close),
    )
}

fn text_block(index: u64, text: String) -> Events {
    let block = object! { "type": "text", "text": "" };
    let deltas = Pieces::new(text)
        .map(move |piece| delta(index, object! { "type": "text_delta", "text": piece }, 1));
    Box::new(
        once(open(index, block, 0))
            .chain(deltas)
            .chain(once(close(index))),
    )
}

fn tool_block(reply: &Reply, at: usize, index: u64, call: &Call) -> Events {
    let json = move |piece: &str, tokens| {
        delta(
            index,
            object! { "type": "input_json_delta", "partial_json": piece },
            tokens,
        )
    };
    let block = tool_use(reply, at, call, object! {});
    let start = open(index, block, count_tokens(&call.name));
    // The first fragment is always empty.
    let fragments = once(json("", 0))
        .chain(Pieces::new(call.arguments.clone()).map(move |piece| json(&piece, 1)));
    Box::new(once(start).chain(fragments).chain(once(close(index))))
}

fn open(index: u64, block: Raw, tokens: u64) -> Event {
    let start = object! { "type": "content_block_start", "index": index, "content_block": block };
    event("content_block_start", start, tokens)
}

fn delta(index: u64, delta: Raw, tokens: u64) -> Event {
    event(
        "content_block_delta",
        object! { "type": "content_block_delta", "index": index, "delta": delta },
        tokens,
    )
}

fn close(index: u64) -> Event {
    event(
        "content_block_stop",
        object! { "type": "content_block_stop", "index": index },
        0,
    )
}

fn event(name: &str, data: Raw, tokens: u64) -> Event {
    let Raw(mut json) = data;
    // Spaces before the last brace hide the length, as the real ones do.
    let padding = (hash::of(json.as_bytes()) % 16) as usize;
    json.pop();
    Event::new(
        format!("event: {name}\ndata: {json}{:padding$}}}\n\n", ""),
        tokens,
    )
}
