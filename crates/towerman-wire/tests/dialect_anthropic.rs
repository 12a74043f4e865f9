//! Recorded traffic of Anthropic's Messages, through the neutral form and back, read on both sides
//! by an independent reader.
//!
//! The recordings are not part of the repository. They are looked for in `$TOWERMAN_SHARED`, or
//! beside the workspace; where they are missing the test says so, and passes, except in CI.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use towerman_core::{Dialect, FaultKind};
use towerman_wire::translate::{self, Options, Stream};

const D: Dialect = Dialect::Anthropic;

/// Every exchange, with its name.
fn exchanges() -> Vec<(String, Value)> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = env::var_os("TOWERMAN_SHARED").map_or_else(beside, PathBuf::from);
    let mut all = Vec::new();
    for kind in ["recorded", "response-only"] {
        for folder in ["anthropic", "vertex-anthropic"] {
            // The variable names either the folder of the data or the one around it.
            let places = ["wire", "data/wire"].map(|wire| root.join(wire).join(kind).join(folder));
            for entry in places.iter().flat_map(fs::read_dir).flatten() {
                let path = entry.unwrap().path();
                let exchange = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
                all.push((path.display().to_string(), exchange));
            }
        }
    }
    if all.is_empty() {
        println!("RECORDED TRAFFIC NOT RUN: {} is missing", root.display());
        assert_ne!(env::var("CI").as_deref(), Ok("true"), "CI must run it");
    } else {
        assert!(all.len() > 150, "too few recordings: {}", all.len());
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// As it means the same: nulls are absence, and numbers are numbers.
fn bare(value: &Value) -> Value {
    match value {
        Value::Object(object) => object
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), bare(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(list) => list.iter().map(bare).collect(),
        Value::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    }
}

#[test]
fn requests_are_written_as_they_were_read() {
    let (mut kept, all) = (0, exchanges());
    for (name, exchange) in &all {
        let request = &exchange["request"]["body"];
        if !request.is_object() {
            continue;
        }
        let body = serde_json::to_vec(request).unwrap();
        let written = translate::request(D, D, &body, "other")
            .unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert!(
            written.losses.list().is_empty() && written.cut.is_empty(),
            "{name}: {:?}",
            written.losses
        );
        // Vertex is told the model by its path; here everybody is told it in the body.
        let mut expected = bare(request);
        expected["model"] = json!("other");
        let written: Value = serde_json::from_slice(&written.body).unwrap();
        assert_eq!(bare(&written), expected, "{name}");
        kept += 1;
    }
    println!("{kept} requests");
    assert!(all.is_empty() || kept > 100);
}

/// What a client takes from an answer.
#[derive(Clone, Debug, Default, PartialEq)]
struct Heard {
    id: String,
    model: String,
    /// Texts, thoughts, seals and calls, in order.
    blocks: Vec<(String, String)>,
    citations: Vec<Value>,
    stop: Value,
    sequence: Value,
    explanation: Value,
    usage: [u64; 6],
}

/// Blocks that the model says itself. What the provider's own tools do is not told.
fn block(block: &Value, heard: &mut Heard) {
    let text = |name: &str| block[name].as_str().unwrap_or_default().to_owned();
    let mut say = |kind: &str, text: String| {
        if !text.is_empty() {
            heard.blocks.push((kind.to_owned(), text));
        }
    };
    match block["type"].as_str().unwrap() {
        "text" => {
            say("text", text("text"));
            let cites = block["citations"].as_array();
            heard.citations.extend(cites.into_iter().flatten().cloned());
        }
        "thinking" => {
            say("thought", text("thinking"));
            say("signature", text("signature"));
        }
        "redacted_thinking" => say("encrypted", text("data")),
        "tool_use" => say(
            "call",
            json!([block["id"], block["name"], bare(&block["input"])]).to_string(),
        ),
        _ => {}
    }
}

fn count(usage: &Value, heard: &mut Heard) {
    let known = [
        &usage["input_tokens"],
        &usage["cache_read_input_tokens"],
        &usage["cache_creation_input_tokens"],
        &usage["cache_creation"]["ephemeral_1h_input_tokens"],
        &usage["output_tokens"],
        &usage["output_tokens_details"]["thinking_tokens"],
    ];
    for (slot, said) in heard.usage.iter_mut().zip(known) {
        *slot = said.as_u64().unwrap_or(*slot);
    }
}

fn stopped(said: &Value, heard: &mut Heard) {
    heard.stop = said["stop_reason"].clone();
    heard.sequence = said["stop_sequence"].clone();
    heard.explanation = said["stop_details"]["explanation"].clone();
}

fn read_answer(body: &Value) -> Heard {
    let mut heard = Heard {
        id: body["id"].as_str().unwrap().to_owned(),
        model: body["model"].as_str().unwrap().to_owned(),
        ..Heard::default()
    };
    for one in body["content"].as_array().unwrap() {
        block(one, &mut heard);
    }
    stopped(body, &mut heard);
    count(&body["usage"], &mut heard);
    heard
}

/// Names and data of a stream's events.
fn events(sse: &str) -> Vec<(String, Value)> {
    let sse = sse.replace("\r\n", "\n");
    let events = sse.split("\n\n").filter(|event| !event.trim().is_empty());
    events
        .map(|event| {
            let line = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
            let data: Value = serde_json::from_str(line("data:").unwrap()).unwrap();
            (line("event:").unwrap().trim().to_owned(), data)
        })
        .collect()
}

/// Puts a stream together, and panics if it breaks the grammar.
fn read_stream(sse: &str) -> Heard {
    let mut heard = Heard::default();
    let mut open: Option<Value> = None;
    let (mut blocks, mut over) = (0, false);
    for (name, event) in events(sse) {
        assert!(!over, "{name} after the end");
        assert_eq!(event["type"], *name);
        match &*name {
            "message_start" => {
                let message = &event["message"];
                heard = read_answer(message);
            }
            "content_block_start" => {
                assert!(open.is_none() && event["index"] == blocks, "{event}");
                blocks += 1;
                let mut begun = event["content_block"].clone();
                begun["json"] = json!("");
                open = Some(begun);
            }
            "content_block_delta" => {
                assert_eq!(event["index"], blocks - 1);
                let open = open.as_mut().unwrap();
                let delta = &event["delta"];
                let mut add = |to: &str, from: &str| {
                    let said = open[to].as_str().unwrap_or_default().to_owned();
                    open[to] = (said + delta[from].as_str().unwrap()).into();
                };
                match delta["type"].as_str().unwrap() {
                    "text_delta" => add("text", "text"),
                    "thinking_delta" => add("thinking", "thinking"),
                    "signature_delta" => add("signature", "signature"),
                    "input_json_delta" => add("json", "partial_json"),
                    "citations_delta" => heard.citations.push(delta["citation"].clone()),
                    other => panic!("{other}"),
                }
            }
            "content_block_stop" => {
                let mut whole = open.take().unwrap();
                let json = whole["json"].as_str().unwrap().to_owned();
                if !json.is_empty() {
                    whole["input"] = serde_json::from_str(&json).unwrap();
                }
                block(&whole, &mut heard);
            }
            "message_delta" => {
                assert!(open.is_none());
                stopped(&event["delta"], &mut heard);
                count(&event["usage"], &mut heard);
            }
            "message_stop" => over = true,
            "ping" => {}
            other => panic!("{other}"),
        }
    }
    assert!(over, "it has no end");
    heard
}

#[test]
fn answers_say_what_they_said() {
    let (mut whole, mut faults, all) = (0, 0, exchanges());
    for (name, exchange) in &all {
        let body = &exchange["response"]["body"];
        if !body.is_object() {
            continue;
        }
        let bytes = serde_json::to_vec(body).unwrap();
        let written = translate::response(D, D, &bytes, &Options::default());
        if body["type"] == "error" {
            assert_eq!(written.unwrap_err().kind(), FaultKind::BadGateway, "{name}");
            faults += 1;
            continue;
        }
        let written = written.unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let written: Value = serde_json::from_slice(&written).unwrap();
        assert_eq!(read_answer(&written), forgive(read_answer(body)), "{name}");
        whole += 1;
    }
    println!("{whole} answers, {faults} errors");
    assert!(all.is_empty() || whole > 100);
}

#[test]
fn streams_say_what_they_said_however_they_are_cut() {
    let (mut count, all) = (0, exchanges());
    for (name, exchange) in &all {
        let Some(sse) = exchange["response"]["sse"].as_str() else {
            continue;
        };
        let whole = run([sse.as_bytes()]);
        assert_eq!(read_stream(&whole), forgive(read_stream(sse)), "{name}");
        for size in [1, 7, 1000] {
            assert!(run(sse.as_bytes().chunks(size)) == whole, "{name}: {size}");
        }
        // The second time nothing is left to change.
        assert_eq!(run([whole.as_bytes()]), whole, "{name}");
        // Torn anywhere, it is never whole.
        let events: Vec<&str> = sse.split_inclusive("\n\n").collect();
        for kept in 0..events.len() - 1 {
            let torn = run([events[..kept].concat().as_bytes()]);
            assert!(!torn.contains("\"message_stop\""), "{name}: {kept}");
            assert!(!torn.contains("\"error\""), "{name}: {kept}");
        }
        count += 1;
    }
    println!("{count} streams");
    assert!(all.is_empty() || count > 25);
}

/// Where what is told differs on purpose: a turn that paused is one that was cut.
fn forgive(mut heard: Heard) -> Heard {
    if heard.stop == "pause_turn" {
        heard.stop = json!("max_tokens");
    }
    heard
}

fn run<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> String {
    let (mut stream, mut out) = (Stream::new(D, D, &Options::default()), Vec::new());
    for chunk in chunks {
        stream.push(chunk, &mut out);
    }
    stream.finish(&mut out);
    String::from_utf8(out).unwrap()
}

proptest! {
    /// Whatever comes: the laws of the neutral form hold (builds with debug assertions check
    /// them), there is one end at most, and how it was cut does not matter.
    #[test]
    fn no_events_make_it_lawless(picks in prop::collection::vec(prop::sample::select(vec![
        r#"{"type":"message_start","message":{"id":"m","usage":{"input_tokens":1}}}"#,
        r#"{"type":"message_start"}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"x","citations":[{}]}}"#,
        r#"{"type":"content_block_start","content_block":{"type":"thinking","thinking":"","signature":"s"}}"#,
        r#"{"type":"content_block_start","content_block":{"type":"redacted_thinking","data":"d"}}"#,
        r#"{"type":"content_block_start","content_block":{"type":"tool_use","name":"b","input":{"a":1}}}"#,
        r#"{"type":"content_block_start","content_block":{"type":"server_tool_use","name":"b"}}"#,
        r#"{"type":"content_block_start"}"#,
        r#"{"type":"content_block_delta","delta":{"partial_json":"{}","text":"y","thinking":"z"}}"#,
        r#"{"type":"content_block_delta","delta":{"signature":"s","citation":{"url":"u"}}}"#,
        r#"{"type":"content_block_stop"}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":2}}"#,
        r#"{"type":"message_stop"}"#,
        r#"{"type":"ping"}"#,
        r#"{"type":"error","error":{}}"#,
        "{}", "null", "[DONE]",
    ]), 0..16)) {
        let sse: String = picks.iter().map(|event| format!("data: {event}\n\n")).collect();
        let whole = run([sse.as_bytes()]);
        prop_assert_eq!(&run(sse.as_bytes().chunks(3)), &whole);
        let ends = ["event: message_stop", "event: error"];
        let count: usize = ends.iter().map(|end| whole.matches(end).count()).sum();
        prop_assert!(count <= 1, "{}", whole);
        if whole.contains("event: message_stop") {
            read_stream(&whole);
        }
    }
}
