//! Recorded traffic of both dialects, translated and read on both sides by an independent reader.
//!
//! The recordings are not part of the repository. They are looked for in `$TOWERMAN_SHARED`, or
//! beside the workspace; where they are missing the test says so, and passes, except in CI.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod translate_support;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use towerman_core::{Dialect, Fault, FaultKind};
use towerman_wire::translate::{self, Options, Stream};
use translate_support::{check_grammar, events, read_answer, read_request, read_stream};

const DIALECTS: [(Dialect, Dialect); 2] = [
    (Dialect::OpenAiChat, Dialect::Anthropic),
    (Dialect::Anthropic, Dialect::OpenAiChat),
];

fn recordings() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let shared = env::var_os("TOWERMAN_SHARED").map_or_else(beside, PathBuf::from);
    let recorded = shared.join("wire");
    if recorded.join("recorded").is_dir() {
        return Some(recorded);
    }
    println!(
        "RECORDED TRAFFIC NOT RUN: {} is missing",
        recorded.display()
    );
    assert_ne!(env::var("CI").as_deref(), Ok("true"), "CI must run it");
    None
}

/// Every exchange of a dialect, with its name.
fn exchanges(root: &Path, dialect: Dialect) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for kind in ["recorded", "response-only"] {
        all.extend(folder(root, kind, dialect.as_str()));
    }
    assert!(all.len() > 50, "too few recordings of {dialect}");
    all
}

fn folder(root: &Path, kind: &str, provider: &str) -> Vec<(String, Value)> {
    let entries = fs::read_dir(root.join(kind).join(provider));
    let paths = entries
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path());
    let mut all: Vec<(String, Value)> = paths
        .map(|path| {
            let exchange = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            (path.display().to_string(), exchange)
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// A refusal is precise if it points at something that the request has.
fn check_refusal(fault: &Fault, request: &Value, name: &str) {
    assert_eq!(fault.kind(), FaultKind::InvalidRequest, "{name}: {fault}");
    let pointer = fault
        .named_param()
        .unwrap_or_else(|| panic!("{name}: {fault}"));
    let there = request.pointer(pointer).is_some();
    let parent = &pointer[..pointer.rfind('/').unwrap()];
    let missing = fault.message().ends_with("is missing") && request.pointer(parent).is_some();
    assert!(there || missing, "{name}: {pointer} is not in the request");
}

#[test]
fn recorded_requests_keep_their_meaning_or_are_refused_precisely() {
    let Some(root) = recordings() else { return };
    for (from, to) in DIALECTS {
        let (mut kept, mut refused) = (0, Vec::new());
        for (name, exchange) in exchanges(&root, from) {
            let request = &exchange["request"]["body"];
            if request.is_null() {
                continue;
            }
            let body = serde_json::to_vec(request).unwrap();
            let translated = match translate::request(from, to, &body, "other") {
                Ok(translated) => translated,
                Err(fault) => {
                    check_refusal(&fault, request, &name);
                    refused.push(fault.message().to_owned());
                    continue;
                }
            };
            kept += 1;
            let there: Value = serde_json::from_slice(&translated.body).unwrap();
            assert_eq!(there["model"], "other");
            let (mut expected, mut got) = (read_request(from, request), read_request(to, &there));
            // Results of parallel calls may be reordered, media may move behind them.
            for side in [&mut expected, &mut got] {
                side.results.sort();
                side.media.sort();
            }
            assert_eq!(got, expected, "{name}");
            for loss in translated.losses.list() {
                let set = loss.what.starts_with("set to 4096");
                assert!(
                    set || request.pointer(&loss.pointer).is_some(),
                    "{name}: {loss:?}"
                );
            }
        }
        println!(
            "{from} → {to}: {kept} requests kept, {} refused",
            refused.len()
        );
        refused.iter().for_each(|why| println!("  {why}"));
        assert!(kept > 60);
    }
}

#[test]
fn recorded_answers_say_the_same_in_the_other_dialect() {
    let Some(root) = recordings() else { return };
    for (from, to) in DIALECTS {
        let (mut whole, mut faults) = (0, 0);
        for (name, exchange) in exchanges(&root, from) {
            let body = &exchange["response"]["body"];
            let status = exchange["response"]["status"].as_u64().unwrap_or(200);
            if !body.is_object() || status != 200 || body["error"].is_object() {
                continue;
            }
            let bytes = serde_json::to_vec(body).unwrap();
            let there = match translate::response(
                from,
                to,
                &bytes,
                &translate::Options {
                    created: 7,
                    ..Default::default()
                },
            ) {
                Ok(there) => there,
                Err(fault) => {
                    assert!(
                        body["choices"][0]["message"]["function_call"].is_object(),
                        "{name}: {fault}"
                    );
                    faults += 1;
                    continue;
                }
            };
            whole += 1;
            let mut expected = read_answer(from, body);
            let got = read_answer(to, &serde_json::from_slice(&there).unwrap());
            forgive(&mut expected, body);
            // A legacy call, which the reader does not know.
            if body["choices"][0]["message"]["function_call"].is_object() {
                assert_eq!(got.calls.len(), 1, "{name}");
                continue;
            }
            assert_eq!(got, expected, "{name}");
        }
        println!("{from} → {to}: {whole} answers, {faults} faults");
        assert!(whole > 60);
    }
}

#[test]
fn recorded_streams_say_the_same_in_the_other_dialect() {
    let Some(root) = recordings() else { return };
    for (from, to) in DIALECTS {
        let mut count = 0;
        for (name, exchange) in exchanges(&root, from) {
            let Some(sse) = exchange["response"]["sse"].as_str() else {
                continue;
            };
            let legacy = sse.contains("\"function_call\":{");
            if legacy {
                continue;
            }
            count += 1;
            for include_usage in [true, false] {
                let whole = run(from, to, [sse.as_bytes()], include_usage);
                for size in [1, 7, 1000] {
                    let cut = run(from, to, sse.as_bytes().chunks(size), include_usage);
                    assert!(cut == whole, "{name}: chunks of {size}");
                }
                check_grammar(to, &whole, include_usage);
                let (mut expected, mut got) = (read_stream(from, sse), read_stream(to, &whole));
                let refused = Value::String(sse.to_owned());
                forgive(&mut expected, &refused);
                if to == Dialect::OpenAiChat && !include_usage {
                    got.usage = expected.usage;
                }
                assert_eq!(got, expected, "{name}");
            }
            // Torn anywhere, it is never whole.
            let last = events(sse).len();
            let torn: String = sse.split_inclusive("\n\n").take(last / 2).collect();
            let torn = run(from, to, [torn.as_bytes()], true);
            assert!(
                !torn.contains("message_stop") && !torn.contains("[DONE]"),
                "{name}"
            );
        }
        println!("{from} → {to}: {count} streams");
        assert!(count > 20);
    }
}

/// Providers that speak OpenAI's dialect, each in its own way.
const CLONES: [&str; 18] = [
    "avian",
    "azure-chat",
    "bedrock-mantle-openai",
    "cerebras",
    "crusoe",
    "deepseek",
    "gemini-openai-compat",
    "gpustack",
    "groq",
    "huggingface",
    "llama-cpp",
    "mistral",
    "ollama-openai",
    "openrouter",
    "perplexity",
    "together",
    "xai",
    "zai",
];

#[test]
fn recorded_streams_of_clones_become_strict_ones_or_errors() {
    let Some(root) = recordings() else { return };
    let (mut count, mut failed) = (0, 0);
    for clone in CLONES {
        for (name, exchange) in folder(&root, "recorded", clone) {
            let Some(sse) = exchange["response"]["sse"].as_str() else {
                continue;
            };
            let (from, to) = DIALECTS[0];
            let whole = run(from, to, [sse.as_bytes()], false);
            let cut = run(from, to, sse.as_bytes().chunks(11), false);
            assert!(cut == whole, "{name}");
            let errs = sse.contains("\"error\":{");
            assert_eq!(whole.contains("event: error"), errs, "{name}");
            if errs {
                failed += 1;
                continue;
            }
            count += 1;
            check_grammar(to, &whole, false);
            let got = read_stream(to, &whole);
            let (said, names) = choices(sse);
            assert_eq!(got.text, said, "{name}");
            let called: Vec<String> = got.calls.into_iter().map(|call| call.1).collect();
            assert_eq!(called, names, "{name}");
            assert!(
                got.usage.3 > 0 || !sse.contains("\"completion_tokens\""),
                "{name}"
            );
        }
    }
    println!("clones → anthropic: {count} streams, {failed} failed at the provider");
    assert!(count > 60 && failed > 1);
}

/// The text of a clone's stream, and the names of its calls.
fn choices(sse: &str) -> (String, Vec<String>) {
    let (mut said, mut names) = (String::new(), Vec::new());
    for (_, data) in events(sse).iter().filter(|(_, data)| data != "[DONE]") {
        let chunk: Value = serde_json::from_str(data).unwrap();
        let delta = &chunk["choices"][0]["delta"];
        said += delta["content"].as_str().unwrap_or_default();
        for part in delta["content"].as_array().into_iter().flatten() {
            said += part["text"].as_str().unwrap_or_default();
        }
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            names.extend(call["function"]["name"].as_str().map(str::to_owned));
        }
    }
    (said, names)
}

fn run<'a>(
    from: Dialect,
    to: Dialect,
    chunks: impl IntoIterator<Item = &'a [u8]>,
    include_usage: bool,
) -> String {
    let options = Options {
        include_usage,
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

/// Where the dialects differ on purpose: a call is `tool_calls` there even if it was forced, and
/// a refusal is a stop reason of its own.
fn forgive(expected: &mut translate_support::Answer, body: &Value) {
    if !expected.calls.is_empty() && expected.stop == "stop" {
        expected.stop = "tool_calls".into();
    }
    if body["choices"][0]["message"]["refusal"].is_string() {
        expected.stop = "content_filter".into();
    }
}
