//! Writes an answer as one `GenerateContentResponse`.

use crate::{
    answer::{Call, Finish},
    object::{Raw, object},
    reply::Reply,
};

pub(super) fn whole(reply: &Reply) -> String {
    let candidates = (0..reply.choices)
        .map(|choice| candidate(choice, parts(reply, choice), Some(&reply.answer.finish)));
    let output = reply.usage.output - reply.usage.reasoning;
    response(reply, candidates.collect(), output, reply.usage.reasoning).0
}

/// The response, with as many tokens of output and of thoughts as there are so far.
pub(super) fn response(reply: &Reply, candidates: Vec<Raw>, output: u64, thoughts: u64) -> Raw {
    object! {
        "candidates": candidates,
        "usageMetadata": usage(reply, output, thoughts),
        "modelVersion": &reply.model,
        "responseId": &reply.id,
    }
}

pub(super) fn candidate(choice: u64, parts: Vec<Raw>, finish: Option<&Finish>) -> Raw {
    let content = object! { if !parts.is_empty() => "parts": parts, "role": "model" };
    object! {
        "content": content,
        if finish.is_some() => "finishReason": finish.map(finish_reason),
        "index": choice,
        if finish == Some(&Finish::ToolCalls) => "finishMessage": "Model generated function call(s).",
    }
}

fn parts(reply: &Reply, choice: u64) -> Vec<Raw> {
    let answer = &reply.answer;
    let mut parts: Vec<_> = reply.shown().map(thought).into_iter().collect();
    if let Some(text) = answer.text.as_deref().filter(|text| !text.is_empty()) {
        // The last text is signed, if there is no call to sign.
        let seal = reply.seal.as_deref().filter(|_| answer.calls.is_empty());
        parts.push(self::text(text, seal));
    }
    let calls = answer.calls.iter().enumerate();
    parts.extend(calls.filter_map(|(at, call)| function_call(reply, choice, at, call)));
    parts
}

pub(super) fn thought(text: &str) -> Raw {
    object! { "text": text, "thought": true }
}

pub(super) fn text(text: &str, seal: Option<&str>) -> Raw {
    object! { "text": text, if seal.is_some() => "thoughtSignature": seal }
}

/// A call; none, if the token limit cut it: this API makes calls whole or not at all.
pub(super) fn function_call(reply: &Reply, choice: u64, at: usize, call: &Call) -> Option<Raw> {
    let args = call.input()?;
    // Models that think name their calls; the others' are known by their function alone.
    let id = reply.seal.is_some().then(|| reply.call_id(choice, at));
    let id = id.as_deref().and_then(|id| id.get(..8));
    let call = object! { "name": &call.name, "args": args, if id.is_some() => "id": id };
    let seal = reply.seal.as_deref().filter(|_| at == 0);
    Some(object! { "functionCall": call, if seal.is_some() => "thoughtSignature": seal })
}

const fn finish_reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::Natural | Finish::Stop(_) | Finish::ToolCalls => "STOP",
        Finish::Length => "MAX_TOKENS",
    }
}

fn usage(reply: &Reply, output: u64, thoughts: u64) -> Raw {
    let prompt = reply.usage.prompt();
    let cached = reply.usage.cache_read;
    let text = |tokens: u64| vec![object! { "modality": "TEXT", "tokenCount": tokens }];
    object! {
        "promptTokenCount": prompt,
        if output > 0 => "candidatesTokenCount": output,
        "totalTokenCount": prompt + output + thoughts,
        if cached > 0 => "cachedContentTokenCount": cached,
        "promptTokensDetails": text(prompt),
        if cached > 0 => "cacheTokensDetails": text(cached),
        if thoughts > 0 => "thoughtsTokenCount": thoughts,
    }
}
