//! Writes an answer as one object.

use crate::{
    answer::{Call, Finish},
    object::{Raw, object},
    reply::Reply,
    usage::Usage,
};

pub(super) fn whole(reply: &Reply) -> String {
    let answer = &reply.answer;
    let calls: Vec<_> = answer
        .calls
        .iter()
        .enumerate()
        .map(|(at, call)| tool_call(reply, at, call, &call.arguments))
        .collect();
    let thought = reply.shown();
    let thought = thought.map(|thought| object! { "type": "thinking", "thinking": thought });
    let text = text(reply).map(|text| object! { "type": "text", "text": text });
    let content: Vec<_> = thought.into_iter().chain(text).collect();
    let message = object! {
        "role": "assistant",
        if plan(reply).is_some() => "tool_plan": plan(reply),
        if !content.is_empty() => "content": content,
        if !calls.is_empty() => "tool_calls": calls,
    };
    object! {
        "id": &reply.id,
        "message": message,
        "finish_reason": finish_reason(&answer.finish),
        "usage": usage(&reply.usage),
    }
    .0
}

/// What is said before tools are called: a plan, and no content.
pub(super) fn plan(reply: &Reply) -> Option<&str> {
    let text = reply.answer.text.as_deref();
    text.filter(|_| !reply.answer.calls.is_empty())
}

/// What is said where no tool is called.
pub(super) fn text(reply: &Reply) -> Option<&str> {
    let text = reply.answer.text.as_deref();
    text.filter(|_| reply.answer.calls.is_empty())
}

pub(super) fn tool_call(reply: &Reply, at: usize, call: &Call, arguments: &str) -> Raw {
    let id = reply.call_id(0, at).to_ascii_lowercase();
    object! {
        "id": format!("{}_{}", call.name, &id[..12]),
        "type": "function",
        "function": object! { "name": &call.name, "arguments": arguments },
    }
}

pub(super) const fn finish_reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::Natural => "COMPLETE",
        Finish::Stop(_) => "STOP_SEQUENCE",
        Finish::Length => "MAX_TOKENS",
        Finish::ToolCalls => "TOOL_CALL",
    }
}

/// The tokens that there were, and the fewer that are charged in full.
pub(super) fn usage(usage: &Usage) -> Raw {
    let tokens = object! {
        "input_tokens": usage.prompt(),
        "output_tokens": usage.output,
        if usage.reasoning > 0 => "reasoning_tokens": usage.reasoning,
    };
    object! {
        "billed_units": object! { "input_tokens": usage.uncached, "output_tokens": usage.output },
        "tokens": tokens,
        if usage.cache_read > 0 => "cached_tokens": usage.cache_read,
    }
}
