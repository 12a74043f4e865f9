//! Writes an answer as one object.

use crate::{
    answer::Finish,
    hash,
    object::{Raw, object},
    reply::Reply,
    usage::Usage,
};

pub(super) fn whole(reply: &Reply) -> String {
    let answer = &reply.answer;
    let thought = reply.shown().map(|thought| {
        let text = object! { "signature": &reply.seal, "text": thought };
        object! { "reasoningContent": object! { "reasoningText": text } }
    });
    let text = answer.text.iter().map(|text| object! { "text": text });
    let calls = answer.calls.iter().enumerate().map(|(at, call)| {
        // Arguments that the token limit cut short are no JSON, and are left out.
        let input = call.input().unwrap_or_else(|| object! {});
        let call =
            object! { "input": input, "name": &call.name, "toolUseId": tool_use_id(reply, at) };
        object! { "toolUse": call }
    });
    let content: Vec<_> = thought.into_iter().chain(text).chain(calls).collect();
    let message = object! { "content": content, "role": "assistant" };
    object! {
        "metrics": metrics(reply),
        "output": object! { "message": message },
        "stopReason": stop_reason(&answer.finish),
        "usage": usage(&reply.usage),
    }
    .0
}

pub(super) fn tool_use_id(reply: &Reply, at: usize) -> String {
    format!("tooluse_{}", &reply.call_id(0, at)[..22])
}

pub(super) const fn stop_reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::Natural => "end_turn",
        Finish::Stop(_) => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::ToolCalls => "tool_use",
    }
}

/// A time that says nothing: a simulated one, the same for the same answer.
pub(super) fn metrics(reply: &Reply) -> Raw {
    object! { "latencyMs": hash::mix(reply.seed, 5) % 1000 + 1 }
}

/// Input, cache reads and cache writes are counted apart; only the total has all of them.
pub(super) fn usage(usage: &Usage) -> Raw {
    let written = usage.cache_write();
    let detail = |ttl: &str, tokens: u64| object! { "inputTokens": tokens, "ttl": ttl };
    let details: Vec<_> = [("1h", usage.write_1h), ("5m", usage.write_5m)]
        .into_iter()
        .filter(|(_, tokens)| *tokens > 0)
        .map(|(ttl, tokens)| detail(ttl, tokens))
        .collect();
    object! {
        if !details.is_empty() => "cacheDetails": details,
        "cacheReadInputTokenCount": usage.cache_read,
        "cacheReadInputTokens": usage.cache_read,
        "cacheWriteInputTokenCount": written,
        "cacheWriteInputTokens": written,
        "inputTokens": usage.uncached,
        "outputTokens": usage.output,
        "serverToolUsage": object! {},
        "totalTokens": usage.prompt() + usage.output,
    }
}
