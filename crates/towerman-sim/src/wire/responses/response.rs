//! Writes an answer as one `response` object.

use crate::{
    answer::{Call, Finish},
    hash,
    json::quoted,
    object::{Json, Raw, object},
    reply::Reply,
    usage::Usage,
};

pub(super) fn whole(reply: &Reply) -> String {
    response(reply, Stage::of(reply)).0
}

/// How far an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    InProgress,
    Completed,
    /// The token limit was reached.
    Incomplete,
}

impl Stage {
    /// How an answer ends.
    pub(super) fn of(reply: &Reply) -> Self {
        match reply.answer.finish {
            Finish::Length => Self::Incomplete,
            _ => Self::Completed,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete => "incomplete",
        }
    }
}

/// The object, which repeats much of the request.
pub(super) fn response(reply: &Reply, stage: Stage) -> Raw {
    let over = stage != Stage::InProgress;
    let details = (stage == Stage::Incomplete).then(|| object! { "reason": "max_output_tokens" });
    let Raw(mut json) = object! {
        "id": &reply.id,
        "object": "response",
        "created_at": reply.created,
        "status": stage.name(),
        "background": false,
        "completed_at": (stage == Stage::Completed).then_some(reply.created),
        "error": Raw::null(),
        "incomplete_details": details,
        "model": &reply.model,
        "output": if over { output(reply) } else { Vec::new() },
        "service_tier": if over { "default" } else { "auto" },
        "truncation": "disabled",
        "usage": over.then(|| usage(&reply.usage)),
        "user": Raw::null(),
    };
    json.pop();
    for (name, value) in &reply.echo {
        json.push(',');
        json.push_str(&quoted(name));
        json.push(':');
        value.write(&mut json);
    }
    json.push('}');
    Raw(json)
}

/// Everything that the answer is made of.
fn output(reply: &Reply) -> Vec<Raw> {
    let stage = Stage::of(reply);
    let text = reply.answer.text.iter().map(|text| {
        let part = text_part(text);
        message(reply, stage, vec![part])
    });
    let calls = reply.answer.calls.iter().enumerate();
    let calls = calls.map(|(at, call)| function_call(reply, at, call, stage, &call.arguments));
    let thought = thinks(reply).then(|| reasoning(reply, reply.shown()));
    thought.into_iter().chain(text).chain(calls).collect()
}

/// The answer starts with a reasoning item.
pub(super) fn thinks(reply: &Reply) -> bool {
    reply.answer.thought.is_some()
}

/// A reasoning item, with as much of a summary as is shown.
pub(super) fn reasoning(reply: &Reply, summary: Option<&str>) -> Raw {
    let summary: Vec<_> = summary.map(summary_part).into_iter().collect();
    object! {
        "id": item_id(reply, "rs", 0),
        "type": "reasoning",
        "content": Vec::<Raw>::new(),
        "encrypted_content": &reply.seal,
        "summary": summary,
    }
}

pub(super) fn summary_part(text: &str) -> Raw {
    object! { "type": "summary_text", "text": text }
}

pub(super) fn message(reply: &Reply, stage: Stage, content: Vec<Raw>) -> Raw {
    object! {
        "id": item_id(reply, "msg", 0),
        "type": "message",
        "status": stage.name(),
        "content": content,
        "phase": "final_answer",
        "role": "assistant",
    }
}

pub(super) fn text_part(text: &str) -> Raw {
    object! {
        "type": "output_text",
        "annotations": Vec::<Raw>::new(),
        "logprobs": Vec::<Raw>::new(),
        "text": text,
    }
}

pub(super) fn function_call(
    reply: &Reply,
    at: usize,
    call: &Call,
    stage: Stage,
    arguments: &str,
) -> Raw {
    object! {
        "id": item_id(reply, "fc", at),
        "type": "function_call",
        "status": stage.name(),
        "arguments": arguments,
        "call_id": format!("call_{}", reply.call_id(0, at)),
        "name": &call.name,
    }
}

pub(super) fn item_id(reply: &Reply, prefix: &str, at: usize) -> String {
    let seed = hash::mix(reply.seed, hash::of(prefix.as_bytes()));
    format!("{prefix}_{}", hash::hex(hash::mix(seed, at as u64), 50))
}

fn usage(usage: &Usage) -> Raw {
    object! {
        "input_tokens": usage.prompt(),
        "input_tokens_details": object! { "cache_write_tokens": 0u64, "cached_tokens": usage.cache_read },
        "output_tokens": usage.output,
        "output_tokens_details": object! { "reasoning_tokens": usage.reasoning },
        "total_tokens": usage.prompt() + usage.output,
    }
}
