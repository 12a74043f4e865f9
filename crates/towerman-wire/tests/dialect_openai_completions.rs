//! Recorded traffic of OpenAI's legacy completions, through the neutral form and back, read on
//! both sides by an independent reader.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};
use towerman_core::Dialect;
use towerman_wire::translate::{self, Options, Stream};

const D: Dialect = Dialect::OpenAiCompletions;

/// Every exchange, with its name.
fn exchanges() -> Vec<(String, Value)> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = env::var_os("TOWERMAN_SHARED").map_or_else(beside, PathBuf::from);
    let Ok(entries) = fs::read_dir(root.join("wire/recorded/openai-completions")) else {
        println!("RECORDED TRAFFIC NOT RUN: {} is missing", root.display());
        assert_ne!(env::var("CI").as_deref(), Ok("true"), "CI must run it");
        return Vec::new();
    };
    let all: Vec<_> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let exchange = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            (path.display().to_string(), exchange)
        })
        .collect();
    assert!(all.len() > 5, "too few recordings: {}", all.len());
    all
}

/// As it means the same: nulls are absence, numbers are numbers.
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
    for (name, exchange) in exchanges() {
        let request = &exchange["request"]["body"];
        let body = serde_json::to_vec(request).unwrap();
        let written = translate::request(D, D, &body, "other").unwrap();
        assert!(written.losses.list().is_empty(), "{name}");
        let mut expected = bare(request);
        expected["model"] = json!("other");
        let written: Value = serde_json::from_slice(&written.body).unwrap();
        assert_eq!(bare(&written), expected, "{name}");
    }
}

#[test]
fn answers_are_written_as_they_were_read() {
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
        )
        .unwrap();
        let written: Value = serde_json::from_slice(&written).unwrap();
        for member in ["id", "object", "created", "model", "choices"] {
            assert_eq!(written[member], response[member], "{name}");
        }
        for count in ["prompt_tokens", "completion_tokens", "total_tokens"] {
            assert_eq!(written["usage"][count], response["usage"][count], "{name}");
        }
    }
}

fn translated(sse: &[u8], size: usize) -> String {
    let (mut stream, mut out) = (Stream::new(D, D, &Options::default()), Vec::new());
    for chunk in sse.chunks(size) {
        stream.push(chunk, &mut out);
    }
    stream.finish(&mut out);
    String::from_utf8(out).unwrap()
}

/// Text, reason to stop, id, model.
fn fold(sse: &str) -> [String; 4] {
    let mut folded: [String; 4] = Default::default();
    for data in sse.lines().filter_map(|line| line.strip_prefix("data: ")) {
        if data == "[DONE]" {
            return folded;
        }
        let chunk: Value = serde_json::from_str(data).unwrap();
        let choice = &chunk["choices"][0];
        folded[0] += choice["text"].as_str().unwrap();
        folded[1] += choice["finish_reason"].as_str().unwrap_or_default();
        folded[2] = chunk["id"].as_str().unwrap().into();
        folded[3] = chunk["model"].as_str().unwrap().into();
    }
    panic!("the stream has no end");
}

#[test]
fn streams_fold_to_the_same_answer() {
    let mut kept = 0;
    for (name, exchange) in exchanges() {
        let Some(sse) = exchange["response"]["sse"].as_str() else {
            continue;
        };
        let out = translated(sse.as_bytes(), sse.len());
        assert_eq!(out, translated(sse.as_bytes(), 7), "{name}");
        assert_eq!(out, translated(sse.as_bytes(), 1), "{name}");
        assert_eq!(fold(&out), fold(sse), "{name}");
        kept += 1;
    }
    println!("{kept} streams");
}
