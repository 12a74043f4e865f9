//! Streams, both ways.

use proptest::prelude::*;
use serde_json::{Value, json};
use towerman_core::Dialect;

use super::{ANTHROPIC, CHAT, D};
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

fn through(from: Dialect, to: Dialect, sse: &str) -> String {
    let whole = cut(from, to, sse, usize::MAX);
    for size in [1, 7] {
        assert_eq!(cut(from, to, sse, size), whole);
    }
    whole
}

/// As Cohere frames them.
fn sse(events: &[Value]) -> String {
    let framed = events.iter().map(|event| {
        let kind = event["type"].as_str().unwrap_or_default();
        format!("event: {kind}\ndata: {event}\n\n")
    });
    framed.collect::<String>() + "data: [DONE]\n\n"
}

fn start() -> Value {
    json!({"id": "a", "type": "message-start", "delta": {"message": {"role": "assistant", "content": [],
        "tool_plan": "", "tool_calls": [], "citations": []}}})
}

fn at(kind: &str, index: u32, message: &Value) -> Value {
    json!({"type": kind, "index": index, "delta": {"message": message}})
}

fn bare(kind: &str, index: u32) -> Value {
    json!({"type": kind, "index": index})
}

fn end(reason: &str) -> Value {
    json!({"type": "message-end", "delta": {"finish_reason": reason, "usage": {
        "billed_units": {"input_tokens": 6, "output_tokens": 5},
        "tokens": {"input_tokens": 10, "output_tokens": 5, "reasoning_tokens": 3}, "cached_tokens": 4}}})
}

fn text(index: u32, text: &str) -> Value {
    at("content-delta", index, &json!({"content": {"text": text}}))
}

fn call(index: u32, id: &str) -> Value {
    let call = json!({"id": id, "type": "function", "function": {"name": "f", "arguments": ""}});
    at("tool-call-start", index, &json!({"tool_calls": call}))
}

fn argument(index: u32, text: &str) -> Value {
    at(
        "tool-call-delta",
        index,
        &json!({"tool_calls": {"function": {"arguments": text}}}),
    )
}

fn content(index: u32, kind: &str) -> Value {
    at(
        "content-start",
        index,
        &json!({"content": {"type": kind, kind: ""}}),
    )
}

/// All that a stream of theirs may say, as they say it.
fn all() -> Vec<Value> {
    let cite = json!({"start": 0, "end": 2, "text": "Hi", "type": "TEXT_CONTENT", "content_index": 1,
        "sources": [{"type": "document", "id": "d", "document": {"url": "https://x/y"}}]});
    vec![
        start(),
        content(0, "thinking"),
        at("content-delta", 0, &json!({"content": {"thinking": "Hm."}})),
        bare("content-end", 0),
        content(1, "text"),
        text(1, "Hi"),
        at("citation-start", 0, &json!({"citations": cite})),
        bare("citation-end", 0),
        text(1, " there"),
        bare("content-end", 1),
        call(0, "c1"),
        argument(0, "{\"a\""),
        argument(0, ":1}"),
        bare("tool-call-end", 0),
        call(1, "c2"),
        argument(1, "{}"),
        bare("tool-call-end", 1),
        end("TOOL_CALL"),
    ]
}

#[test]
fn their_own_clients_hear_every_byte_of_it_again() {
    let said = sse(&all());
    let told = through(D, D, &said);
    let read = |events: &str| -> Vec<Value> {
        let data = events
            .lines()
            .filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).unwrap_or_default())
            .collect()
    };
    assert_eq!(read(&told), read(&said));
    let names = |events: &str| -> Vec<String> {
        let names = events.lines().filter(|line| line.starts_with("event: "));
        names.map(str::to_owned).collect()
    };
    assert_eq!(names(&told), names(&said));
    assert!(told.ends_with("\n\ndata: [DONE]\n\n"));
}

#[test]
fn others_hear_it_in_their_words() {
    let told = through(D, ANTHROPIC, &sse(&all()));
    for words in [
        r#""thinking":"Hm.""#,
        r#""text":" there""#,
        r#""partial_json":"{\"a\"""#,
        r#""id":"c2""#,
        r#""stop_reason":"tool_use""#,
        "https://x/y",
        "message_stop",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let plan = [
        start(),
        json!({"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I will."}}}),
        call(0, "c"),
        // Two calls at once, which they have not done so far.
        call(1, "d"),
        argument(1, "{\"b\":2}"),
        argument(0, "{\"a\":1}"),
        json!({"type": "debug", "prompt": "sk-1"}),
        end("TOOL_CALL"),
    ];
    let told = through(D, CHAT, &sse(&plan));
    for words in [
        "I will.",
        r#"{\"b\":2}"#,
        r#"{\"a\":1}"#,
        r#""cached_tokens":4"#,
        "[DONE]",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains("sk-1"));
    assert!(through(D, D, &sse(&plan)).contains("tool-call-end"));
}

#[test]
fn citations_may_come_behind_their_text_but_not_behind_the_next() {
    let cite = |of: u32| {
        let source = json!({"type": "document", "id": format!("https://x/{of}")});
        let cite = json!({"start": 0, "end": 2, "content_index": of, "sources": [source]});
        at("citation-start", of, &json!({"citations": cite}))
    };
    let ended = [start(), text(0, "Hi"), bare("content-end", 0)];
    let behind = [
        vec![cite(0)],
        vec![text(1, "Ho"), cite(0), cite(1), end("COMPLETE")],
    ]
    .concat();
    let said = [ended.to_vec(), behind].concat();
    let told = through(D, ANTHROPIC, &sse(&said));
    assert_eq!(told.matches("https://x/0").count(), 1, "{told}");
    assert_eq!(told.matches("https://x/1").count(), 1, "{told}");
}

#[test]
fn what_others_stream_is_told() {
    let chunk = |delta: Value, reason: Value| {
        let chunk = json!({"id": "x", "object": "chat.completion.chunk", "model": "m",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]});
        format!("data: {chunk}\n\n")
    };
    let call = json!({"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}});
    let said = [
        chunk(json!({"role": "assistant", "content": "Hi"}), Value::Null),
        chunk(json!({"tool_calls": [call]}), Value::Null),
        chunk(json!({}), json!("tool_calls")),
        "data: [DONE]\n\n".to_owned(),
    ];
    let told = through(CHAT, D, &said.concat());
    // Who puts arguments together wants an object of them.
    let expected = [
        json!({"id": "x", "type": "message-start", "delta": start()["delta"]}),
        content(0, "text"),
        text(0, "Hi"),
        bare("content-end", 0),
        self::call(0, "c"),
        argument(0, "{}"),
        bare("tool-call-end", 0),
        json!({"type": "message-end", "delta": {"finish_reason": "TOOL_CALL"}}),
    ];
    let told: Vec<Value> = told
        .lines()
        .filter_map(|line| line.strip_prefix("data: {"))
        .map(|data| serde_json::from_str(&format!("{{{data}")).unwrap())
        .collect();
    assert_eq!(told, expected);
}

#[test]
fn only_an_end_ends_it() {
    let begun = [start(), content(0, "text"), text(0, "Hi")];
    let torn = sse(&begun).replace("data: [DONE]\n\n", "");
    let told = through(D, CHAT, &torn);
    assert!(told.contains("Hi") && !told.contains("[DONE]"), "{told}");
    // `[DONE]` by itself proves nothing.
    assert!(!through(D, CHAT, &sse(&begun)).contains("[DONE]"));
    let broken = [start(), call(0, "c"), argument(0, "{\"a\":")];
    for end in [
        end("ERROR"),
        end("TIMEOUT"),
        json!({"type": "message-end", "delta": {"error": "sk-1", "finish_reason": "COMPLETE"}}),
        json!({"id": "x", "message": "sk-1"}),
    ] {
        let said = [begun.to_vec(), vec![end]].concat();
        for to in [CHAT, D] {
            let told = through(D, to, &sse(&said));
            let failed = told.contains("\"error\"") && !told.contains("sk-1");
            assert!(failed && !told.contains("[DONE]"), "{told}");
        }
    }
    let cut = |reason: &str| {
        let said = [broken.to_vec(), vec![bare("tool-call-end", 0), end(reason)]].concat();
        through(D, CHAT, &sse(&said))
    };
    assert!(cut("TOOL_CALL").contains("\"error\""));
    assert!(cut("MAX_TOKENS").contains("\"length\""));
}

#[test]
fn what_cannot_be_read_is_passed_over_until_it_goes_on() {
    let odd = json!({"type": "tool-call-delta", "index": 7, "delta": {"message": {}}});
    let once = [vec![start(), odd.clone()], all()[1..].to_vec()].concat();
    assert_eq!(
        through(D, CHAT, &sse(&once)),
        through(D, CHAT, &sse(&all()))
    );
    let thrice = [vec![start()], vec![odd; 3], vec![end("COMPLETE")]].concat();
    assert!(through(D, CHAT, &sse(&thrice)).contains("\"error\""));
    // More parts at once than any answer has.
    let many = (0..2000).map(|i| call(i, "c"));
    let many: Vec<_> = std::iter::once(start()).chain(many).collect();
    assert!(cut(D, CHAT, &sse(&many), usize::MAX).contains("\"error\""));
}

proptest! {
    /// Whatever order events come in, what is told keeps its laws, which debug builds assert.
    #[test]
    fn no_order_of_events_breaks_a_law(picks in prop::collection::vec(0..18usize, 0..40)) {
        let all = all();
        let said: Vec<_> = picks.into_iter().map(|pick| all[pick].clone()).collect();
        for to in [D, CHAT, ANTHROPIC] {
            let told = cut(D, to, &sse(&said), usize::MAX);
            prop_assert_eq!(cut(D, to, &sse(&said), 5), told);
        }
    }
}
