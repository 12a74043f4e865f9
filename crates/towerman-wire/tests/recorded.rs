//! Recorded traffic, read by the crate and by an independent reader: both must learn the same.
//!
//! The recordings are not part of the project. `TOWERMAN_SHARED` names the directory that holds
//! `wire/recorded`; without it, `shared/data` beside the workspace is tried.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{env, fs, path::PathBuf, sync::Once};

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use towerman_core::{Dialect, FailureKind, Finish, Phase, Usage};
use towerman_wire::{
    ask, edit,
    fault::{Refused, relay},
    observe::{Learned, Observer},
};

/// The two that need no doors of their own; the others have tests of theirs.
const CLASSIC: [Dialect; 2] = [Dialect::OpenAiChat, Dialect::Anthropic];

struct Exchange {
    name: String,
    dialect: Dialect,
    request: Value,
    status: StatusCode,
    media_type: Option<String>,
    /// The answer's bytes.
    answer: Bytes,
    stream: bool,
}

/// The folder of recordings, or a loud line and nothing.
fn recordings() -> Option<PathBuf> {
    let root = env::var_os("TOWERMAN_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let folder = root.join("wire/recorded");
    if folder.is_dir() {
        return Some(folder);
    }
    assert_ne!(
        env::var("CI").as_deref(),
        Ok("true"),
        "recorded traffic must be there in CI"
    );
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        eprintln!("RECORDED TRAFFIC NOT RUN: no recordings found; set TOWERMAN_SHARED");
    });
    None
}

fn exchanges(dialect: Dialect) -> Vec<Exchange> {
    let Some(folder) = recordings() else {
        return Vec::new();
    };
    let files = fs::read_dir(folder.join(dialect.as_str())).unwrap();
    let all: Vec<_> = files
        .map(|file| {
            let path = file.unwrap().path();
            let exchange: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let response = &exchange["response"];
            let stream = response["sse"].as_str();
            let status = response["status"].as_u64().unwrap();
            Exchange {
                name: path.display().to_string(),
                dialect,
                request: exchange["request"]["body"].clone(),
                status: StatusCode::from_u16(u16::try_from(status).unwrap()).unwrap(),
                media_type: response["headers"]["content-type"]
                    .as_str()
                    .map(str::to_owned),
                answer: stream.map_or_else(
                    || Bytes::from(response["body"].to_string()),
                    |sse| Bytes::copy_from_slice(sse.as_bytes()),
                ),
                stream: stream.is_some(),
            }
        })
        .collect();
    assert!(all.len() > 50, "only {} recordings of {dialect}", all.len());
    all
}

fn observe(exchange: &Exchange, size: usize) -> Learned {
    let media_type = exchange.media_type.as_deref();
    let mut observer = Observer::new(Some(exchange.dialect), exchange.status, media_type);
    for start in (0..exchange.answer.len()).step_by(size) {
        let end = exchange.answer.len().min(start + size);
        observer.push(&exchange.answer.slice(start..end));
    }
    observer.finish();
    observer.learned().clone()
}

/// What a reader that shares no code with the crate finds.
#[derive(Debug, Default, PartialEq)]
struct Expected {
    usage: Option<Usage>,
    finish: Option<String>,
    model: Option<String>,
}

impl Expected {
    fn take(&mut self, dialect: Dialect, value: &Value) {
        let value = match value.get("message") {
            Some(message) if dialect == Dialect::Anthropic => message,
            _ => value,
        };
        if let Some(model) = value["model"].as_str().filter(|model| !model.is_empty()) {
            self.model.get_or_insert(model.to_owned());
        }
        for reason in [
            &value["choices"][0]["finish_reason"],
            &value["stop_reason"],
            &value["delta"]["stop_reason"],
        ] {
            if let Some(reason) = reason.as_str() {
                self.finish = Some(reason.to_owned());
            }
        }
        let usage = &value["usage"];
        if !usage.is_object() {
            return;
        }
        let number = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
        let new = if dialect == Dialect::Anthropic {
            let long = number("/cache_creation/ephemeral_1h_input_tokens");
            Usage {
                input: number("/input_tokens"),
                cache_read: number("/cache_read_input_tokens"),
                cache_write: number("/cache_creation_input_tokens") - long,
                cache_write_long: long,
                output: number("/output_tokens"),
                reasoning: number("/output_tokens_details/thinking_tokens"),
            }
        } else {
            let cached = number("/prompt_tokens_details/cached_tokens");
            let written = number("/prompt_tokens_details/cache_write_tokens");
            Usage {
                input: number("/prompt_tokens") - cached - written,
                cache_read: cached,
                cache_write: written,
                cache_write_long: 0,
                output: number("/completion_tokens"),
                reasoning: number("/completion_tokens_details/reasoning_tokens"),
            }
        };
        self.usage = Some(self.usage.unwrap_or_default().merge(new));
    }

    fn of(exchange: &Exchange) -> Self {
        let mut expected = Self::default();
        let text = std::str::from_utf8(&exchange.answer).unwrap();
        if exchange.stream {
            for line in text.lines() {
                let data = line.strip_prefix("data:").map(str::trim);
                if let Some(data) = data.filter(|data| *data != "[DONE]") {
                    expected.take(exchange.dialect, &serde_json::from_str(data).unwrap());
                }
            }
        } else {
            expected.take(exchange.dialect, &serde_json::from_str(text).unwrap());
        }
        expected
    }
}

fn finish(reason: &str) -> Finish {
    match reason {
        "stop" | "end_turn" | "stop_sequence" => Finish::Stop,
        "length" | "max_tokens" => Finish::Length,
        "tool_calls" | "function_call" | "tool_use" => Finish::ToolCalls,
        "content_filter" | "refusal" => Finish::ContentFilter,
        _ => Finish::Other,
    }
}

fn agrees(dialect: Dialect) {
    for exchange in exchanges(dialect).iter().filter(|e| e.status.is_success()) {
        let expected = Expected::of(exchange);
        let whole = observe(exchange, exchange.answer.len().max(1));
        let name = &exchange.name;
        assert_eq!(whole.usage, expected.usage, "{name}");
        assert_eq!(
            whole.finish,
            expected.finish.as_deref().map(finish),
            "{name}"
        );
        assert_eq!(whole.model.as_deref(), expected.model.as_deref(), "{name}");
        assert!(whole.complete, "{name}");
        assert_eq!(whole.failure, None, "{name}");
        assert_eq!(whole.skipped, 0, "{name}");
        assert_eq!(whole.phase, Phase::Content, "{name}");
        for size in [1, 7, 64, 1000] {
            assert_eq!(observe(exchange, size), whole, "{name} in chunks of {size}");
        }
    }
}

#[test]
fn openai_answers_teach_what_an_independent_reader_finds() {
    agrees(Dialect::OpenAiChat);
}

#[test]
fn anthropic_answers_teach_what_an_independent_reader_finds() {
    agrees(Dialect::Anthropic);
}

#[test]
fn every_request_that_a_provider_served_is_read_and_readdressed() {
    for dialect in CLASSIC {
        for exchange in exchanges(dialect).iter().filter(|e| e.status.is_success()) {
            let (name, request) = (&exchange.name, &exchange.request);
            let body = Bytes::from(request.to_string());
            let ask = ask::read(dialect, &body).unwrap_or_else(|fault| panic!("{name}: {fault}"));
            assert_eq!(request["model"], *ask.model, "{name}");
            assert_eq!(request["stream"] == true, ask.stream, "{name}");
            let tools = ["tools", "functions"].iter().any(|tools| {
                let tools = request[*tools].as_array();
                tools.is_some_and(|tools| !tools.is_empty())
            });
            assert_eq!(tools, ask.tools, "{name}");
            let parts = ["image_url", "input_audio", "image", "document", "file"];
            let media = parts.iter().any(|part| {
                let needle = format!("\"type\":\"{part}\"");
                request["messages"].to_string().contains(&needle)
            });
            assert_eq!(media, ask.media, "{name}");
            let messages = ask.prompt_spans[2].clone().unwrap();
            let messages: Value = serde_json::from_slice(&body[messages]).unwrap();
            assert_eq!(messages, request["messages"], "{name}");
            let counted = Expected::of(exchange)
                .usage
                .map_or(0, |usage| usage.prompt());
            if counted > 0 {
                // The margin that an estimate needs to forbid anything is four. A tiny image is
                // less than its flat figure, and no window is so small that it matters.
                let counted = if ask.media { counted.max(500) } else { counted };
                assert!(
                    ask.prompt_tokens / 4 <= counted,
                    "{name}: {} estimated, {counted} counted",
                    ask.prompt_tokens
                );
            }
            let same = edit::retarget(&ask, &body, &ask.model, false);
            assert_eq!(same.bytes(), Some(&body), "{name}");
        }
    }
}

#[test]
fn every_recorded_error_is_told_to_its_caller_or_kept() {
    for dialect in CLASSIC {
        let errors = exchanges(dialect);
        for exchange in errors.iter().filter(|e| !e.status.is_success()) {
            let name = &exchange.name;
            let refused = Refused {
                dialect,
                status: exchange.status,
                body: &exchange.answer,
                model: "unknown",
            };
            let body: Value = serde_json::from_slice(&exchange.answer).unwrap();
            let told: Value = serde_json::from_slice(&relay(&refused, dialect, "chat")).unwrap();
            for part in ["type", "code", "param", "message"] {
                let (theirs, ours) = (&body["error"][part], &told["error"][part]);
                // A key of ours is nothing that a caller could do anything about.
                if exchange.status == StatusCode::UNAUTHORIZED {
                    assert!(ours.is_null() || ours != theirs, "{name}: {part}");
                } else {
                    assert_eq!(ours, theirs, "{name}: {part}");
                }
            }
            assert_eq!(observe(exchange, 9).phase, Phase::Refused);
        }
    }
}

#[test]
fn no_recorded_mistake_of_a_callers_counts_against_an_endpoint() {
    let Some(folder) = recordings() else { return };
    let mut mistakes = 0;
    for dialect in fs::read_dir(folder).unwrap() {
        for file in fs::read_dir(dialect.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let exchange: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let response = &exchange["response"];
            let status = response["status"].as_u64().unwrap_or(200);
            let body = response["body"].to_string();
            if !matches!(status, 400 | 404 | 413 | 422) {
                continue;
            }
            let status = StatusCode::from_u16(u16::try_from(status).unwrap()).unwrap();
            let mut observer = Observer::new(None, status, None);
            observer.push(&Bytes::from(body.clone()));
            observer.finish();
            // One provider says so with a 400, and with a reason of its own.
            let refused = body.contains("API_KEY_INVALID");
            let expected = refused.then_some(FailureKind::Auth);
            assert_eq!(observer.learned().failure, expected, "{}", path.display());
            mistakes += 1;
        }
    }
    assert!(mistakes > 30, "only {mistakes}");
}
