//! Streams, written in the other dialect event by event.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::needless_pass_by_value)]

mod translate_support;

use proptest::prelude::*;
use serde_json::{Value, json};
use towerman_core::Dialect;
use towerman_wire::translate::{self, Gather, Options, Stream};
use translate_support::{Tokens, check_grammar, events, read_stream};

const OPENAI: Dialect = Dialect::OpenAiChat;
const ANTHROPIC: Dialect = Dialect::Anthropic;

fn run<'a>(from: Dialect, to: Dialect, chunks: impl IntoIterator<Item = &'a [u8]>) -> String {
    let options = Options {
        include_usage: true,
        created: 7,
        ..Options::default()
    };
    let (mut stream, mut out) = (Stream::new(from, to, &options), Vec::new());
    chunks
        .into_iter()
        .for_each(|chunk| stream.push(chunk, &mut out));
    stream.finish(&mut out);
    String::from_utf8(out).unwrap()
}

fn to_anthropic(sse: &str) -> String {
    run(OPENAI, ANTHROPIC, [sse.as_bytes()])
}

fn to_openai(sse: &str) -> String {
    run(ANTHROPIC, OPENAI, [sse.as_bytes()])
}

fn openai(chunks: &[Value]) -> String {
    let mut sse: String = chunks
        .iter()
        .map(|chunk| format!("data: {chunk}\n\n"))
        .collect();
    sse.push_str("data: [DONE]\n\n");
    sse
}

fn delta(delta: Value) -> Value {
    json!({"id": "chatcmpl-1", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn finish(reason: &str) -> Value {
    json!({"id": "chatcmpl-1", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn call(index: u64, id: &str, name: &str, arguments: &str) -> Value {
    delta(
        json!({"tool_calls": [{"index": index, "id": id, "type": "function",
        "function": {"name": name, "arguments": arguments}}]}),
    )
}

fn fragment(index: u64, arguments: &str) -> Value {
    delta(json!({"tool_calls": [{"index": index, "function": {"arguments": arguments}}]}))
}

fn usage() -> Value {
    json!({"id": "chatcmpl-1", "model": "m", "choices": [], "usage": {
        "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120,
        "prompt_tokens_details": {"cached_tokens": 60}}})
}

fn anthropic(events: &[Value]) -> String {
    events
        .iter()
        .map(|event| {
            format!(
                "event: {}\ndata: {event}\n\n",
                event["type"].as_str().unwrap()
            )
        })
        .collect()
}

/// Name and index of every event, to see the order.
fn order(sse: &str) -> Vec<String> {
    events(sse)
        .iter()
        .map(|(name, data)| {
            let event: Value = serde_json::from_str(data).unwrap();
            match &event["index"] {
                Value::Null => name.clone(),
                index => format!("{}{index}", name.trim_start_matches("content_block_")),
            }
        })
        .collect()
}

#[test]
fn an_openai_stream_is_written_byte_for_byte_so() {
    let sse = openai(&[
        delta(json!({"role": "assistant", "content": "", "refusal": null})),
        delta(json!({"content": "Hé"})),
        call(0, "c1", "f", ""),
        fragment(0, "{\"a\":"),
        fragment(0, "1}"),
        finish("tool_calls"),
        usage(),
    ]);
    let expected = [
        "event: message_start\n",
        r#"data: {"type":"message_start","message":{"id":"chatcmpl-1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}}"#,
        "\n\nevent: content_block_start\n",
        r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        "\n\nevent: content_block_delta\n",
        r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hé"}}"#,
        "\n\nevent: content_block_stop\n",
        r#"data: {"type":"content_block_stop","index":0}"#,
        "\n\nevent: content_block_start\n",
        r#"data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"c1","name":"f","input":{}}}"#,
        "\n\nevent: content_block_delta\n",
        r#"data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}"#,
        "\n\nevent: content_block_delta\n",
        r#"data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"1}"}}"#,
        "\n\nevent: content_block_stop\n",
        r#"data: {"type":"content_block_stop","index":1}"#,
        "\n\nevent: message_delta\n",
        r#"data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":40,"cache_creation_input_tokens":0,"cache_read_input_tokens":60,"output_tokens":20}}"#,
        "\n\nevent: message_stop\n",
        r#"data: {"type":"message_stop"}"#,
        "\n\n",
    ];
    assert_eq!(to_anthropic(&sse), expected.concat());
}

fn anthropic_example() -> String {
    anthropic(&[
        json!({"type": "message_start", "message": {"id": "msg_1", "model": "m",
            "usage": {"input_tokens": 40, "cache_read_input_tokens": 60, "output_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
        json!({"type": "ping"}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hé"}}),
        json!({"type": "content_block_stop", "index": 1}),
        json!({"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "id": "t1", "name": "f", "input": {}}}),
        json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": ""}}),
        json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "{\"a\":1}"}}),
        json!({"type": "content_block_stop", "index": 2}),
        json!({"type": "content_block_start", "index": 3, "content_block": {"type": "tool_use", "id": "t2", "name": "g", "input": {}}}),
        json!({"type": "content_block_stop", "index": 3}),
        json!({"type": "news", "since": 2030}),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null}, "usage": {"output_tokens": 20}}),
        json!({"type": "message_stop"}),
    ])
}

#[test]
fn an_anthropic_stream_is_written_byte_for_byte_so() {
    let choice = |delta: &str, finish: &str| {
        format!(
            r#"data: {{"id":"msg_1","object":"chat.completion.chunk","created":7,"model":"m","choices":[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}],"usage":null}}"#
        ) + "\n\n"
    };
    let expected = [
        choice(r#"{"role":"assistant","content":""}"#, "null"),
        ": \n\n".to_owned(),
        choice(r#"{"reasoning_content":"hm"}"#, "null"),
        choice(r#"{"reasoning_details":[{"index":0,"type":"reasoning.text","signature":"tm1.anthropic.s.s"}]}"#, "null"),
        choice(r#"{"content":"Hé"}"#, "null"),
        choice(r#"{"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"f","arguments":""}}]}"#, "null"),
        choice(r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":1}"}}]}"#, "null"),
        choice(r#"{"tool_calls":[{"index":1,"id":"t2","type":"function","function":{"name":"g","arguments":""}}]}"#, "null"),
        choice(r#"{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]}"#, "null"),
        choice("{}", "\"tool_calls\""),
        r#"data: {"id":"msg_1","object":"chat.completion.chunk","created":7,"model":"m","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}"#.to_owned() + "\n\n",
        "data: [DONE]\n\n".to_owned(),
    ];
    assert_eq!(to_openai(&anthropic_example()), expected.concat());
}

#[test]
fn without_include_usage_no_chunk_speaks_of_usage() {
    let mut stream = Stream::new(ANTHROPIC, OPENAI, &Options::default());
    let mut out = Vec::new();
    stream.push(anthropic_example().as_bytes(), &mut out);
    let out = String::from_utf8(out).unwrap();
    check_grammar(OPENAI, &out, false);
    assert!(!out.contains("usage"));
    assert!(out.contains("\"model\":\"m\""));
}

#[test]
fn interleaved_calls_come_out_one_after_the_other() {
    let sse = openai(&[
        call(0, "c0", "f", "{\"a\""),
        call(1, "c1", "g", "{\"b\":"),
        fragment(0, ":1"),
        fragment(1, "2"),
        fragment(0, "}"),
        fragment(1, "}"),
        finish("tool_calls"),
    ]);
    let out = to_anthropic(&sse);
    check_grammar(ANTHROPIC, &out, true);
    let calls = read_stream(ANTHROPIC, &out).calls;
    assert_eq!(calls[0], ("c0".to_owned(), "f".to_owned(), json!({"a": 1})));
    assert_eq!(calls[1], ("c1".to_owned(), "g".to_owned(), json!({"b": 2})));
    // The second was held back only until the first was whole.
    assert_eq!(
        order(&out),
        [
            "message_start",
            "start0",
            "delta0",
            "delta0",
            "delta0",
            "stop0",
            "start1",
            "delta1",
            "delta1",
            "stop1",
            "message_delta",
            "message_stop"
        ]
    );
}

#[test]
fn a_call_that_follows_a_whole_one_is_not_held_back() {
    let mut stream = Stream::new(OPENAI, ANTHROPIC, &Options::default());
    let mut out = Vec::new();
    for chunk in [call(0, "c0", "f", "{\"a\":\"}\"}"), call(1, "c1", "g", "{")] {
        stream.push(format!("data: {chunk}\n\n").as_bytes(), &mut out);
    }
    let out = String::from_utf8(out).unwrap();
    assert_eq!(
        order(&out),
        [
            "message_start",
            "start0",
            "delta0",
            "stop0",
            "start1",
            "delta1"
        ]
    );
}

#[test]
fn text_after_an_unfinished_call_waits_for_it() {
    let sse = openai(&[
        call(0, "c0", "f", "{"),
        delta(json!({"content": "by"})),
        delta(json!({"content": "e"})),
        fragment(0, "}"),
        finish("tool_calls"),
    ]);
    let out = to_anthropic(&sse);
    check_grammar(ANTHROPIC, &out, true);
    assert_eq!(
        order(&out)[1..7],
        ["start0", "delta0", "delta0", "stop0", "start1", "delta1"]
    );
    assert_eq!(read_stream(ANTHROPIC, &out).text, "bye");
}

#[test]
fn calls_are_told_apart_however_a_clone_numbers_them() {
    let whole = |call: Value| delta(json!({"tool_calls": [call]}));
    let f = json!({"id": "a", "function": {"name": "f", "arguments": "{}"}});
    let g = json!({"id": "b", "function": {"name": "g", "arguments": {"x": 1}}});
    let mut f0 = f.clone();
    let mut g0 = g.clone();
    f0["index"] = 0.into();
    g0["index"] = 0.into();
    for sse in [
        openai(&[whole(f.clone()), whole(g.clone()), finish("tool_calls")]),
        openai(&[delta(json!({"tool_calls": [f, g]})), finish("tool_calls")]),
        openai(&[whole(f0), whole(g0), finish("stop")]),
    ] {
        let out = to_anthropic(&sse);
        check_grammar(ANTHROPIC, &out, true);
        let answer = read_stream(ANTHROPIC, &out);
        let names: Vec<&str> = answer.calls.iter().map(|call| &*call.1).collect();
        assert_eq!((names, &*answer.stop), (vec!["f", "g"], "tool_calls"));
        assert_eq!(answer.calls[1].2, json!({"x": 1}));
    }
}

#[test]
fn reasoning_of_clones_is_a_thinking_block() {
    for field in ["reasoning_content", "reasoning"] {
        let sse = openai(&[
            delta(json!({"role": "assistant", "content": null, field: "h"})),
            delta(json!({"content": "", field: "m"})),
            delta(json!({"content": "yes", field: null})),
            finish("stop"),
        ]);
        let out = to_anthropic(&sse);
        check_grammar(ANTHROPIC, &out, true);
        let answer = read_stream(ANTHROPIC, &out);
        assert_eq!((&*answer.thinking, &*answer.text), ("hm", "yes"));
        assert_eq!(order(&out)[1..5], ["start0", "delta0", "delta0", "stop0"]);
    }
}

#[test]
fn usage_is_told_wherever_it_comes() {
    let mut on_finish = finish("stop");
    on_finish["usage"] = usage()["usage"].clone();
    let mut everywhere = delta(json!({"content": "x"}));
    everywhere["usage"] =
        json!({"prompt_tokens": 100, "completion_tokens": 1, "total_tokens": 101});
    for sse in [
        openai(&[delta(json!({"content": "x"})), finish("stop"), usage()]),
        openai(&[delta(json!({"content": "x"})), on_finish.clone()]),
        openai(&[everywhere, on_finish.clone(), usage()]),
    ] {
        let out = to_anthropic(&sse);
        assert_eq!(
            read_stream(ANTHROPIC, &out).usage,
            Tokens(100, 60, 0, 20, 0)
        );
    }
}

#[test]
fn other_answers_and_empty_beginnings_are_passed_over() {
    let second = json!({"id": "x", "choices": [{"index": 1, "delta": {"content": "no"}, "finish_reason": null}]});
    let sse = openai(&[
        json!({"id": "", "model": "", "choices": [], "prompt_filter_results": []}),
        second,
        delta(json!({"content": "yes"})),
        finish("stop"),
    ]);
    let answer = read_stream(ANTHROPIC, &to_anthropic(&sse));
    // Whoever speaks first names the answer.
    assert_eq!((&*answer.id, &*answer.text), ("x", "yes"));
}

#[test]
fn an_openai_answer_without_its_sentinel_is_whole_if_it_said_why_it_stopped() {
    let sse = openai(&[delta(json!({"content": "x"})), finish("stop")]);
    let sse = sse.trim_end_matches("data: [DONE]\n\n");
    check_grammar(ANTHROPIC, &to_anthropic(sse), true);
}

#[test]
fn a_torn_stream_gets_no_ending() {
    let whole = openai(&[
        delta(json!({"content": "x"})),
        call(0, "c", "f", "{\"a\":1}"),
        finish("stop"),
        usage(),
    ]);
    let events: Vec<&str> = whole.split_inclusive("\n\n").collect();
    for kept in 0..2 {
        let out = to_anthropic(&events[..kept].concat());
        assert!(
            !out.contains("message_delta") && !out.contains("error"),
            "{kept}: {out}"
        );
    }
    let whole = anthropic_example();
    let events: Vec<&str> = whole.split_inclusive("\n\n").collect();
    for kept in 0..events.len() - 1 {
        let out = to_openai(&events[..kept].concat());
        assert!(
            !out.contains("[DONE]") && !out.contains("finish_reason\":\""),
            "{kept}: {out}"
        );
    }
}

#[test]
fn an_error_inside_the_stream_is_told_in_the_clients_dialect_and_ends_it() {
    let error = json!({"error": {"message": "account 42", "code": 503}});
    let out = to_anthropic(&openai(&[
        delta(json!({"content": "x"})),
        error,
        delta(json!({"content": "y"})),
    ]));
    let last = events(&out).pop().unwrap();
    assert_eq!(last.0, "error");
    let event: Value = serde_json::from_str(&last.1).unwrap();
    assert_eq!(event["error"]["type"], "overloaded_error");
    assert!(!out.contains("account 42") && !out.contains("message_stop"));

    let error =
        json!({"type": "error", "error": {"type": "rate_limit_error", "message": "account 42"}});
    let start = json!({"type": "message_start", "message": {"id": "m", "usage": {}}});
    let out = to_openai(&anthropic(&[start, error, json!({"type": "message_stop"})]));
    let last = events(&out).pop().unwrap();
    let chunk: Value = serde_json::from_str(&last.1).unwrap();
    assert_eq!(chunk["error"]["type"], "rate_limit_error");
    assert!(!out.contains("account 42") && !out.contains("[DONE]"));
}

#[test]
fn nonsense_is_an_error_and_never_an_ending() {
    let three = |bad: &str| bad.repeat(3);
    for bad in [
        &three("data: {\n\n"),
        &three("data: <html>\n\n"),
        "data: [DONE]\n\n",
    ] {
        let out = to_anthropic(bad);
        assert_eq!(order(&out), ["error"], "{bad}");
    }
    let out = to_openai(&three("data: {\n\n"));
    assert!(out.contains("\"error\"") && !out.contains("[DONE]"));
    // Arguments that go on after their object is whole.
    let sse = openai(&[
        call(0, "a", "f", "{}"),
        call(1, "b", "g", "{}"),
        fragment(0, "{}"),
        finish("stop"),
    ]);
    assert_eq!(order(&to_anthropic(&sse)).pop().as_deref(), Some("error"));
    // A call that never gets a name.
    let sse = openai(&[fragment(0, "{}"), finish("stop")]);
    assert_eq!(order(&to_anthropic(&sse)).pop().as_deref(), Some("error"));
}

#[test]
fn a_lone_event_that_cannot_be_read_is_passed_over() {
    let bad = "data: {\"choices\":[\n\n";
    let good = openai(&[
        delta(json!({"role": "assistant", "content": ""})),
        delta(json!({"content": "hello"})),
        finish("stop"),
    ]) + "data: [DONE]\n\n";
    let (first, rest) = good.split_at(good.find("\n\n").unwrap() + 2);
    let out = to_anthropic(&format!("{bad}{first}{bad}{bad}{rest}"));
    assert_eq!(out, to_anthropic(&good));

    let good = anthropic_example();
    let (first, rest) = good.split_at(good.find("\n\n").unwrap() + 2);
    let out = to_openai(&format!("{bad}{bad}{first}{bad}{rest}"));
    assert_eq!(out, to_openai(&good));
}

#[test]
fn what_waits_is_bounded() {
    let mut stream = Stream::new(OPENAI, ANTHROPIC, &Options::default());
    let mut out = Vec::new();
    for chunk in [call(0, "a", "f", "{"), call(1, "b", "g", "{")] {
        stream.push(format!("data: {chunk}\n\n").as_bytes(), &mut out);
    }
    let held = format!("data: {}\n\n", fragment(1, &"x".repeat(1 << 20)));
    for _ in 0..9 {
        stream.push(held.as_bytes(), &mut out);
    }
    assert!(String::from_utf8(out).unwrap().contains("event: error"));
}

#[test]
fn an_input_that_comes_with_its_block_is_told_once() {
    let start = json!({"type": "message_start", "message": {"id": "m", "usage": {}}});
    let block = |index: u64, input: Value| {
        json!({"type": "content_block_start", "index": index,
        "content_block": {"type": "tool_use", "id": format!("t{index}"), "name": "f", "input": input}})
    };
    let stop = |index: u64| json!({"type": "content_block_stop", "index": index});
    let out = to_openai(&anthropic(&[
        start,
        block(0, json!({"a": 1})),
        stop(0),
        block(1, json!({"a": 1})),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{\"b\":2}"}}),
        stop(1),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 1}}),
        json!({"type": "message_stop"}),
    ]));
    check_grammar(OPENAI, &out, true);
    let calls = read_stream(OPENAI, &out).calls;
    assert_eq!(
        (&calls[0].2, &calls[1].2),
        (&json!({"a": 1}), &json!({"b": 2}))
    );
}

/// What a model says, in pieces, and what it wants called.
#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Thinking(String),
    Call(Value),
}

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let piece = prop_oneof![
        "\\PC{1,8}".prop_map(Piece::Text),
        "\\PC{1,8}".prop_map(Piece::Thinking),
        prop::collection::btree_map("[a-z{}\"\\\\]{1,3}", "\\PC{0,6}", 0..3)
            .prop_map(|input| Piece::Call(json!(input))),
    ];
    prop::collection::vec(piece, 0..8)
}

/// The pieces as an OpenAI provider streams them, arguments cut into fragments of `cut` letters,
/// parallel calls interleaved.
fn streamed(pieces: &[Piece], cut: usize) -> String {
    let mut chunks = vec![delta(json!({"role": "assistant", "content": ""}))];
    let mut open: Vec<(u64, Vec<String>)> = Vec::new();
    let mut calls = 0;
    let settle = |open: &mut Vec<(u64, Vec<String>)>, chunks: &mut Vec<Value>| {
        while open.iter().any(|(_, left)| !left.is_empty()) {
            for (index, left) in open.iter_mut().filter(|(_, left)| !left.is_empty()) {
                chunks.push(fragment(*index, &left.remove(0)));
            }
        }
        open.clear();
    };
    for piece in pieces {
        if !matches!(piece, Piece::Call(_)) {
            settle(&mut open, &mut chunks);
        }
        match piece {
            Piece::Text(text) => chunks.push(delta(json!({"content": text}))),
            Piece::Thinking(text) => chunks.push(delta(json!({"reasoning_content": text}))),
            Piece::Call(input) => {
                let spelt: Vec<char> = input.to_string().chars().collect();
                let fragments = spelt.chunks(cut).map(|part| part.iter().collect());
                open.push((calls, fragments.collect()));
                chunks.push(call(calls, &format!("c{calls}"), "f", ""));
                calls += 1;
            }
        }
    }
    settle(&mut open, &mut chunks);
    chunks.push(finish(if calls > 0 { "tool_calls" } else { "stop" }));
    chunks.push(usage());
    openai(&chunks)
}

fn cuts(sse: &str, sizes: &[usize]) -> Vec<Vec<u8>> {
    let (mut rest, mut sizes) = (sse.as_bytes(), sizes.iter().cycle());
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let (chunk, tail) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
        chunks.push(chunk.to_vec());
        rest = tail;
    }
    chunks
}

proptest! {
    #[test]
    fn any_stream_survives_the_round_trip_however_it_is_cut(
        pieces in pieces(),
        cut in 1_usize..6,
        sizes in prop::collection::vec(1_usize..40, 1..8),
    ) {
        let sse = streamed(&pieces, cut);
        let there = to_anthropic(&sse);
        check_grammar(ANTHROPIC, &there, true);
        let chunks = cuts(&sse, &sizes);
        prop_assert_eq!(&run(OPENAI, ANTHROPIC, chunks.iter().map(Vec::as_slice)), &there);

        let back = to_openai(&there);
        check_grammar(OPENAI, &back, true);
        let chunks = cuts(&there, &sizes);
        prop_assert_eq!(&run(ANTHROPIC, OPENAI, chunks.iter().map(Vec::as_slice)), &back);

        let expected = read_stream(OPENAI, &sse);
        prop_assert_eq!(&read_stream(ANTHROPIC, &there), &expected);
        prop_assert_eq!(&read_stream(OPENAI, &back), &expected);
    }

    #[test]
    fn no_bytes_make_it_panic_or_end_twice(events in prop::collection::vec(
        prop_oneof![
            Just("data: {}"), Just("data: [DONE]"), Just("data: null"), Just("data: 1"),
            Just(r#"data: {"choices":[{"delta":{"content":"x"}}]}"#),
            Just(r#"data: {"choices":[{"delta":{"tool_calls":[{"function":{"name":"f"}}]}}]}"#),
            Just(r#"data: {"choices":[{"delta":{"tool_calls":[{"index":3,"function":{"arguments":"}"}}]}}]}"#),
            Just(r#"data: {"choices":[{"delta":null,"finish_reason":"stop"}]}"#),
            Just(r#"data: {"type":"message_start"}"#),
            Just(r#"data: {"type":"content_block_start","content_block":{"type":"text"}}"#),
            Just(r#"data: {"type":"content_block_start","content_block":{"type":"tool_use","id":"a","name":"b"}}"#),
            Just(r#"data: {"type":"content_block_delta","delta":{"partial_json":"x","text":"y"}}"#),
            Just(r#"data: {"type":"content_block_stop"}"#),
            Just(r#"data: {"type":"message_stop"}"#),
        ],
        0..12,
    )) {
        let sse: String = events.iter().map(|event| format!("{event}\n\n")).collect();
        for (from, to) in [(OPENAI, ANTHROPIC), (ANTHROPIC, OPENAI)] {
            let out = run(from, to, [sse.as_bytes()]);
            let endings = ["event: message_stop", "[DONE]", "\"error\":{"];
            let count: usize = endings.iter().map(|ending| out.matches(ending).count()).sum();
            prop_assert!(count <= 1, "{}", out);
        }
    }
}

#[test]
fn an_answer_without_an_id_gets_ours_however_it_is_told() {
    let line = r#"{"model":"m","message":{"role":"assistant","content":"a"},"done":true,"done_reason":"stop"}"#;
    let options = Options {
        id: "req-1".into(),
        ..Options::default()
    };
    let to = Dialect::OpenAiChat;
    let mut stream = Stream::new(Dialect::Ollama, to, &options);
    let mut told = Vec::new();
    stream.push(format!("{line}\n").as_bytes(), &mut told);
    stream.finish(&mut told);
    let told = String::from_utf8(told).unwrap();
    let chunks = told.matches("data: {").count();
    assert!(chunks > 1);
    assert_eq!(told.matches(r#""id":"req-1""#).count(), chunks, "{told}");

    let mut gather = Gather::new(Dialect::Ollama, to, &options);
    gather.push(format!("{line}\n").as_bytes()).unwrap();
    let gathered = gather.finish().unwrap();
    let whole = translate::response(Dialect::Ollama, to, line.as_bytes(), &options).unwrap();
    let retold = translate::retell(Dialect::Ollama, to, line.as_bytes(), &options).unwrap();
    for told in [gathered, whole, retold] {
        let told = String::from_utf8(told.into()).unwrap();
        assert!(told.contains(r#""id":"req-1""#), "{told}");
    }
}
