//! Writes an answer as one object.

use crate::{
    answer::{Call, Finish},
    object::{Raw, object},
    reply::Reply,
    when,
};

pub(super) fn whole(reply: &Reply) -> String {
    let answer = &reply.answer;
    let text = answer.text.as_deref().unwrap_or_default();
    let calls = answer.calls.iter().enumerate();
    let calls = calls.filter_map(|(at, call)| tool_call(reply, at, call));
    last(reply, message(text, reply.shown(), calls.collect())).0
}

pub(super) fn message(text: &str, thinking: Option<&str>, calls: Vec<Raw>) -> Raw {
    object! {
        "role": "assistant",
        "content": text,
        if thinking.is_some() => "thinking": thinking,
        if !calls.is_empty() => "tool_calls": calls,
    }
}

/// A call; none, if the token limit cut it: Ollama makes calls whole or not at all.
pub(super) fn tool_call(reply: &Reply, at: usize, call: &Call) -> Option<Raw> {
    let id = reply.call_id(0, at).to_ascii_lowercase();
    let function = object! { "index": at as u64, "name": &call.name, "arguments": call.input()? };
    Some(object! { "id": format!("call_{}", &id[..8]), "function": function })
}

/// A line of a stream that goes on.
pub(super) fn line(reply: &Reply, message: Raw) -> Raw {
    object! {
        "model": &reply.model,
        "created_at": when::rfc3339(reply.created),
        "message": message,
        "done": false,
    }
}

/// The last line, or the only one. Its times say nothing: a simulated model has none of its own.
pub(super) fn last(reply: &Reply, message: Raw) -> Raw {
    let usage = &reply.usage;
    let reason = match reply.answer.finish {
        Finish::Length => "length",
        Finish::Natural | Finish::Stop(_) | Finish::ToolCalls => "stop",
    };
    object! {
        "model": &reply.model,
        "created_at": when::rfc3339(reply.created),
        "message": message,
        "done": true,
        "done_reason": reason,
        "total_duration": 4_883_583_458u64,
        "load_duration": 1_334_875u64,
        "prompt_eval_count": usage.prompt(),
        "prompt_eval_duration": 342_546_000u64,
        "eval_count": usage.output,
        "eval_duration": 4_535_599_000u64,
    }
}
