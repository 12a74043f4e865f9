//! Events of a stream of Converse, and what becomes of them.

use serde_json::{Value, json};
use towerman_core::Dialect;

use super::frames::event;
use crate::translate::{Options, Stream};

/// What a stream becomes when its bytes arrive `size` at a time.
pub(super) fn cut(from: Dialect, to: Dialect, bytes: &[u8], size: usize) -> Vec<u8> {
    let options = Options {
        include_usage: true,
        id: "i".into(),
        model: "m".into(),
        ..Options::default()
    };
    let (mut stream, mut out) = (Stream::new(from, to, &options), Vec::new());
    for chunk in bytes.chunks(size.clamp(1, bytes.len().max(1))) {
        stream.push(chunk, &mut out);
    }
    stream.finish(&mut out);
    out
}

/// The same, however its bytes arrive.
pub(super) fn through(from: Dialect, to: Dialect, bytes: &[u8]) -> Vec<u8> {
    let whole = cut(from, to, bytes, usize::MAX);
    for size in [1, 2, 3, 7, 13, 64, 255] {
        assert_eq!(cut(from, to, bytes, size), whole, "{size}");
    }
    whole
}

/// The data of server-sent events.
pub(super) fn data(sse: &[u8]) -> Vec<Value> {
    let lines = std::str::from_utf8(sse).unwrap().lines();
    let data = lines.filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap_or_else(|_| data.into()))
        .collect()
}

pub(super) fn start() -> Vec<u8> {
    event("messageStart", &json!({"role": "assistant", "p": "abcd"}))
}

pub(super) fn call(index: u32, id: &str) -> Vec<u8> {
    let call = json!({"toolUse": {"toolUseId": id, "name": "w"}});
    event(
        "contentBlockStart",
        &json!({"contentBlockIndex": index, "start": call, "p": "ab"}),
    )
}

pub(super) fn delta(index: u32, delta: &Value) -> Vec<u8> {
    event(
        "contentBlockDelta",
        &json!({"contentBlockIndex": index, "delta": delta, "p": "abc"}),
    )
}

pub(super) fn text(index: u32, text: &str) -> Vec<u8> {
    delta(index, &json!({"text": text}))
}

pub(super) fn input(index: u32, piece: &str) -> Vec<u8> {
    delta(index, &json!({"toolUse": {"input": piece}}))
}

pub(super) fn stop(index: u32) -> Vec<u8> {
    event(
        "contentBlockStop",
        &json!({"contentBlockIndex": index, "p": "a"}),
    )
}

pub(super) fn end(reason: &str) -> Vec<u8> {
    let usage = json!({"inputTokens": 7, "outputTokens": 5, "totalTokens": 15,
        "cacheReadInputTokens": 2, "cacheWriteInputTokens": 1});
    let metadata = json!({"usage": usage, "metrics": {"latencyMs": 9}, "p": "abcdef"});
    [
        event("messageStop", &json!({"stopReason": reason})),
        event("metadata", &metadata),
    ]
    .concat()
}

/// All that a stream says to everybody.
pub(super) fn all() -> Vec<u8> {
    [
        start(),
        delta(0, &json!({"reasoningContent": {"text": "Hm"}})),
        delta(0, &json!({"reasoningContent": {"text": "."}})),
        delta(0, &json!({"reasoningContent": {"signature": "SIG="}})),
        stop(0),
        delta(1, &json!({"reasoningContent": {"redactedContent": "UkVE"}})),
        stop(1),
        text(2, "H"),
        text(2, "é"),
        stop(2),
        call(3, "c1"),
        input(3, ""),
        input(3, "{\"b\""),
        input(3, ":1}"),
        stop(3),
        // A call without input.
        call(4, "c2"),
        stop(4),
        end("tool_use"),
    ]
    .concat()
}
