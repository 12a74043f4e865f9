use proptest::prelude::*;
use serde_json::{Value, json};
use towerman_core::{Dialect, Finish, Usage};

use super::super::{super::Codec as _, Codec};
use crate::{
    neutral::{Delta, Fold, Hearer, Kind, Opening, Place, Sequence, Thought},
    translate::{Options, Stream},
};

const D: Dialect = Dialect::OpenAiResponses;

/// What the bytes amount to in the same dialect, however they are cut.
fn through(sse: &str) -> Vec<Value> {
    let whole = cut(sse, usize::MAX);
    for size in [1, 7] {
        assert_eq!(cut(sse, size), whole);
    }
    let data = whole.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

fn cut(sse: &str, size: usize) -> String {
    let (mut stream, mut out) = (Stream::new(D, D, &Options::default()), Vec::new());
    for chunk in sse.as_bytes().chunks(size.min(sse.len().max(1))) {
        stream.push(chunk, &mut out);
    }
    stream.finish(&mut out);
    String::from_utf8(out).unwrap()
}

fn sse(events: &[Value]) -> String {
    events
        .iter()
        .map(|event| format!("data: {event}\n\n"))
        .collect()
}

fn event(kind: &str, mut says: Value) -> Value {
    says["type"] = json!(format!("response.{kind}"));
    says
}

fn created() -> Value {
    event(
        "created",
        json!({"response": {"id": "resp_1", "model": "m", "created_at": 3}}),
    )
}

#[allow(clippy::needless_pass_by_value)]
fn item(kind: &str, index: u32, item: Value) -> Value {
    event(
        &format!("output_item.{kind}"),
        json!({"output_index": index, "item": item}),
    )
}

fn call(id: &str, arguments: &str) -> Value {
    json!({"type": "function_call", "call_id": id, "name": "f", "arguments": arguments})
}

fn completed() -> Value {
    event("completed", json!({"response": {"status": "completed"}}))
}

fn last(events: &[Value]) -> &Value {
    events.last().unwrap()
}

/// Deltas as another dialect's decoder says them.
fn told(deltas: Vec<Delta<'_>>) -> Vec<(String, Value)> {
    let mut encoder = Codec.encoder(Hearer::default());
    let (mut sequence, mut out) = (Sequence::default(), Vec::new());
    for delta in deltas {
        sequence
            .take(delta, &mut |delta| encoder.delta(delta, &mut out))
            .unwrap();
    }
    let text = String::from_utf8(out).unwrap();
    let mut names = text.lines().filter_map(|line| line.strip_prefix("event: "));
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| {
        (
            names.next().unwrap().to_owned(),
            serde_json::from_str(data).unwrap(),
        )
    })
    .collect()
}

fn at(part: u32) -> Place {
    Place { choice: 0, part }
}

fn more(part: u32, text: &str) -> Delta<'_> {
    Delta::More {
        at: at(part),
        text: text.into(),
    }
}

fn begin<'a>() -> Delta<'a> {
    Delta::Begin {
        id: "x".into(),
        model: "m".into(),
        created: Some(9),
    }
}

fn finish<'a>(finish: Finish) -> Delta<'a> {
    Delta::Finish {
        choice: 0,
        finish,
        sequence: None,
        explanation: None,
    }
}

#[test]
fn the_events_of_a_text_and_two_calls() {
    let open = |part, id: &'static str| Delta::Open {
        at: at(part),
        what: Opening::Call {
            id: id.into(),
            name: "f".into(),
            custom: false,
            seal: None,
        },
    };
    let events = told(vec![
        begin(),
        Delta::Open {
            at: at(0),
            what: Opening::Text,
        },
        more(0, "Hel"),
        more(0, "lo"),
        Delta::Close { at: at(0) },
        open(1, "c1"),
        open(2, "c2"),
        more(2, "{}"),
        more(1, "{\"a\":1}"),
        Delta::Close { at: at(1) },
        Delta::Close { at: at(2) },
        finish(Finish::ToolCalls),
        Delta::Usage(Usage {
            input: 3,
            output: 4,
            ..Usage::default()
        }),
        Delta::End,
    ]);
    let kinds: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    for (number, (name, data)) in events.iter().enumerate() {
        assert_eq!(
            (&data["type"], &data["sequence_number"]),
            (&json!(name), &json!(number))
        );
    }
    let id = events[2].1["item"]["id"].as_str().unwrap();
    assert_eq!(
        events[4].1,
        json!({"type": "response.output_text.delta", "sequence_number": 4, "item_id": id,
            "output_index": 0, "content_index": 0, "delta": "Hel", "logprobs": []})
    );
    assert_eq!(events[6].1["text"], "Hello");
    let done: Vec<&Value> = [8, 12, 16].map(|n| &events[n].1["item"]).to_vec();
    assert_eq!(
        (&done[1]["call_id"], &done[1]["arguments"]),
        (&json!("c1"), &json!("{\"a\":1}"))
    );
    assert_eq!(
        (&done[2]["call_id"], &done[2]["arguments"]),
        (&json!("c2"), &json!("{}"))
    );
    let response = &events[17].1["response"];
    assert_eq!(response["output"], json!(done));
    assert_eq!(response["usage"]["total_tokens"], 7);
}

#[test]
fn the_events_of_a_thought_a_refusal_and_a_custom_call() {
    let thought = |part| Delta::Open {
        at: at(part),
        what: Opening::Thought {
            summary: false,
            id: Some("rs_9".into()),
        },
    };
    let events = told(vec![
        begin(),
        thought(0),
        more(0, "Hm"),
        Delta::Close { at: at(0) },
        thought(1),
        more(1, "So"),
        Delta::Close { at: at(1) },
        Delta::Open {
            at: at(2),
            what: Opening::Refusal,
        },
        more(2, "No."),
        Delta::Close { at: at(2) },
        Delta::Open {
            at: at(3),
            what: Opening::Call {
                id: "c".into(),
                name: "g".into(),
                custom: true,
                seal: None,
            },
        },
        more(3, "fr"),
        more(3, "ee"),
        Delta::Close { at: at(3) },
        finish(Finish::Stop),
        Delta::End,
    ]);
    let kinds: Vec<&str> = events
        .iter()
        .map(|(name, _)| name.strip_prefix("response.").unwrap())
        .collect();
    assert_eq!(
        kinds[2..],
        [
            "output_item.added",
            "reasoning_summary_part.added",
            "reasoning_summary_text.delta",
            "reasoning_summary_text.done",
            "reasoning_summary_part.done",
            "reasoning_summary_part.added",
            "reasoning_summary_text.delta",
            "reasoning_summary_text.done",
            "reasoning_summary_part.done",
            "output_item.done",
            "output_item.added",
            "content_part.added",
            "refusal.delta",
            "refusal.done",
            "content_part.done",
            "output_item.done",
            "output_item.added",
            "custom_tool_call_input.done",
            "output_item.done",
            "completed",
        ]
    );
    assert_eq!(events[8].1["summary_index"], 1);
    let output = &events.last().unwrap().1["response"]["output"];
    let text = |text| json!({"type": "summary_text", "text": text});
    assert_eq!(
        output[0],
        json!({"type": "reasoning", "id": "rs_9", "summary": [text("Hm"), text("So")]})
    );
    assert_eq!(
        output[1]["content"],
        json!([{"type": "refusal", "refusal": "No."}])
    );
    assert_eq!(
        (&output[2]["type"], &output[2]["input"]),
        (&json!("custom_tool_call"), &json!("free"))
    );
}

#[test]
fn what_is_only_told_as_a_whole_is_told() {
    let output = json!([
        {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "T"}],
            "encrypted_content": "gAA"},
        {"type": "message", "content": [
            {"type": "output_text", "text": "A", "annotations": [{"type": "url_citation",
                "url": "https://a", "title": "A", "start_index": 0, "end_index": 1}]},
            {"type": "refusal", "refusal": "B"}]},
        call("c", "{}"),
    ]);
    let end = |output| {
        event(
            "completed",
            json!({"response": {"status": "completed", "output": output}}),
        )
    };
    let mut streams = vec![vec![created(), end(output.clone())]];
    let done = output.as_array().unwrap().iter().zip(0..);
    let done: Vec<Value> = done
        .map(|(whole, index)| item("done", index, whole.clone()))
        .collect();
    // Whatever comes twice is told once.
    streams.push([&[created()], &done[..], &done[..], &[end(output.clone())]].concat());
    for stream in streams {
        let events = through(&sse(&stream));
        let told = &last(&events)["response"]["output"];
        assert_eq!(told[0]["encrypted_content"], "gAA");
        assert_eq!(told[0]["summary"][0]["text"], "T");
        assert_eq!(told[1]["content"][0]["text"], "A");
        assert_eq!(told[1]["content"][0]["annotations"][0]["url"], "https://a");
        assert_eq!(told[1]["content"][1]["refusal"], "B");
        assert_eq!(told[2]["arguments"], "{}");
        assert_eq!(told.as_array().unwrap().len(), 3);
    }
}

#[test]
fn items_side_by_side_are_told_one_after_the_other() {
    let delta = |index: u32, delta: &str| {
        event(
            "function_call_arguments.delta",
            json!({"output_index": index, "delta": delta}),
        )
    };
    let events = through(&sse(&[
        created(),
        item("added", 0, call("c0", "")),
        item("added", 1, call("c1", "")),
        delta(1, "{\"b\""),
        delta(0, "{\"a\":"),
        delta(1, ":2}"),
        delta(0, "1}"),
        item("done", 1, call("c1", "{\"b\":2}")),
        item("done", 0, call("c0", "{\"a\":1}")),
        completed(),
    ]));
    let output = &last(&events)["response"]["output"];
    assert_eq!(
        (&output[0]["call_id"], &output[0]["arguments"]),
        (&json!("c0"), &json!("{\"a\":1}"))
    );
    assert_eq!(
        (&output[1]["call_id"], &output[1]["arguments"]),
        (&json!("c1"), &json!("{\"b\":2}"))
    );
}

#[test]
fn a_call_that_is_no_json_is_cut_or_nonsense() {
    let stream = |end: Value| {
        sse(&[
            created(),
            item("added", 0, call("c", "")),
            event(
                "function_call_arguments.delta",
                json!({"output_index": 0, "delta": "{\"a"}),
            ),
            item("done", 0, call("c", "{\"a")),
            end,
        ])
    };
    assert_eq!(last(&through(&stream(completed())))["type"], "error");
    let details = json!({"reason": "max_output_tokens"});
    let response = json!({"status": "incomplete", "incomplete_details": details});
    let events = through(&stream(event("incomplete", json!({"response": response}))));
    assert_eq!(last(&events)["type"], "response.incomplete");
    assert_eq!(
        last(&events)["response"]["output"][0]["status"],
        "incomplete"
    );
}

#[test]
fn errors_end_a_stream_and_their_words_stay() {
    for error in [
        json!({"type": "error", "code": "rate_limit_exceeded", "message": "sk-1"}),
        json!({"type": "error", "error": {"code": "rate_limit_exceeded", "message": "sk-1"}}),
        json!({"error": {"code": 429, "message": "sk-1"}}),
        event(
            "failed",
            json!({"response": {"status": "failed",
            "error": {"code": "rate_limit_exceeded", "message": "sk-1"}}}),
        ),
    ] {
        let events = through(&sse(&[created(), error, completed()]));
        assert_eq!(last(&events)["code"], "rate_limit_exceeded");
        assert!(!json!(events).to_string().contains("sk-1"));
    }
}

#[test]
fn a_stream_that_breaks_off_gets_no_end() {
    let delta = event(
        "output_text.delta",
        json!({"output_index": 0, "delta": "a"}),
    );
    for end in ["", "data: [DONE]\n\n"] {
        let events = through(&(sse(&[created(), delta.clone()]) + end));
        assert_eq!(last(&events)["type"], "response.output_text.delta");
    }
    let events = through(&(sse(&[created(), delta, completed()]) + "data: [DONE]\n\n"));
    assert_eq!(
        last(&events)["response"]["output"][0]["content"][0]["text"],
        "a"
    );
}

#[test]
fn seals_are_told_with_their_thoughts() {
    let events = through(&sse(&[
        created(),
        item("added", 0, json!({"type": "reasoning", "id": "rs"})),
        item(
            "done",
            0,
            json!({"type": "reasoning", "id": "rs", "summary": [],
            "encrypted_content": "gAA"}),
        ),
        completed(),
    ]));
    let output = &last(&events)["response"]["output"];
    assert_eq!(
        *output,
        json!([{"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "gAA"}])
    );
    let mut fold = Fold::default();
    let mut decoder = Codec.decoder();
    for data in sse(&[
        created(),
        event(
            "reasoning_text.delta",
            json!({"output_index": 0, "delta": "T"}),
        ),
        item(
            "done",
            0,
            json!({"type": "reasoning", "encrypted_content": "gAA"}),
        ),
        completed(),
    ])
    .lines()
    .filter_map(|line| line.strip_prefix("data: "))
    {
        let event = crate::framing::Event {
            name: None,
            data: data.as_bytes(),
            exception: false,
        };
        decoder.event(event, &mut |delta| fold.take(delta)).unwrap();
    }
    let answer = fold.finish().unwrap().unwrap();
    let Kind::Thought(Thought {
        text: Some(text),
        seal: Some(seal),
        summary: false,
        ..
    }) = &answer.choices[0].parts[0].kind
    else {
        panic!("{answer:?}");
    };
    assert_eq!((&*text.clone().say(), &*seal.data), ("T", "gAA"));
}

#[test]
fn log_probabilities_are_told_with_their_text() {
    let raw = |text| serde_json::from_str(text).unwrap();
    let events = told(vec![
        begin(),
        Delta::Logprobs {
            choice: 0,
            raw: raw(r#"{"content":[{"token":"a","logprob":-0.5}],"refusal":null}"#),
        },
        Delta::Open {
            at: at(0),
            what: Opening::Text,
        },
        more(0, "ab"),
        Delta::Logprobs {
            choice: 0,
            raw: raw(r#"{"content":[{"token":"b","logprob":-1}]}"#),
        },
        Delta::Logprobs {
            choice: 0,
            raw: raw(r#"{"content":null}"#),
        },
        Delta::Close { at: at(0) },
        finish(Finish::Stop),
        Delta::End,
    ]);
    let output = &events.last().unwrap().1["response"]["output"];
    let tokens = json!([{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -1}]);
    assert_eq!(output[0]["content"][0]["logprobs"], tokens);
}

#[test]
fn an_answer_that_is_too_long_does_not_look_complete() {
    let chunk = "x".repeat(1 << 20);
    let mut deltas = vec![
        begin(),
        Delta::Open {
            at: at(0),
            what: Opening::Text,
        },
    ];
    deltas.extend((0..9).map(|_| more(0, &chunk)));
    deltas.extend([Delta::Close { at: at(0) }, finish(Finish::Stop), Delta::End]);
    let events = told(deltas);
    let (name, data) = events.last().unwrap();
    assert_eq!((&**name, &data["code"]), ("error", &json!("bad_gateway")));
    assert_eq!(data["sequence_number"], json!(events.len() - 1));
}

fn any_event() -> impl Strategy<Value = Value> {
    let kinds = prop::sample::select(vec![
        "created",
        "output_item.added",
        "output_item.done",
        "content_part.added",
        "content_part.done",
        "output_text.delta",
        "output_text.done",
        "output_text.annotation.added",
        "refusal.delta",
        "refusal.done",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_text.delta",
        "reasoning_text.done",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "custom_tool_call_input.delta",
        "custom_tool_call_input.done",
        "completed",
    ]);
    let items = prop::sample::select(vec![
        json!({"type": "message", "content": [{"type": "output_text", "text": "whole"}]}),
        json!({"type": "reasoning", "summary": [{"text": "s"}], "encrypted_content": "e"}),
        call("c", "{}"),
        call("", "{"),
        json!({"type": "function_call"}),
        json!({"type": "custom_tool_call", "name": "g", "input": "i"}),
        json!(7),
    ]);
    let parts = prop::sample::select(vec![
        json!({"type": "output_text", "text": "p"}),
        json!({"type": "refusal", "refusal": "q"}),
        json!({"type": "reasoning_text", "text": "r"}),
        Value::Null,
    ]);
    let texts = prop::sample::select(vec![
        json!("{"),
        json!("}"),
        json!(""),
        json!("t"),
        json!(1),
    ]);
    (kinds, items, parts, texts, 0..3_u32, 0..3_u32).prop_map(|(kind, item, part, text, n, m)| {
        event(
            kind,
            json!({
                "output_index": n, "content_index": m, "summary_index": m, "item": item,
                "part": part, "delta": text, "text": text, "refusal": text, "arguments": text,
                "input": text, "annotation": {"url": "u"}, "response": {"status": "completed"},
            }),
        )
    })
}

proptest! {
    /// In debug builds, the laws of deltas are asserted on the way.
    #[test]
    fn whatever_events_come_the_laws_are_kept(events in prop::collection::vec(any_event(), 0..24)) {
        through(&sse(&events));
    }
}
