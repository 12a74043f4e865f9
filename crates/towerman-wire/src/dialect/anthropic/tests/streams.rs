//! Streams.

use serde_json::{Value, json};
use towerman_core::{Dialect, Fault, FaultKind, Finish, Usage};

use crate::{
    dialect::{Codec as _, anthropic::Codec},
    framing::{Deframer, Event, Framing},
    neutral::{Delta, Fold, Hearer, Lawful, Maker, Opening, Place, Seal, Sealed, unfold},
    translate::{Options, Stream},
};

fn sse(events: &[Value]) -> String {
    let event = |event: &Value| {
        let name = event["type"].as_str().unwrap();
        format!("event: {name}\ndata: {event}\n\n")
    };
    events.iter().map(event).collect()
}

fn block(index: u64, block: &Value, deltas: &[Value]) -> Vec<Value> {
    let mut all =
        vec![json!({"type": "content_block_start", "index": index, "content_block": block})];
    for delta in deltas {
        all.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
    }
    all.push(json!({"type": "content_block_stop", "index": index}));
    all
}

fn start() -> Value {
    json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant",
        "model": "m", "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": 40, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 60,
            "output_tokens": 1}}})
}

fn stop(reason: &str) -> [Value; 2] {
    [
        json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null},
            "usage": {"input_tokens": 40, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 60,
                "output_tokens": 20}}),
        json!({"type": "message_stop"}),
    ]
}

fn example() -> Vec<Value> {
    let cite = json!({"type": "web_search_result_location", "url": "https://a", "title": "A",
        "cited_text": "q", "encrypted_index": "i"});
    let mut events = vec![start()];
    events.extend(block(
        0,
        &json!({"type": "thinking", "thinking": "", "signature": ""}),
        &[
            json!({"type": "thinking_delta", "thinking": "h"}),
            json!({"type": "thinking_delta", "thinking": "m"}),
            json!({"type": "signature_delta", "signature": "sig"}),
        ],
    ));
    events.push(json!({"type": "ping"}));
    events.extend(block(
        1,
        &json!({"type": "redacted_thinking", "data": "dark"}),
        &[],
    ));
    events.extend(block(
        2,
        &json!({"type": "text", "text": ""}),
        &[
            json!({"type": "text_delta", "text": "Hé"}),
            json!({"type": "citations_delta", "citation": cite}),
        ],
    ));
    events.extend(block(
        3,
        &json!({"type": "tool_use", "id": "t1", "name": "f", "input": {}}),
        &[
            json!({"type": "input_json_delta", "partial_json": "{\"a\":"}),
            json!({"type": "input_json_delta", "partial_json": "1}"}),
        ],
    ));
    events.extend(block(
        4,
        &json!({"type": "tool_use", "id": "t2", "name": "g", "input": {}}),
        &[json!({"type": "input_json_delta", "partial_json": "{}"})],
    ));
    events.extend(stop("tool_use"));
    events
}

fn run(sse: &str, size: usize) -> String {
    let (mut stream, mut out) = (
        Stream::new(Dialect::Anthropic, Dialect::Anthropic, &Options::default()),
        Vec::new(),
    );
    for chunk in sse.as_bytes().chunks(size) {
        stream.push(chunk, &mut out);
    }
    stream.finish(&mut out);
    String::from_utf8(out).unwrap()
}

/// The events of a stream, for comparison as JSON.
fn events(sse: &str) -> Vec<Value> {
    let lines = sse.lines().filter_map(|line| line.strip_prefix("data: "));
    lines
        .map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

/// What a stream decodes to, checked against the laws.
fn decode(sse: &str, mut say: impl FnMut(Delta<'_>)) -> usize {
    let (mut deframer, mut decoder) = (Deframer::new(Framing::Sse), Codec.decoder());
    let (mut lawful, mut unreadable) = (Lawful::default(), 0);
    let mut take = |event: Event<'_>| {
        let read = decoder.event(event, &mut |delta| {
            lawful.see(&delta);
            say(delta);
        });
        unreadable += usize::from(read.is_err());
    };
    deframer.push(sse.as_bytes(), &mut take).unwrap();
    deframer.finish(&mut take).unwrap();
    unreadable
}

#[test]
fn a_stream_comes_back_as_it_went_however_it_is_cut() {
    let sse = sse(&example());
    let mut expected = example();
    // The usage of its beginning is told at its end.
    for (name, count) in [
        ("input_tokens", 0),
        ("cache_read_input_tokens", 0),
        ("output_tokens", 0),
    ] {
        expected[0]["message"]["usage"][name] = count.into();
    }
    for size in [1, 7, sse.len()] {
        assert_eq!(events(&run(&sse, size)), expected, "{size}");
    }
    assert!(run(&sse, 9).starts_with("event: message_start\ndata: {\"type\":\"message_start\""));
}

#[test]
fn a_stream_says_what_a_whole_answer_says() {
    let mut fold = Fold::default();
    assert_eq!(decode(&sse(&example()), |delta| fold.take(delta)), 0);
    let answer = fold.finish().unwrap().unwrap();
    let usage = Usage {
        input: 40,
        cache_read: 60,
        output: 20,
        ..Usage::default()
    };
    assert_eq!(answer.usage, Some(usage));
    let whole = Codec.write_answer(answer, &Hearer::default()).unwrap();
    let whole: Value = serde_json::from_slice(&whole).unwrap();
    let blocks = whole["content"].as_array().unwrap();
    let kinds: Vec<&str> = blocks
        .iter()
        .map(|one| one["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "thinking",
            "redacted_thinking",
            "text",
            "tool_use",
            "tool_use"
        ]
    );
    assert_eq!(blocks[0]["signature"], "sig");
    assert_eq!(blocks[1]["data"], "dark");
    assert_eq!(blocks[2]["citations"][0]["url"], "https://a");
    assert_eq!(blocks[3]["input"], json!({"a": 1}));
    assert_eq!(whole["stop_reason"], "tool_use");

    // And the other way round.
    let bytes = whole.to_string();
    let answer = Codec.read_answer(bytes.as_bytes()).unwrap();
    let (mut encoder, mut out) = (Codec.encoder(Hearer::default()), Vec::new());
    unfold(answer, &mut |delta| encoder.delta(delta, &mut out));
    let told = String::from_utf8(out).unwrap();
    let mut fold = Fold::default();
    decode(&told, |delta| fold.take(delta));
    let again = fold.finish().unwrap().unwrap();
    let again = Codec.write_answer(again, &Hearer::default()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&again).unwrap(), whole);
}

#[test]
fn what_comes_with_the_start_of_a_block_is_told_once() {
    let mut all = vec![start()];
    all.extend(block(
        0,
        &json!({"type": "thinking", "thinking": "h", "signature": "s"}),
        &[],
    ));
    all.extend(block(1, &json!({"type": "text", "text": "x"}), &[]));
    all.extend(block(
        2,
        &json!({"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}),
        &[],
    ));
    let fragment = json!({"type": "input_json_delta", "partial_json": "{\"b\":2}"});
    let empty = json!({"type": "input_json_delta", "partial_json": ""});
    let call = json!({"type": "tool_use", "id": "u", "name": "f", "input": {"a": 1}});
    all.extend(block(3, &call, &[empty, fragment]));
    all.extend(stop("tool_use"));
    let mut fold = Fold::default();
    decode(&sse(&all), |delta| fold.take(delta));
    let answer = fold.finish().unwrap().unwrap();
    let whole = Codec.write_answer(answer, &Hearer::default()).unwrap();
    let whole: Value = serde_json::from_slice(&whole).unwrap();
    assert_eq!(
        whole["content"],
        json!([
            {"type": "thinking", "thinking": "h", "signature": "s"},
            {"type": "text", "text": "x"},
            {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
            {"type": "tool_use", "id": "u", "name": "f", "input": {"b": 2}},
        ])
    );
}

#[test]
fn servers_tools_and_news_are_passed_over() {
    let mut all = vec![json!({"type": "content_block_stop", "index": 7}), start()];
    let json = json!({"type": "input_json_delta", "partial_json": "{}"});
    let server = json!({"type": "server_tool_use", "id": "s", "name": "w", "input": {}});
    all.extend(block(0, &server, &[json]));
    all.extend(block(
        1,
        &json!({"type": "news", "text": {"a": 1}}),
        &[json!({"type": "x"})],
    ));
    all.push(json!({"type": "news"}));
    all.extend(block(2, &json!({"type": "text", "text": "x"}), &[]));
    all.extend(stop("end_turn"));
    let out = run(&sse(&all), 1000);
    assert!(out.contains("message_stop") && !out.contains("server_tool_use"));
    assert_eq!(out.matches("content_block_start\"").count(), 1);
}

#[test]
fn an_error_ends_it_and_keeps_the_providers_words_to_itself() {
    let error =
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "account 42"}});
    let mut all = example();
    all.truncate(4);
    all.push(error);
    all.extend(stop("end_turn"));
    let out = run(&sse(&all), 1000);
    assert!(!out.contains("account 42") && !out.contains("message_stop"));
    let last = events(&out).pop().unwrap();
    assert_eq!(last["error"]["type"], "overloaded_error");
    assert!(out.contains("event: error\n"));
    // Without its type, by its name alone, and by the framing.
    for event in [
        "data: {\"error\":{\"type\":\"rate_limit_error\"}}\n\n",
        "event: error\ndata: {\"error\":{\"type\":\"rate_limit_error\"}}\n\n",
    ] {
        let mut failed = None;
        decode(event, |delta| {
            if let Delta::Fail(fault) = delta {
                failed = Some(fault.kind());
            }
        });
        assert_eq!(failed, Some(FaultKind::RateLimited));
    }
}

#[test]
fn nonsense_is_unreadable_or_a_fault_and_never_an_end() {
    for bad in [
        "data: {\n\n",
        "data: {}\n\n",
        "data: null\n\n",
        "data: [1]\n\n",
        "data: [DONE]\n\n",
    ] {
        assert_eq!(decode(bad, |_| panic!("{bad}")), 1, "{bad}");
    }
    let (good, bad) = (sse(&example()), "data: <html>\n\n");
    let (first, rest) = good.split_at(good.find("\n\n").unwrap() + 2);
    assert_eq!(
        run(&format!("{bad}{bad}{first}{bad}{rest}"), 1000),
        run(&good, 1000)
    );
    let out = run(&format!("{first}{}{rest}", bad.repeat(3)), 1000);
    assert!(out.contains("event: error") && !out.contains("message_stop"));
    let nameless =
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use"}});
    let out = run(
        &sse(&[start(), nameless, stop("end_turn")[1].clone()]),
        1000,
    );
    assert!(out.contains("event: error") && !out.contains("message_stop"));
    let out = run(&sse(&stop("end_turn")), 1000);
    assert_eq!(out, "");
}

/// What deltas look like.
fn told(deltas: Vec<Delta<'static>>) -> Vec<Value> {
    let (mut encoder, mut out) = (
        Codec.encoder(Hearer {
            model: "asked".to_owned(),
            ..Hearer::default()
        }),
        Vec::new(),
    );
    for delta in deltas {
        encoder.delta(delta, &mut out);
    }
    events(&String::from_utf8(out).unwrap())
}

fn begin() -> Delta<'static> {
    Delta::Begin {
        id: "i".into(),
        model: "".into(),
        created: None,
    }
}

const AT: Place = Place { choice: 0, part: 0 };

fn thought(said: Vec<Delta<'static>>) -> Vec<Delta<'static>> {
    let what = Opening::Thought {
        summary: false,
        id: None,
    };
    let mut all = vec![Delta::Open { at: AT, what }];
    all.extend(said);
    all.push(Delta::Close { at: AT });
    all
}

fn seal(maker: Maker, kind: Sealed) -> Delta<'static> {
    let data = "s".into();
    Delta::Seal {
        at: AT,
        seal: Seal { maker, kind, data },
    }
}

#[test]
fn thoughts_are_blocks_of_the_type_that_their_seal_asks_for() {
    let more = || Delta::More {
        at: AT,
        text: "hm".into(),
    };
    for (said, expected) in [
        (vec![], vec![]),
        (vec![more()], vec!["thinking", "thinking_delta"]),
        (
            vec![more(), seal(Maker::Gemini, Sealed::Signature)],
            vec!["thinking", "thinking_delta", "tm1.gemini.s.s"],
        ),
        (
            vec![seal(Maker::Anthropic, Sealed::Signature)],
            vec!["thinking", "s"],
        ),
        (
            vec![seal(Maker::Anthropic, Sealed::Encrypted)],
            vec!["redacted_thinking=s"],
        ),
        (
            vec![more(), seal(Maker::OpenAi, Sealed::Encrypted)],
            vec!["thinking", "thinking_delta", "tm1.openai.e.s"],
        ),
        (
            vec![seal(Maker::OpenAi, Sealed::Encrypted), more()],
            vec![
                "redacted_thinking=tm1.openai.e.s",
                "thinking",
                "thinking_delta",
            ],
        ),
    ] {
        let events = told(thought(said));
        let seen: Vec<String> = events
            .iter()
            .filter(|event| event["type"] != "content_block_stop")
            .map(|event| match &event["delta"] {
                Value::Null => {
                    let block = &event["content_block"];
                    let data = block["data"].as_str().map(|data| format!("={data}"));
                    block["type"].as_str().unwrap().to_owned() + &data.unwrap_or_default()
                }
                delta => {
                    let signature = delta["signature"].as_str();
                    signature.or(delta["type"].as_str()).unwrap().to_owned()
                }
            })
            .collect();
        assert_eq!(seen, expected);
        // Every block that began has ended.
        let count = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
        assert_eq!(count("content_block_start"), count("content_block_stop"));
    }
}

#[test]
fn an_end_says_why_and_how_much() {
    let finish = |finish, sequence: Option<&'static str>| Delta::Finish {
        choice: 0,
        finish,
        sequence: sequence.map(Into::into),
        explanation: Some("because".into()),
    };
    let refusal = || {
        vec![
            Delta::Open {
                at: AT,
                what: Opening::Refusal,
            },
            Delta::Close { at: AT },
        ]
    };
    for (said, last, reason, sequence, details) in [
        (
            vec![],
            finish(Finish::Stop, Some("END")),
            "stop_sequence",
            json!("END"),
            false,
        ),
        (
            vec![],
            finish(Finish::Length, None),
            "max_tokens",
            Value::Null,
            false,
        ),
        (
            vec![],
            finish(Finish::ContentFilter, None),
            "refusal",
            Value::Null,
            true,
        ),
        (
            refusal(),
            finish(Finish::Stop, Some("END")),
            "refusal",
            Value::Null,
            true,
        ),
        (vec![], Delta::Ping, "end_turn", Value::Null, false),
    ] {
        let mut deltas = vec![begin()];
        deltas.extend(said);
        deltas.push(last);
        deltas.push(Delta::Usage(Usage {
            input: 3,
            cache_write_long: 2,
            ..Usage::default()
        }));
        deltas.push(Delta::End);
        let events = told(deltas);
        assert_eq!(events[0]["message"]["model"], "asked");
        let end = &events[events.len() - 2];
        assert_eq!(end["delta"]["stop_reason"], reason);
        assert_eq!(end["delta"]["stop_sequence"], sequence);
        assert_eq!(
            end["delta"]["stop_details"]["explanation"].is_string(),
            details
        );
        assert_eq!(end["usage"]["input_tokens"], 3);
        assert_eq!(
            end["usage"]["cache_creation"]["ephemeral_1h_input_tokens"],
            2
        );
    }
}

#[test]
fn a_failure_is_the_callers_to_tell() {
    let fail = Delta::Fail(Fault::new(FaultKind::BadGateway, "x"));
    assert!(told(vec![Delta::Ping, fail]).is_empty());
}
