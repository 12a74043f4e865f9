//! Streams of others, as Converse's clients hear them.

use serde_json::{Value, json};
use towerman_core::Dialect;

use super::{
    ANTHROPIC, CHAT, D,
    events::{data, through},
    frames::read,
};
use crate::translate::{self, Options};

fn sse(events: &[Value]) -> Vec<u8> {
    let framed = events.iter().map(|event| match event["type"].as_str() {
        Some(kind) => format!("event: {kind}\ndata: {event}\n\n"),
        None => format!("data: {event}\n\n"),
    });
    framed.collect::<String>().into_bytes()
}

/// What is told, by its name.
fn told(from: Dialect, bytes: &[u8]) -> Vec<(String, Value)> {
    let frames = read(&through(from, D, bytes)).into_iter();
    let named = frames.map(|(kind, name, payload)| {
        assert_eq!(kind, "event");
        (name, payload)
    });
    named.collect()
}

fn says(name: &str, payload: Value) -> (String, Value) {
    (name.into(), payload)
}

fn start(index: u32, start: &Value) -> (String, Value) {
    says(
        "contentBlockStart",
        json!({"contentBlockIndex": index, "start": start}),
    )
}

fn delta(index: u32, delta: &Value) -> (String, Value) {
    says(
        "contentBlockDelta",
        json!({"contentBlockIndex": index, "delta": delta}),
    )
}

fn stop(index: u32) -> (String, Value) {
    says("contentBlockStop", json!({"contentBlockIndex": index}))
}

fn end(reason: &str, usage: &Value) -> [(String, Value); 2] {
    [
        says("messageStop", json!({"stopReason": reason})),
        says(
            "metadata",
            json!({"usage": usage, "metrics": {"latencyMs": 0}}),
        ),
    ]
}

#[test]
fn claudes_stream() {
    let block = |index: u32, block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
    let piece = |index: u32, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let over = |index: u32| json!({"type": "content_block_stop", "index": index});
    let usage = json!({"input_tokens": 7, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 1, "output_tokens": 1});
    let message = json!({"id": "a", "type": "message", "role": "assistant", "model": "m", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": usage});
    let bytes = sse(&[
        json!({"type": "message_start", "message": message}),
        block(
            0,
            json!({"type": "thinking", "thinking": "", "signature": ""}),
        ),
        json!({"type": "ping"}),
        piece(0, json!({"type": "thinking_delta", "thinking": "Hm."})),
        piece(0, json!({"type": "signature_delta", "signature": "SIG="})),
        over(0),
        block(1, json!({"type": "redacted_thinking", "data": "UkVE"})),
        over(1),
        block(2, json!({"type": "text", "text": ""})),
        piece(2, json!({"type": "text_delta", "text": "H"})),
        piece(2, json!({"type": "text_delta", "text": "é"})),
        over(2),
        block(
            3,
            json!({"type": "tool_use", "id": "t1", "name": "w", "input": {}}),
        ),
        piece(3, json!({"type": "input_json_delta", "partial_json": ""})),
        piece(
            3,
            json!({"type": "input_json_delta", "partial_json": "{\"b\""}),
        ),
        piece(
            3,
            json!({"type": "input_json_delta", "partial_json": ":1}"}),
        ),
        over(3),
        block(
            4,
            json!({"type": "tool_use", "id": "t2", "name": "v", "input": {}}),
        ),
        over(4),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null},
            "usage": {"output_tokens": 5}}),
        json!({"type": "message_stop"}),
    ]);
    let call = |id: &str, name: &str| json!({"toolUse": {"toolUseId": id, "name": name}});
    let input = |piece: &str| json!({"toolUse": {"input": piece}});
    let mut expected = vec![
        says("messageStart", json!({"role": "assistant"})),
        delta(0, &json!({"reasoningContent": {"text": "Hm."}})),
        delta(0, &json!({"reasoningContent": {"signature": "SIG="}})),
        stop(0),
        delta(1, &json!({"reasoningContent": {"redactedContent": "UkVE"}})),
        stop(1),
        delta(2, &json!({"text": "H"})),
        delta(2, &json!({"text": "é"})),
        stop(2),
        start(3, &call("t1", "w")),
        delta(3, &input("{\"b\"")),
        delta(3, &input(":1}")),
        stop(3),
        start(4, &call("t2", "v")),
        delta(4, &input("{}")),
        stop(4),
    ];
    let usage = json!({"inputTokens": 7, "outputTokens": 5, "totalTokens": 15,
        "cacheReadInputTokens": 2, "cacheWriteInputTokens": 1});
    expected.extend(end("tool_use", &usage));
    assert_eq!(told(ANTHROPIC, &bytes), expected);
}

#[test]
fn chats_stream_whose_calls_interleave() {
    let chunk = |delta: Value| json!({"id": "a", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]});
    let begin = |index: u32, id: &str| {
        json!({"index": index, "id": id, "type": "function",
        "function": {"name": "w", "arguments": ""}})
    };
    let more = |index: u32, text: &str| json!({"index": index, "function": {"arguments": text}});
    let usage = json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 4}});
    let mut bytes = sse(&[
        chunk(json!({"role": "assistant", "content": ""})),
        chunk(json!({"content": "Hi"})),
        chunk(json!({"tool_calls": [begin(0, "a"), begin(1, "b")]})),
        chunk(json!({"tool_calls": [more(1, "{\"b\":"), more(0, "{\"a\":")]})),
        chunk(json!({"tool_calls": [more(0, "1}"), more(1, "2}")]})),
        json!({"id": "a", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}),
        json!({"id": "a", "model": "m", "choices": [], "usage": usage}),
    ]);
    bytes.extend_from_slice(b"data: [DONE]\n\n");
    let told = told(CHAT, &bytes);
    let order: Vec<_> = told
        .iter()
        .map(|(name, said)| (&**name, said["contentBlockIndex"].as_u64()))
        .collect();
    // One block after the other.
    let blocks: Vec<_> = order.iter().filter_map(|(_, index)| *index).collect();
    assert!(blocks.is_sorted(), "{order:?}");
    let inputs = |index: u64| -> String {
        let said = told
            .iter()
            .filter(|(_, said)| said["contentBlockIndex"] == index);
        said.filter_map(|(_, said)| said["delta"]["toolUse"]["input"].as_str())
            .collect()
    };
    assert_eq!((&*inputs(1), &*inputs(2)), ("{\"a\":1}", "{\"b\":2}"));
    let usage = json!({"inputTokens": 6, "outputTokens": 5, "totalTokens": 15,
        "cacheReadInputTokens": 4, "cacheWriteInputTokens": 0});
    assert_eq!(told[told.len() - 2..], end("tool_use", &usage));
}

#[test]
fn what_another_provider_signed_comes_back_wrapped() {
    let part = |part: Value| json!({"candidates": [{"content": {"parts": [part], "role": "model"}, "index": 0}]});
    let bytes = sse(&[
        part(json!({"text": "Hm.", "thought": true})),
        part(
            json!({"functionCall": {"name": "w", "args": {"b": 1}, "id": "c"}, "thoughtSignature": "QUJD"}),
        ),
        json!({"candidates": [{"content": {"parts": [{"text": ""}]}, "finishReason": "STOP", "index": 0}],
            "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}}),
    ]);
    let mut expected = vec![
        says("messageStart", json!({"role": "assistant"})),
        delta(0, &json!({"reasoningContent": {"text": "Hm."}})),
        stop(0),
        delta(
            1,
            &json!({"reasoningContent": {"signature": "tm1.gemini.c.QUJD"}}),
        ),
        stop(1),
        start(2, &json!({"toolUse": {"toolUseId": "c", "name": "w"}})),
        delta(2, &json!({"toolUse": {"input": "{\"b\":1}"}})),
        stop(2),
    ];
    expected.extend(end(
        "tool_use",
        &json!({"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}),
    ));
    assert_eq!(told(Dialect::Gemini, &bytes), expected);
}

#[test]
fn a_whole_answer_is_told_as_a_stream() {
    let body = json!({"output": {"message": {"role": "assistant", "content": [
        {"text": "Hi"}, {"toolUse": {"toolUseId": "c", "name": "w", "input": {"b": 1}}}]}},
        "stopReason": "tool_use", "usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}});
    let options = Options::default();
    let bytes = translate::retell(D, D, body.to_string().as_bytes(), &options).unwrap();
    let frames = read(&bytes)
        .into_iter()
        .map(|(_, name, payload)| (name, payload));
    let mut expected = vec![
        says("messageStart", json!({"role": "assistant"})),
        delta(0, &json!({"text": "Hi"})),
        stop(0),
        start(1, &json!({"toolUse": {"toolUseId": "c", "name": "w"}})),
        delta(1, &json!({"toolUse": {"input": "{\"b\":1}"}})),
        stop(1),
    ];
    expected.extend(end(
        "tool_use",
        &json!({"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}),
    ));
    assert_eq!(frames.collect::<Vec<_>>(), expected);
    let bytes = translate::retell(D, ANTHROPIC, body.to_string().as_bytes(), &options).unwrap();
    assert_eq!(data(&bytes).pop().unwrap(), json!({"type": "message_stop"}));
}

#[test]
fn what_is_cited_is_told_behind_its_words() {
    let cite = json!({"type": "char_location", "cited_text": "quoted", "document_index": 0, "document_title": "T",
        "start_char_index": 0, "end_char_index": 6});
    let web = json!({"type": "web_search_result_location", "url": "https://x/y", "title": "W", "cited_text": "said"});
    let block = |delta: Value| json!({"type": "content_block_delta", "index": 0, "delta": delta});
    let stream = sse(&[
        json!({"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "model": "c",
            "content": [], "usage": {"input_tokens": 1, "output_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        block(json!({"type": "text_delta", "text": "A"})),
        block(json!({"type": "citations_delta", "citation": cite})),
        block(json!({"type": "citations_delta", "citation": web})),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}),
        json!({"type": "message_stop"}),
    ]);
    let said = told(ANTHROPIC, &stream);
    let document = json!({"title": "T", "sourceContent": [{"text": "quoted"}]});
    let page = json!({"title": "W", "sourceContent": [{"text": "said"}], "source": "https://x/y",
        "location": {"web": {"url": "https://x/y"}}});
    assert_eq!(
        said[1..5],
        [
            delta(0, &json!({"text": "A"})),
            delta(0, &json!({"citation": document})),
            delta(0, &json!({"citation": page})),
            stop(0),
        ]
    );
}
