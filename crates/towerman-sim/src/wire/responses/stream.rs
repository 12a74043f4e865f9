//! Writes an answer as named events, each with its number, from `response.created` to
//! `response.completed`.

use std::{iter::once, sync::Arc};

use super::response::{
    Stage, function_call, item_id, message, reasoning, response, summary_part, text_part, thinks,
};
use crate::{
    hash,
    object::{Raw, object},
    reply::{Event, Events, Reply},
    tokens::{Pieces, count_tokens},
    trouble::Problem,
};

/// An event without its number.
struct Unnumbered {
    name: &'static str,
    data: Raw,
    tokens: u64,
    /// Its length is to be hidden.
    padded: bool,
}

type Stream = Box<dyn Iterator<Item = Unnumbered> + Send + Sync>;

pub(super) fn events(reply: &Arc<Reply>) -> Events {
    let told = |name, stage| {
        let data = object! { "type": name, "response": response(reply, stage) };
        plain(name, data)
    };
    // Thoughts that are not shown take their time all the same.
    let mut progress = told("response.in_progress", Stage::InProgress);
    progress.tokens = reply.hidden();
    let opening = [told("response.created", Stage::InProgress), progress];

    let mut items: Vec<Stream> = Vec::new();
    if thinks(reply) {
        items.push(thinking_item(reply));
    }
    if let Some(text) = &reply.answer.text {
        items.push(text_item(reply, items.len() as u64, text));
    }
    for at in 0..reply.answer.calls.len() {
        items.push(call_item(reply, items.len() as u64, at));
    }
    let last = match Stage::of(reply) {
        Stage::Incomplete => told("response.incomplete", Stage::Incomplete),
        _ => told("response.completed", Stage::Completed),
    };
    let all = opening
        .into_iter()
        .chain(items.into_iter().flatten())
        .chain(once(last));
    let obfuscate = reply.obfuscate;
    Box::new(
        all.enumerate()
            .map(move |(number, event)| numbered(event, number, obfuscate)),
    )
}

fn thinking_item(reply: &Reply) -> Stream {
    let id = item_id(reply, "rs", 0);
    let added = item("response.output_item.added", 0, reasoning(reply, None));
    let done = item(
        "response.output_item.done",
        0,
        reasoning(reply, reply.shown()),
    );
    let Some(text) = reply.shown().map(str::to_owned) else {
        return Box::new([added, done].into_iter());
    };
    let part = |name: &'static str, text: &str| {
        let data = object! {
            "type": name, "item_id": &id, "output_index": 0u64, "part": summary_part(text), "summary_index": 0u64,
        };
        plain(name, data)
    };
    let opening = [added, part("response.reasoning_summary_part.added", "")];
    let name = "response.reasoning_summary_text.done";
    let whole = object! {
        "type": name, "item_id": &id, "output_index": 0u64, "summary_index": 0u64, "text": &text,
    };
    let closing = [
        plain(name, whole),
        part("response.reasoning_summary_part.done", &text),
        done,
    ];
    let deltas = Pieces::new(text).map(move |piece| {
        let name = "response.reasoning_summary_text.delta";
        let data = object! {
            "type": name, "delta": piece, "item_id": &id, "output_index": 0u64, "summary_index": 0u64,
        };
        Unnumbered {
            padded: false,
            ..delta(name, data)
        }
    });
    Box::new(opening.into_iter().chain(deltas).chain(closing))
}

fn text_item(reply: &Arc<Reply>, index: u64, text: &str) -> Stream {
    let id = item_id(reply, "msg", 0);
    let part = |name: &'static str, text: &str| {
        let data = object! {
            "type": name, "content_index": 0u64, "item_id": &id, "output_index": index, "part": text_part(text),
        };
        plain(name, data)
    };
    let added = message(reply, Stage::InProgress, Vec::new());
    let opening = [
        item("response.output_item.added", index, added),
        part("response.content_part.added", ""),
    ];
    let done = "response.output_text.done";
    let whole = object! {
        "type": done, "content_index": 0u64, "item_id": &id, "logprobs": Vec::<Raw>::new(), "output_index": index,
        "text": text,
    };
    let ended = message(reply, Stage::of(reply), vec![text_part(text)]);
    let closing = [
        plain(done, whole),
        part("response.content_part.done", text),
        item("response.output_item.done", index, ended),
    ];
    let deltas = Pieces::new(text.to_owned()).map(move |piece| {
        let name = "response.output_text.delta";
        let data = object! {
            "type": name, "content_index": 0u64, "delta": piece, "item_id": &id, "logprobs": Vec::<Raw>::new(),
            "output_index": index,
        };
        delta(name, data)
    });
    Box::new(opening.into_iter().chain(deltas).chain(closing))
}

fn call_item(reply: &Arc<Reply>, index: u64, at: usize) -> Stream {
    let id = item_id(reply, "fc", at);
    let call = &reply.answer.calls[at];
    let mut added = item(
        "response.output_item.added",
        index,
        function_call(reply, at, call, Stage::InProgress, ""),
    );
    added.tokens = count_tokens(&call.name);
    let done = "response.function_call_arguments.done";
    let whole = object! {
        "type": done, "arguments": &call.arguments, "item_id": &id, "output_index": index,
    };
    // A call that the token limit cut short is whole as far as the stream goes.
    let ended = function_call(reply, at, call, Stage::of(reply), &call.arguments);
    let closing = [
        plain(done, whole),
        item("response.output_item.done", index, ended),
    ];
    let deltas = Pieces::new(call.arguments.clone()).map(move |piece| {
        let name = "response.function_call_arguments.delta";
        let data = object! { "type": name, "delta": piece, "item_id": &id, "output_index": index };
        delta(name, data)
    });
    Box::new(once(added).chain(deltas).chain(closing))
}

fn item(name: &'static str, index: u64, item: Raw) -> Unnumbered {
    plain(
        name,
        object! { "type": name, "item": item, "output_index": index },
    )
}

const fn plain(name: &'static str, data: Raw) -> Unnumbered {
    Unnumbered {
        name,
        data,
        tokens: 0,
        padded: false,
    }
}

const fn delta(name: &'static str, data: Raw) -> Unnumbered {
    Unnumbered {
        name,
        data,
        tokens: 1,
        padded: true,
    }
}

fn numbered(event: Unnumbered, number: usize, obfuscate: bool) -> Event {
    let Raw(mut json) = event.data;
    json.pop();
    if event.padded && obfuscate {
        let filler = hash::letters(hash::of(json.as_bytes()), (16 - json.len() % 16) % 16);
        json.push_str(&format!(",\"obfuscation\":\"{filler}\""));
    }
    let name = event.name;
    let bytes = format!("event: {name}\ndata: {json},\"sequence_number\":{number}}}\n\n");
    Event::new(bytes, event.tokens)
}

/// The event that ends a stream with an error.
pub(super) fn error(problem: &Problem, number: usize) -> String {
    let data = object! {
        "type": "error",
        "code": problem.code.unwrap_or(problem.kind),
        "message": problem.message.as_ref(),
        "param": problem.param.as_deref(),
        "sequence_number": number as u64,
    };
    format!("event: error\ndata: {}\n\n", data.0)
}
