//! Writes an answer as named events, from `message-start` to `message-end`, ended by `[DONE]`.

use std::{iter::once, sync::Arc};

use super::response::{finish_reason, plan, text, tool_call, usage};
use crate::{
    object::{Raw, object},
    reply::{Event, Events, Reply},
    tokens::{Pieces, count_tokens},
    trouble::Problem,
};

pub(super) fn events(reply: &Arc<Reply>) -> Events {
    let none = Vec::<Raw>::new;
    let message = object! {
        "role": "assistant", "content": none(), "tool_plan": "", "tool_calls": none(), "citations": none(),
    };
    let start = object! { "id": &reply.id, "type": "message-start", "delta": object! { "message": message } };
    let mut parts: Vec<Events> = Vec::new();
    let mut content = 0;
    if let Some(thought) = reply.shown() {
        parts.push(content_part(content, "thinking", thought));
        content += 1;
    }
    if let Some(plan) = plan(reply) {
        let pieces = Pieces::new(plan.to_owned());
        parts.push(Box::new(pieces.map(|piece| {
            event(
                "tool-plan-delta",
                None,
                Some(object! { "tool_plan": piece }),
                1,
            )
        })));
    }
    if let Some(text) = text(reply) {
        parts.push(content_part(content, "text", text));
    }
    for at in 0..reply.answer.calls.len() {
        parts.push(call_part(reply, at));
    }
    let end = object! {
        "finish_reason": finish_reason(&reply.answer.finish),
        "usage": usage(&reply.usage),
    };
    let end = object! { "type": "message-end", "delta": end };
    let tail = [
        written("message-end", &end, 0),
        Event::new("data: [DONE]\n\n", 0),
    ];
    Box::new(
        once(written("message-start", &start, 0))
            .chain(parts.into_iter().flatten())
            .chain(tail),
    )
}

fn content_part(index: u64, kind: &'static str, text: &str) -> Events {
    let of = move |text: &str| match kind {
        "thinking" => object! { "thinking": text },
        _ => object! { "text": text },
    };
    let empty = match kind {
        "thinking" => object! { "type": kind, "thinking": "" },
        _ => object! { "type": kind, "text": "" },
    };
    let start = event(
        "content-start",
        Some(index),
        Some(object! { "content": empty }),
        0,
    );
    let deltas = Pieces::new(text.to_owned()).map(move |piece| {
        let content = object! { "content": of(&piece) };
        event("content-delta", Some(index), Some(content), 1)
    });
    let end = event("content-end", Some(index), None, 0);
    Box::new(once(start).chain(deltas).chain(once(end)))
}

fn call_part(reply: &Reply, at: usize) -> Events {
    let call = &reply.answer.calls[at];
    let index = Some(at as u64);
    let opened = object! { "tool_calls": tool_call(reply, at, call, "") };
    let start = event(
        "tool-call-start",
        index,
        Some(opened),
        count_tokens(&call.name),
    );
    let deltas = Pieces::new(call.arguments.clone()).map(move |piece| {
        let function = object! { "function": object! { "arguments": piece } };
        event(
            "tool-call-delta",
            index,
            Some(object! { "tool_calls": function }),
            1,
        )
    });
    let end = event("tool-call-end", index, None, 0);
    Box::new(once(start).chain(deltas).chain(once(end)))
}

fn event(name: &str, index: Option<u64>, message: Option<Raw>, tokens: u64) -> Event {
    let delta = message.map(|message| object! { "message": message });
    let data = object! {
        "type": name,
        if index.is_some() => "index": index,
        if delta.is_some() => "delta": delta,
    };
    written(name, &data, tokens)
}

fn written(name: &str, data: &Raw, tokens: u64) -> Event {
    Event::new(format!("event: {name}\ndata: {}\n\n", data.0), tokens)
}

/// The end of a stream that failed.
pub(super) fn error(reply: &Reply, problem: &Problem) -> String {
    let delta = object! {
        "error": problem.message.as_ref(),
        "finish_reason": "ERROR",
        "usage": usage(&reply.usage),
    };
    let data = object! { "type": "message-end", "delta": delta };
    format!("event: message-end\ndata: {}\n\n", data.0)
}
