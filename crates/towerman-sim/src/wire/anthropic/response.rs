//! Writes an answer as one `message` object.

use crate::{
    answer::{Answer, Call, Finish},
    object::{Raw, object},
    reply::Reply,
    usage::Usage,
};

pub(super) fn whole(reply: &Reply) -> String {
    let Answer {
        text,
        calls,
        finish,
        ..
    } = &reply.answer;
    let thought = reply.shown().map(|thought| thinking(thought, seal(reply)));
    let text = text
        .iter()
        .map(|text| object! { "type": "text", "text": text });
    let calls = calls.iter().enumerate().map(|(at, call)| {
        // Arguments that the token limit cut short are no JSON, and are left out.
        let input = call.input().unwrap_or_else(|| object! {});
        tool_use(reply, at, call, input)
    });
    let content = thought.into_iter().chain(text).chain(calls);
    message(reply, content.collect(), Some(finish), reply.usage.output).0
}

/// The `message` object; a stream starts with one that has no content and no end yet.
pub(super) fn message(
    reply: &Reply,
    content: Vec<Raw>,
    finish: Option<&Finish>,
    output: u64,
) -> Raw {
    object! {
        "model": &reply.model,
        "id": &reply.id,
        "type": "message",
        "role": "assistant",
        "content": content,
        "stop_reason": finish.map(stop_reason),
        "stop_sequence": finish.and_then(stop_sequence),
        "stop_details": Raw::null(),
        "usage": usage(&reply.usage, output),
    }
}

pub(super) fn tool_use(reply: &Reply, at: usize, call: &Call, input: Raw) -> Raw {
    object! {
        "type": "tool_use",
        "id": format!("toolu_01{}", &reply.call_id(0, at)[..22]),
        "name": &call.name,
        "input": input,
        "caller": object! { "type": "direct" },
    }
}

pub(super) fn thinking(thought: &str, seal: &str) -> Raw {
    object! { "type": "thinking", "thinking": thought, "signature": seal }
}

pub(super) fn seal(reply: &Reply) -> &str {
    reply.seal.as_deref().unwrap_or_default()
}

pub(super) const fn stop_reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::Natural => "end_turn",
        Finish::Stop(_) => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::ToolCalls => "tool_use",
    }
}

pub(super) fn stop_sequence(finish: &Finish) -> Option<&str> {
    match finish {
        Finish::Stop(stop) => Some(stop),
        _ => None,
    }
}

fn usage(usage: &Usage, output: u64) -> Raw {
    object! {
        "input_tokens": usage.uncached,
        "cache_creation_input_tokens": usage.cache_write(),
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation": object! {
            "ephemeral_5m_input_tokens": usage.write_5m,
            "ephemeral_1h_input_tokens": usage.write_1h,
        },
        "output_tokens": output,
        "service_tier": "standard",
        "inference_geo": "not_available",
    }
}
