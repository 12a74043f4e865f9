//! Writes an answer as one `chat.completion` object.

use crate::{
    answer::{Answer, Finish},
    hash,
    object::{Raw, object},
    reply::Reply,
    usage::Usage,
};

pub(super) fn whole(reply: &Reply) -> String {
    let choices: Vec<_> = (0..reply.choices)
        .map(|choice| {
            object! {
                "index": choice,
                "message": message(reply, choice),
                "logprobs": Raw::null(),
                "finish_reason": finish_reason(&reply.answer),
            }
        })
        .collect();
    object! {
        "id": &reply.id,
        "object": "chat.completion",
        "created": reply.created,
        "model": &reply.model,
        "choices": choices,
        "usage": usage(&reply.usage),
        "service_tier": "default",
        "system_fingerprint": fingerprint(&reply.model),
    }
    .0
}

fn message(reply: &Reply, choice: u64) -> Raw {
    let Answer { text, calls, .. } = &reply.answer;
    let calls: Vec<_> = calls
        .iter()
        .enumerate()
        .map(|(at, call)| {
            object! {
                "id": call_id(reply, choice, at),
                "type": "function",
                "function": object! { "name": &call.name, "arguments": &call.arguments },
            }
        })
        .collect();
    object! {
        "role": "assistant",
        "content": text,
        if !calls.is_empty() => "tool_calls": calls,
        "refusal": Raw::null(),
        "annotations": Vec::<Raw>::new(),
    }
}

pub(super) fn call_id(reply: &Reply, choice: u64, call: usize) -> String {
    format!("call_{}", reply.call_id(choice, call))
}

pub(super) const fn finish_reason(answer: &Answer) -> &'static str {
    match answer.finish {
        Finish::Natural | Finish::Stop(_) => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
    }
}

pub(super) fn usage(usage: &Usage) -> Raw {
    object! {
        "prompt_tokens": usage.prompt(),
        "completion_tokens": usage.output,
        "total_tokens": usage.prompt() + usage.output,
        "prompt_tokens_details": object! { "cached_tokens": usage.cache_read, "audio_tokens": 0u64 },
        "completion_tokens_details": object! {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0u64,
            "accepted_prediction_tokens": 0u64,
            "rejected_prediction_tokens": 0u64,
        },
    }
}

/// Names the build that answers; a simulated model has one for life.
pub(super) fn fingerprint(model: &str) -> String {
    format!("fp_{:010x}", hash::of(model.as_bytes()) & 0xff_ffff_ffff)
}
