//! Streams, both ways.

use proptest::prelude::*;
use serde_json::json;
use towerman_core::Dialect;

use super::{D, Value};
use crate::translate::{Options, Stream};

fn cut(from: Dialect, to: Dialect, sse: &str, size: usize) -> String {
    let options = Options {
        include_usage: true,
        ..Options::default()
    };
    let (mut stream, mut out) = (Stream::new(from, to, &options), Vec::new());
    for chunk in sse.as_bytes().chunks(size.clamp(1, sse.len().max(1))) {
        stream.push(chunk, &mut out);
    }
    stream.finish(&mut out);
    String::from_utf8(out).unwrap()
}

fn through(from: Dialect, to: Dialect, sse: &str) -> Vec<Value> {
    let whole = cut(from, to, sse, usize::MAX);
    for size in [1, 7] {
        assert_eq!(cut(from, to, sse, size), whole);
    }
    let data = whole.lines().filter_map(|line| line.strip_prefix("data: "));
    data.filter(|data| *data != "[DONE]")
        .map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

/// As Gemini frames them.
fn sse(chunks: &[Value]) -> String {
    chunks
        .iter()
        .map(|chunk| format!("data: {chunk}\r\n\r\n"))
        .collect()
}

#[allow(clippy::needless_pass_by_value)]
fn parts(parts: Value) -> Value {
    json!({"candidates": [{"content": {"parts": parts, "role": "model"}}],
        "modelVersion": "m", "responseId": "r"})
}

fn end(reason: &str) -> Value {
    json!({"candidates": [{"content": {"parts": [{"text": ""}]}, "finishReason": reason}],
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "thoughtsTokenCount": 1}})
}

fn said(chunks: &[Value]) -> Vec<&Value> {
    let all = chunks.iter();
    all.filter(|chunk| chunk["candidates"][0].get("finishReason").is_none())
        .flat_map(|chunk| {
            chunk["candidates"][0]["content"]["parts"]
                .as_array()
                .unwrap()
        })
        .collect()
}

#[test]
fn a_stream_survives_being_told_again() {
    let told = through(
        D,
        D,
        &sse(&[
            parts(json!([{"text": "h", "thought": true}])),
            parts(json!([{"text": "m", "thought": true, "thoughtSignature": "s0"}])),
            parts(json!([{"text": "a"}])),
            parts(json!([{"text": "b"}, {"text": "", "thoughtSignature": "s1"}])),
            parts(json!([
                {"functionCall": {"id": "c1", "name": "f", "args": {"b": 1, "a": 2}}, "thoughtSignature": "s2"},
                {"functionCall": {"id": "c2", "name": "f", "args": {}}},
            ])),
            parts(json!([{"inlineData": {"mimeType": "image/png", "data": "AA"}}])),
            end("STOP"),
        ]),
    );
    assert_eq!(
        said(&told),
        [
            &json!({"text": "h", "thought": true}),
            &json!({"text": "m", "thought": true}),
            &json!({"text": "", "thought": true, "thoughtSignature": "s0"}),
            &json!({"text": "a"}),
            &json!({"text": "b"}),
            &json!({"text": "", "thoughtSignature": "s1"}),
            &json!({"functionCall": {"id": "c1", "name": "f", "args": {"b": 1, "a": 2}}, "thoughtSignature": "s2"}),
            &json!({"functionCall": {"id": "c2", "name": "f", "args": {}}}),
            &json!({"inlineData": {"mimeType": "image/png", "data": "AA"}}),
        ]
    );
    assert_eq!(
        told.last().unwrap(),
        &json!({
            "candidates": [{
                "content": {"parts": [{"text": ""}], "role": "model"},
                "finishReason": "STOP", "index": 0,
            }],
            "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2,
                "thoughtsTokenCount": 1, "totalTokenCount": 6},
            "modelVersion": "m", "responseId": "r",
        })
    );
}

#[test]
fn a_chat_hears_calls_and_why_it_ended() {
    let told = through(
        D,
        Dialect::OpenAiChat,
        &sse(&[
            parts(json!([{"functionCall": {"name": "f", "args": {"b": 1}}}])),
            parts(json!([{"functionCall": {"name": "f", "args": {"b": 1}}}])),
            end("STOP"),
        ]),
    );
    let calls: Vec<&Value> = told
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].get(0))
        .filter(|call| call["id"].is_string())
        .collect();
    assert_eq!(calls.len(), 2);
    assert_ne!(calls[0]["id"], calls[1]["id"]);
    let reason = told
        .iter()
        .find_map(|chunk| chunk["choices"][0]["finish_reason"].as_str());
    assert_eq!(reason, Some("tool_calls"));
    let usage = &told.last().unwrap()["usage"];
    assert_eq!(usage["completion_tokens"], 3);
}

#[test]
fn sources_are_told_with_a_text_that_was_proved() {
    let mut last = end("STOP");
    last["candidates"][0]["groundingMetadata"] =
        json!({"groundingChunks": [{"web": {"uri": "https://a", "title": "A"}}]});
    let chunks = [
        parts(json!([{"text": "see", "thoughtSignature": "s"}])),
        last.clone(),
        last,
    ];
    let told = through(D, D, &sse(&chunks));
    let end = &told.last().unwrap()["candidates"][0];
    assert_eq!(
        end["groundingMetadata"]["groundingChunks"],
        json!([{"web": {"uri": "https://a", "title": "A"}}])
    );
    assert_eq!(
        said(&told)[1],
        &json!({"text": "", "thoughtSignature": "s"})
    );
}

#[test]
fn a_blocked_prompt_is_a_filtered_answer() {
    let told = through(
        D,
        D,
        &sse(&[json!({"promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": "so"}})]),
    );
    assert_eq!(told.len(), 1);
    let candidate = &told[0]["candidates"][0];
    assert_eq!(candidate["finishReason"], "SAFETY");
    assert_eq!(candidate["finishMessage"], "so");
}

#[test]
fn a_torn_answer_does_not_look_complete() {
    let torn = sse(&[parts(json!([{"text": "a"}]))]);
    let told = through(D, D, &torn);
    assert_eq!(told.len(), 1);
    assert!(told[0]["candidates"][0].get("finishReason").is_none());
    assert!(through(D, D, "").is_empty());
    // A bare error under the type of a stream.
    assert!(through(D, D, "{\n\"error\": {\n\"code\": 400}\n}\n").is_empty());
}

#[test]
fn errors_end_a_stream() {
    let error = json!({"error": {"code": 503, "message": "key-1", "status": "UNAVAILABLE"}});
    for chunks in [
        vec![error.clone()],
        vec![parts(json!([{"text": "a"}])), error, end("STOP")],
    ] {
        let told = through(D, D, &sse(&chunks));
        let last = told.last().unwrap();
        assert_eq!(last["error"]["status"], "UNAVAILABLE");
        assert!(!last.to_string().contains("key-1"));
    }
    let failed = json!({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}]});
    let told = through(D, D, &sse(&[failed]));
    assert_eq!(told.last().unwrap()["error"]["status"], "INTERNAL");
}

#[test]
fn a_call_in_pieces_is_told_whole() {
    let call = |call: Value| parts(json!([{"functionCall": call}]));
    let chunks = [
        parts(
            json!([{"functionCall": {"name": "f", "willContinue": true}, "thoughtSignature": "s"}]),
        ),
        call(
            json!({"partialArgs": [{"jsonPath": "$.b", "stringValue": "x", "willContinue": true}], "willContinue": true}),
        ),
        call(
            json!({"partialArgs": [{"jsonPath": "$.b", "stringValue": "y"}, {"jsonPath": "$.a", "numberValue": 1}], "willContinue": true}),
        ),
        call(json!({})),
        end("STOP"),
    ];
    let told = through(D, D, &sse(&chunks));
    let part = said(&told)[0];
    assert_eq!(
        part["functionCall"]["args"].to_string(),
        json!({"b": "xy", "a": 1}).to_string()
    );
    assert_eq!(part["thoughtSignature"], "s");
    // One that was cut is none.
    let told = through(D, D, &sse(&[chunks[0].clone(), end("MAX_TOKENS")]));
    assert!(said(&told).is_empty());
    // And one that was to go on and did not makes no sense.
    let told = through(D, D, &sse(&[chunks[0].clone(), end("STOP")]));
    assert_eq!(told.last().unwrap()["error"]["status"], "INTERNAL");
}

#[test]
fn a_chats_calls_are_told_one_after_the_other() {
    let chunk = |delta: Value, reason: Value| json!({"id": "x", "model": "gpt", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]});
    let call = |index: u32, id: &str, arguments: &str| {
        let mut call = json!({"index": index, "function": {"arguments": arguments}});
        if !id.is_empty() {
            call["id"] = json!(id);
            call["function"]["name"] = json!("f");
        }
        chunk(json!({"tool_calls": [call]}), Value::Null)
    };
    let mut chunks = sse(&[
        chunk(json!({"content": "hi"}), Value::Null),
        call(0, "c1", ""),
        call(1, "c2", "{\"b\""),
        call(0, "", "{}"),
        call(1, "", ":2}"),
        chunk(json!({}), json!("tool_calls")),
    ]);
    chunks.push_str("data: [DONE]\n\n");
    let told = through(Dialect::OpenAiChat, D, &chunks);
    assert_eq!(
        said(&told),
        [
            &json!({"text": "hi"}),
            &json!({"functionCall": {"id": "c1", "name": "f", "args": {}}}),
            &json!({"functionCall": {"id": "c2", "name": "f", "args": {"b": 2}}}),
        ]
    );
    assert_eq!(
        told.last().unwrap()["candidates"][0]["finishReason"],
        "STOP"
    );
}

#[test]
fn a_text_behind_a_seal_is_another() {
    let told = through(
        D,
        D,
        &sse(&[
            parts(json!([{"text": "a", "thoughtSignature": "s"}])),
            parts(json!([{"text": "b"}])),
            end("STOP"),
        ]),
    );
    assert_eq!(
        said(&told),
        [
            &json!({"text": "a"}),
            &json!({"text": "", "thoughtSignature": "s"}),
            &json!({"text": "b"}),
        ]
    );
}

proptest! {
    /// The driver checks the laws of deltas in tests.
    #[test]
    fn whatever_comes_keeps_the_laws(picks in prop::collection::vec(0_usize..16, 0..12)) {
        let pieces = [
            json!([{"text": "a"}]),
            json!([{"text": "t", "thought": true}]),
            json!([{"text": "", "thoughtSignature": "s"}]),
            json!([{"text": "t", "thought": true, "thoughtSignature": "s"}]),
            json!([{"text": "a", "thoughtSignature": "s"}]),
            json!([{"thoughtSignature": "s"}]),
            json!([{"functionCall": {"name": "f", "args": {"a": 1}}}]),
            json!([{"functionCall": {"name": "f", "willContinue": true}}]),
            json!([{"functionCall": {"partialArgs": [{"jsonPath": "$.a", "boolValue": true}]}}]),
            json!([{"functionCall": {}}]),
            json!([{"inlineData": {"mimeType": "image/png", "data": "AA"}}]),
            json!(7),
        ];
        let mut chunks: Vec<Value> = Vec::new();
        for pick in picks {
            chunks.push(match (pieces.get(pick), pick) {
                (Some(piece), _) => parts(piece.clone()),
                (None, 12) => end("STOP"),
                (None, 13) => {
                    let mut other = parts(json!([{"text": "b"}]));
                    other["candidates"][0]["index"] = json!(1);
                    other["candidates"][0]["finishReason"] = json!("STOP");
                    other
                }
                (None, 14) => json!({"promptFeedback": {"blockReason": "OTHER"}}),
                _ => json!({"candidates": [{"groundingMetadata":
                    {"groundingChunks": [{"web": {"uri": "https://a"}}]}}]}),
            });
        }
        let bytes = sse(&chunks);
        for to in [D, Dialect::OpenAiChat, Dialect::Anthropic, Dialect::OpenAiResponses] {
            cut(D, to, &bytes, usize::MAX);
        }
    }
}
