//! What providers say, whole or in pieces.

use serde_json::{Value, json};
use towerman_core::Usage;

use super::{calls, delta, finish, gathered, read, short, sse, streamed, tool_call as call, whole};
use crate::{dialect::Codec as _, dialect::openai_chat::OpenAiChat};

#[test]
fn a_whole_answer_says_all_that_it_has() {
    let mut body = whole(
        &json!({
            "role": "assistant", "content": "Hé", "reasoning_content": "hm", "refusal": null,
            "annotations": [{"type": "url_citation", "url_citation":
                {"url": "https://a", "title": "A", "start_index": 0, "end_index": 2}}],
            "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}],
            "tool_calls": [call(0, "a", "f", "{\"z\": 1, \"a\": 2.50}"), {"id": "b",
                "type": "custom", "custom": {"name": "k", "input": "free"}}]}),
        "tool_calls",
    );
    let said = "thought(hm) text(Héhttps://a) Image call(a,f,{\"z\": 1, \"a\": 2.50}) custom(b,k,free) tool_calls";
    assert_eq!(read(&body).unwrap(), said);
    body["usage"] = json!({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120,
        "prompt_tokens_details": {"cached_tokens": 60}});
    let (bytes, usage) = (
        body.to_string(),
        Usage {
            input: 40,
            cache_read: 60,
            output: 20,
            ..Usage::default()
        },
    );
    let answer = OpenAiChat.read_answer(bytes.as_bytes()).unwrap();
    assert_eq!((answer.usage, answer.created), (Some(usage), Some(5)));

    // The same in pieces.
    let message = body["choices"][0]["message"].clone();
    let mut chunk = delta(message);
    chunk["usage"] = body["usage"].clone();
    let stream = sse(&[chunk, finish("tool_calls"), finish("tool_calls")]);
    let answer = gathered(&stream).unwrap().unwrap();
    assert_eq!((answer.usage, answer.created), (Some(usage), Some(5)));
    assert_eq!(short(&answer, 0), said);
}

#[test]
fn several_answers_are_told_apart() {
    let mut body = whole(&json!({"content": "b"}), "length");
    body["choices"][0]["index"] = 1.into();
    let first = json!({"index": 0, "message": {"content": "a"}, "finish_reason": "stop"});
    body["choices"].as_array_mut().unwrap().push(first);
    let bytes = body.to_string();
    let answer = OpenAiChat.read_answer(bytes.as_bytes()).unwrap();
    assert_eq!(
        short(&answer, 0) + &short(&answer, 1),
        "text(a) stoptext(b) length"
    );

    let other = |mut chunk: Value| {
        chunk["choices"][0]["index"] = 1.into();
        chunk
    };
    let stream = sse(&[
        delta(json!({"content": "a"})),
        other(delta(json!({"content": "b"}))),
        other(finish("length")),
        delta(json!({"content": "a"})),
        finish("stop"),
    ]);
    let answer = gathered(&stream).unwrap().unwrap();
    assert_eq!(
        short(&answer, 0) + &short(&answer, 1),
        "text(aa) stoptext(b) length"
    );
}

#[test]
fn reasoning_is_read_by_each_of_its_names() {
    let text = |text: &str| json!({"type": "reasoning.text", "text": text, "index": 0});
    for message in [
        json!({"reasoning_content": "hm", "content": "x"}),
        json!({"reasoning": "hm", "content": "x"}),
        json!({"reasoning_content": "", "reasoning": "hm", "content": "x"}),
        json!({"reasoning": "hm", "reasoning_details": [text("hm")], "content": "x"}),
        json!({"reasoning_details": [text("hm")], "content": "x"}),
        json!({"reasoning_details": [{"type": "reasoning.summary", "summary": "hm"}], "content": "x"}),
        json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
            {"type": "text", "text": "x"}, {"type": "reference", "reference_ids": [1]}]}),
    ] {
        let said = "thought(hm) text(x) stop";
        assert_eq!(read(&whole(&message, "stop")).unwrap(), said, "{message}");
        assert_eq!(streamed(&[delta(message), finish("stop")]), said);
    }
}

#[test]
fn each_thought_has_its_own_seal() {
    let detail = |detail: Value| delta(json!({"reasoning_details": [detail]}));
    let sealed = |data: &str| json!({"type": "reasoning.text", "signature": data});
    let encrypted = json!({"type": "reasoning.encrypted", "data": "E", "id": "r", "index": 2});
    let said = "thought(a+Chat.Signature:S1) thought(b+Chat.Signature:S2) \
                thought(+Chat.Encrypted:E) text(x) stop";
    let both = |text: &str| {
        delta(json!({"reasoning": text,
            "reasoning_details": [{"type": "reasoning.text", "text": text}]}))
    };
    let chunks = [
        both("a"),
        detail(sealed("S1")),
        both("b"),
        detail(sealed("S2")),
        detail(encrypted.clone()),
        delta(json!({"content": "x"})),
        finish("stop"),
    ];
    assert_eq!(streamed(&chunks), said);
    let message = json!({"content": "x", "reasoning": "ab", "reasoning_details": [
        {"type": "reasoning.text", "text": "a", "signature": "S1"},
        {"type": "reasoning.text", "text": "b"}, sealed("S2"), encrypted]});
    assert_eq!(read(&whole(&message, "stop")).unwrap(), said);
    // A seal that our own gateway wrapped elsewhere is its maker's.
    let chunks = [
        both("a"),
        detail(sealed("tm1.anthropic.s.S")),
        finish("stop"),
    ];
    assert_eq!(streamed(&chunks), "thought(a+Anthropic.Signature:S) stop");
}

#[test]
fn a_call_is_known_however_it_is_told() {
    let whole_call = |id: &str| json!({"id": id, "function": {"name": id, "arguments": {"x": 1}}});
    let fragment = |arguments: &str| json!([{"index": 0, "function": {"arguments": arguments}}]);
    for (chunks, said) in [
        (
            vec![
                calls(json!([call(0, "a", "f", ""), call(1, "b", "g", "{\"b\"")])),
                calls(fragment("{")),
                calls(json!([{"index": 1, "function": {"arguments": ":2}"}}])),
                calls(fragment("}")),
            ],
            "call(a,f,{}) call(b,g,{\"b\":2}) tool_calls",
        ),
        // No index, one for all, and objects for arguments.
        (
            vec![
                calls(json!([whole_call("a")])),
                calls(json!([whole_call("b")])),
            ],
            "call(a,a,{\"x\":1}) call(b,b,{\"x\":1}) tool_calls",
        ),
        (
            vec![
                calls(json!([call(0, "a", "f", "{}")])),
                calls(json!([call(0, "b", "f", "{}")])),
            ],
            "call(a,f,{}) call(b,f,{}) tool_calls",
        ),
        // The name comes late.
        (
            vec![
                calls(json!([{"index": 0, "function": {"arguments": "{\"a\""}}])),
                calls(json!([{"index": 0, "id": "a", "function": {"arguments": ":1"}}])),
                calls(json!([{"index": 0, "function": {"name": "f", "arguments": "}"}}])),
            ],
            "call(a,f,{\"a\":1}) tool_calls",
        ),
        (
            vec![
                calls(json!([{"index": 0, "id": "k", "type": "custom", "custom": {"name": "f"}}])),
                calls(json!([{"index": 0, "custom": {"input": "{free"}}])),
            ],
            "custom(k,f,{free) tool_calls",
        ),
    ] {
        let chunks: Vec<Value> = chunks.into_iter().chain([finish("stop")]).collect();
        assert_eq!(streamed(&chunks), said);
    }
    let old = json!({"function_call": {"name": "f", "arguments": "{}"}});
    let streamed = streamed(&[delta(old.clone()), finish("function_call")]);
    assert!(streamed.starts_with("call(call_") && streamed.ends_with(",f,{}) tool_calls"));
    assert_eq!(read(&whole(&old, "function_call")).unwrap(), streamed);
}

#[test]
fn the_signature_of_a_call_is_geminis() {
    let extra = json!({"google": {"thought_signature": "S"}});
    let mut signed = call(0, "a", "f", "{}");
    signed["extra_content"] = extra.clone();
    let second = call(1, "b", "f", "{}");
    for message in [
        json!({"tool_calls": [signed, second]}),
        // Of the message, which has no place for it but its first call.
        json!({"extra_content": extra, "tool_calls": [call(0, "a", "f", "{}"), second]}),
    ] {
        let said = "call(a,f,{}+Gemini.Signature:S) call(b,f,{}) tool_calls";
        assert_eq!(read(&whole(&message, "tool_calls")).unwrap(), said);
        assert_eq!(streamed(&[delta(message), finish("tool_calls")]), said);
    }
}
