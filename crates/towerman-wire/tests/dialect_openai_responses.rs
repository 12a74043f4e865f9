//! Recorded traffic of OpenAI's Responses and its clones, through the neutral form and back, read
//! on both sides by an independent reader.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};
use towerman_core::{Dialect, FaultKind};
use towerman_wire::translate::{self, Options, Stream};

const D: Dialect = Dialect::OpenAiResponses;

const FOLDERS: [&str; 7] = [
    "openai-responses",
    "xai-responses",
    "azure-responses",
    "deepseek-responses",
    "bedrock-mantle-responses",
    "openrouter-responses",
    "open-responses",
];

/// Every exchange, with its name.
fn exchanges() -> Vec<(String, Value)> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = env::var_os("TOWERMAN_SHARED").map_or_else(beside, PathBuf::from);
    let mut all = Vec::new();
    for (kind, folder) in ["recorded", "response-only"]
        .into_iter()
        .flat_map(|kind| FOLDERS.map(|folder| (kind, folder)))
    {
        let Ok(entries) = fs::read_dir(root.join("wire").join(kind).join(folder)) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            let exchange = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            all.push((path.display().to_string(), exchange));
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

/// As it means the same: nulls are absence, numbers are numbers, and what names the model differs.
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
    let mut kept = 0;
    for (name, exchange) in exchanges() {
        let request = &exchange["request"]["body"];
        if !request.is_object() {
            continue;
        }
        let body = serde_json::to_vec(request).unwrap();
        let written = translate::request(D, D, &body, "other")
            .unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert!(
            written.losses.list().is_empty(),
            "{name}: {:?}",
            written.losses
        );
        let mut expected = bare(request);
        expected["model"] = json!("other");
        // An object of nothing but nulls says nothing.
        expected
            .as_object_mut()
            .unwrap()
            .retain(|_, value| value != &json!({}));
        let written: Value = serde_json::from_slice(&written.body).unwrap();
        assert_eq!(bare(&written), expected, "{name}");
        kept += 1;
    }
    assert!(kept > 100 || exchanges().is_empty(), "{kept}");
    println!("{kept} requests");
}

/// What a client takes from an answer.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    text: String,
    refusal: String,
    thoughts: String,
    seals: Vec<String>,
    calls: Vec<[String; 4]>,
    urls: Vec<String>,
    status: String,
    reason: Value,
    usage: Vec<u64>,
    model: String,
    id: String,
}

fn read(response: &Value) -> Heard {
    let mut heard = Heard {
        status: response["status"].as_str().unwrap_or_default().into(),
        reason: response["incomplete_details"]["reason"].clone(),
        model: response["model"].as_str().unwrap_or_default().into(),
        id: response["id"].as_str().unwrap_or_default().into(),
        ..Heard::default()
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for item in response["output"].as_array().unwrap() {
        match item["type"].as_str().unwrap() {
            "message" => {
                for part in item["content"].as_array().unwrap() {
                    if part["type"] == "refusal" {
                        heard.refusal += part["refusal"].as_str().unwrap();
                    } else {
                        heard.text += part["text"].as_str().unwrap();
                    }
                    for one in part["annotations"].as_array().into_iter().flatten() {
                        heard.urls.extend(one["url"].as_str().map(str::to_owned));
                    }
                }
            }
            "reasoning" => {
                for list in ["summary", "content"] {
                    for part in item[list].as_array().into_iter().flatten() {
                        heard.thoughts += part["text"].as_str().unwrap();
                    }
                }
                let seal = text(&item["encrypted_content"]);
                heard
                    .seals
                    .extend(Some(seal).filter(|seal| !seal.is_empty()));
            }
            "function_call" => heard.calls.push([
                text(&item["call_id"]),
                text(&item["name"]),
                text(&item["arguments"]),
                "function".into(),
            ]),
            "custom_tool_call" => heard.calls.push([
                text(&item["call_id"]),
                text(&item["name"]),
                text(&item["input"]),
                "custom".into(),
            ]),
            _ => {}
        }
    }
    let usage = &response["usage"];
    heard.usage = [
        &usage["input_tokens"],
        &usage["input_tokens_details"]["cached_tokens"],
        &usage["input_tokens_details"]["cache_write_tokens"],
        &usage["output_tokens"],
        &usage["output_tokens_details"]["reasoning_tokens"],
        &usage["total_tokens"],
    ]
    .into_iter()
    .map(|count| count.as_u64().unwrap_or_default())
    .collect();
    // Some leave the sum out.
    heard.usage[5] = heard.usage[0] + heard.usage[3];
    heard
}

/// The reason is told even where the provider did not.
fn expected(response: &Value) -> Heard {
    let mut heard = read(response);
    if heard.status == "incomplete" && heard.reason.is_null() {
        heard.reason = json!("max_output_tokens");
    }
    heard
}

#[test]
fn answers_keep_what_a_client_takes_from_them() {
    let (mut kept, mut failed) = (0, 0);
    for (name, exchange) in exchanges() {
        let response = &exchange["response"]["body"];
        if !response.is_object() {
            continue;
        }
        let body = serde_json::to_vec(response).unwrap();
        let written = translate::response(
            D,
            D,
            &body,
            &Options {
                created: 7,
                ..Options::default()
            },
        );
        if !response["output"].is_array() {
            assert_eq!(written.unwrap_err().kind(), FaultKind::BadGateway, "{name}");
            failed += 1;
            continue;
        }
        let written: Value = serde_json::from_slice(&written.unwrap()).unwrap();
        assert_eq!(read(&written), expected(response), "{name}");
        assert_eq!(
            written["created_at"],
            json!(response["created_at"].as_f64().unwrap() as u64)
        );
        kept += 1;
    }
    assert!(kept > 120 || exchanges().is_empty(), "{kept}");
    println!("{kept} answers, {failed} errors");
}

fn events(bytes: &str) -> Vec<(Option<String>, Value)> {
    let text = bytes.replace("\r\n", "\n");
    let mut events = Vec::new();
    for block in text.split("\n\n") {
        let field = |name: &str| {
            let lines = block.lines().filter_map(|line| line.strip_prefix(name));
            let lines: Vec<&str> = lines.map(str::trim).collect();
            (!lines.is_empty()).then(|| lines.join("\n"))
        };
        if let Some(data) = field("data:").filter(|data| data != "[DONE]") {
            events.push((field("event:"), serde_json::from_str(&data).unwrap()));
        }
    }
    events
}

fn sse(response: &Value) -> Option<String> {
    if let Some(sse) = response["sse"].as_str() {
        return Some(sse.to_owned());
    }
    let chunks = response["chunks"].as_array()?.iter();
    let mut all = String::new();
    for chunk in chunks.map(|chunk| chunk.as_str().unwrap()) {
        all += &format!("data: {chunk}\n\n");
        // Some recordings hold several streams.
        let data: Value = serde_json::from_str(chunk).unwrap();
        if data["type"] == "response.completed" {
            break;
        }
    }
    Some(all)
}

fn translated(sse: &[u8], size: usize) -> String {
    let options = Options {
        created: 7,
        ..Options::default()
    };
    let (mut stream, mut out) = (Stream::new(D, D, &options), Vec::new());
    for chunk in sse.chunks(size) {
        stream.push(chunk, &mut out);
    }
    stream.finish(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn streams_fold_to_the_same_answer() {
    let (mut kept, mut failed) = (0, 0);
    for (name, exchange) in exchanges() {
        let Some(sse) = sse(&exchange["response"]) else {
            continue;
        };
        let there = events(&sse);
        let last = &there.last().unwrap().1;
        let out = translated(sse.as_bytes(), sse.len());
        assert_eq!(out, translated(sse.as_bytes(), 7), "{name}");
        assert_eq!(out, translated(sse.as_bytes(), 1), "{name}");
        let here = events(&out);
        let end = &here.last().unwrap().1;
        if last["type"] == "response.failed" {
            assert_eq!(end["type"], "error", "{name}");
            assert_eq!(end["code"], "bad_gateway", "{name}");
            failed += 1;
            continue;
        }
        check(&here, &name);
        assert_eq!(end["type"], last["type"], "{name}");
        let mut expected = expected(&last["response"]);
        // The end seals anew what was sealed when it was done; either will do.
        let done = there.iter().map(|(_, data)| data);
        let done = done.filter(|data| data["type"] == "response.output_item.done");
        let seals = done.filter_map(|data| data["item"]["encrypted_content"].as_str());
        expected.seals = seals.filter(|s| !s.is_empty()).map(str::to_owned).collect();
        // Where the ids were hidden, they differ.
        expected.id = there[0].1["response"]["id"].as_str().unwrap().into();
        assert_eq!(read(&end["response"]), expected, "{name}");
        kept += 1;
    }
    assert!(kept > 50 || exchanges().is_empty(), "{kept}");
    println!("{kept} streams, {failed} errors");
}

/// Whether a stream is one, and its pieces add up to what it repeats.
fn check(events: &[(Option<String>, Value)], name: &str) {
    let mut items: Vec<Value> = Vec::new();
    let mut pieces = String::new();
    for (number, (event, data)) in events.iter().enumerate() {
        assert_eq!(event.as_deref(), data["type"].as_str(), "{name}");
        assert_eq!(data["sequence_number"], json!(number), "{name}");
        let kind = data["type"].as_str().unwrap();
        match kind {
            "response.output_item.added" => {
                assert_eq!(data["output_index"], json!(items.len()), "{name}");
                items.push(data["item"].clone());
            }
            "response.output_item.done" => {
                assert_eq!(data["output_index"], json!(items.len() - 1), "{name}");
                assert_eq!(data["item"]["id"], items.last().unwrap()["id"], "{name}");
                *items.last_mut().unwrap() = data["item"].clone();
            }
            "response.content_part.added" | "response.reasoning_summary_part.added" => {
                pieces.clear();
            }
            kind if kind.ends_with(".delta") => {
                assert_eq!(data["item_id"], items.last().unwrap()["id"], "{name}");
                pieces += data["delta"].as_str().unwrap();
            }
            "response.output_text.done" | "response.reasoning_summary_text.done" => {
                assert_eq!(data["text"], json!(pieces), "{name}");
            }
            "response.function_call_arguments.done" => {
                assert!(
                    pieces.ends_with(data["arguments"].as_str().unwrap()),
                    "{name}"
                );
                pieces.clear();
            }
            "response.completed" => {
                assert_eq!(number, events.len() - 1, "{name}");
                assert_eq!(data["response"]["output"], json!(items), "{name}");
            }
            _ => {}
        }
    }
}
