//! Recorded provider traffic: every answer reaches a client of the same dialect byte for byte, and
//! usage and finish reason are read as an independent reader reads them. An error that is the
//! caller's keeps its status, type, code and part; its bytes are ours.
#![allow(clippy::unwrap_used)]

use std::{collections::HashMap, convert::Infallible, fs, net::SocketAddr, path::Path, sync::Arc};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use tokio::{net::TcpListener, task::JoinSet};
use towerman::core::{
    Dialect,
    policy::{Draft, EndpointDraft, FailoverRules, ProviderDraft, RouteDraft},
};
use towerman_tests::{Gateway, post, recorded};

#[derive(Deserialize)]
struct Recording {
    request: RecordedRequest,
    response: RecordedResponse,
}

#[derive(Deserialize)]
struct RecordedRequest {
    body: Value,
}

#[derive(Deserialize)]
struct RecordedResponse {
    status: u16,
    // As it stands in the file: key order and spacing are part of the test.
    #[serde(default)]
    body: Option<Box<RawValue>>,
    #[serde(default)]
    sse: Option<String>,
    #[serde(default)]
    text: Option<String>,
}

impl RecordedResponse {
    fn bytes(&self) -> Bytes {
        let json = self.body.as_ref().map(|body| body.get().to_owned());
        json.or_else(|| self.sse.clone())
            .or_else(|| self.text.clone())
            .unwrap_or_default()
            .into()
    }
}

fn load(folder: &Path) -> Vec<(String, Recording)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (
                name,
                serde_json::from_slice(&fs::read(path).unwrap()).unwrap(),
            )
        })
        .collect()
}

/// Serves the recorded answer that the request's model names.
async fn stub(answers: HashMap<String, (u16, bool, Bytes)>) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answers = Arc::new(answers);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let answers = Arc::clone(&answers);
            connections.spawn(async move {
                let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                    let answers = Arc::clone(&answers);
                    async move {
                        let body = request.into_body().collect().await.unwrap().to_bytes();
                        let asked: Value = serde_json::from_slice(&body).unwrap();
                        let (status, streams, body) =
                            answers[asked["model"].as_str().unwrap()].clone();
                        let kind = if streams {
                            "text/event-stream"
                        } else {
                            "application/json"
                        };
                        let response = Response::builder()
                            .status(status)
                            .header(header::CONTENT_TYPE, kind);
                        Ok::<_, Infallible>(response.body(Full::new(body)).unwrap())
                    }
                });
                let _ = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    (address, tasks)
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Read {
    prompt: u64,
    cached: u64,
    output: u64,
    finish: Option<&'static str>,
}

/// Reads usage and finish without any of the code under test.
fn independent(dialect: Dialect, response: &RecordedResponse) -> Read {
    let mut read = Read::default();
    let events: Vec<Value> = match &response.sse {
        Some(sse) => sse
            .lines()
            .filter_map(|line| line.strip_prefix("data:"))
            .filter_map(|data| serde_json::from_str(data.trim()).ok())
            .collect(),
        None => vec![serde_json::from_slice(&response.bytes()).unwrap_or_default()],
    };
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    for event in &events {
        match dialect {
            Dialect::Anthropic => {
                let message = if event["message"].is_object() {
                    &event["message"]
                } else {
                    event
                };
                let usage = if event["usage"].is_object() {
                    &event["usage"]
                } else {
                    &message["usage"]
                };
                let cached = number(&usage["cache_read_input_tokens"]);
                let prompt = number(&usage["input_tokens"])
                    + cached
                    + number(&usage["cache_creation_input_tokens"]);
                read.prompt = read.prompt.max(prompt);
                read.cached = read.cached.max(cached);
                read.output = read.output.max(number(&usage["output_tokens"]));
                let reason = event["delta"]["stop_reason"]
                    .as_str()
                    .or_else(|| message["stop_reason"].as_str());
                read.finish = reason.map(finish).or(read.finish);
            }
            _ => {
                let usage = &event["usage"];
                read.prompt = read.prompt.max(number(&usage["prompt_tokens"]));
                read.cached = read
                    .cached
                    .max(number(&usage["prompt_tokens_details"]["cached_tokens"]));
                read.output = read.output.max(number(&usage["completion_tokens"]));
                read.finish = event["choices"][0]["finish_reason"]
                    .as_str()
                    .map(finish)
                    .or(read.finish);
            }
        }
    }
    read
}

fn finish(reason: &str) -> &'static str {
    match reason {
        "stop" | "end_turn" | "stop_sequence" => "stop",
        "length" | "max_tokens" | "model_context_window_exceeded" => "length",
        "tool_calls" | "tool_use" | "function_call" => "tool_calls",
        "content_filter" | "refusal" => "content_filter",
        _ => "other",
    }
}

/// What the client must see of a recorded status.
fn mapped(status: u16) -> Option<&'static [u16]> {
    match status {
        401 | 403 => Some(&[502]),
        402 => Some(&[503]),
        429 => Some(&[429, 503]),
        500.. => Some(&[502, 503, 504, 529]),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recorded_answers_pass_byte_for_byte() {
    let Some(folder) = recorded() else { return };
    let (mut identical, mut told, mut translated, mut refused) = (0, 0, 0, Vec::new());
    for dialect in towerman_tests::CLASSIC {
        let recordings = load(&folder.join(dialect.as_str()));
        assert!(
            recordings.len() > 50,
            "{dialect}: {} recordings",
            recordings.len()
        );
        let answers = recordings
            .iter()
            .map(|(name, recording)| {
                let response = &recording.response;
                (
                    name.clone(),
                    (response.status, response.sse.is_some(), response.bytes()),
                )
            })
            .collect();
        let (address, _stub) = stub(answers).await;
        let once = FailoverRules {
            max_attempts: 1,
            ..FailoverRules::default()
        };
        let provider = |name: &str| ProviderDraft::url(name, dialect, format!("http://{address}"));
        let mut draft = Draft::new().failover(once);
        for (name, _) in &recordings {
            // A provider each, so that no recorded failure opens another's circuit.
            let endpoint = format!("p{name}/{name}");
            draft = draft
                .provider(provider(&format!("p{name}")))
                .endpoint(EndpointDraft::new(&endpoint))
                .route(RouteDraft::new(name, [endpoint]));
        }
        let gateway = Gateway::start(draft).await;
        let url = format!("{}{}", gateway.url(), dialect.path());
        for (name, recording) in &recordings {
            let mut body = recording.request.body.clone();
            body["model"] = name.as_str().into();
            let answer = post(&url, &body).await;
            let response = &recording.response;
            let place = format!("{dialect}/{name}");
            if answer.status == StatusCode::BAD_REQUEST
                && gateway
                    .decisions
                    .lock()
                    .unwrap()
                    .last()
                    .unwrap()
                    .attempts
                    .is_empty()
            {
                refused.push((place, response.status, answer.text()));
                continue;
            }
            if let Some(expected) = mapped(response.status) {
                assert!(
                    expected.contains(&answer.status.as_u16()),
                    "{place}: {} for {}",
                    answer.status,
                    response.status
                );
                translated += 1;
                continue;
            }
            assert_eq!(
                answer.status.as_u16(),
                response.status,
                "{place}: {}",
                answer.text()
            );
            if response.status >= 400 {
                let theirs: Value = serde_json::from_slice(&response.bytes()).unwrap();
                let ours: Value = serde_json::from_str(&answer.text()).unwrap();
                assert_eq!(ours["type"], theirs["type"], "{place}");
                for part in ["type", "code", "param"] {
                    assert_eq!(
                        ours["error"][part], theirs["error"][part],
                        "{place}: {part}"
                    );
                }
                // Ids of our account's requests are no business of the client's.
                assert_eq!(ours.get("request_id"), None, "{place}");
                told += 1;
                continue;
            }
            assert_eq!(
                answer.text(),
                String::from_utf8_lossy(&response.bytes()),
                "{place}"
            );
            identical += 1;
            if response.status == 200 {
                let decisions = gateway.decisions.lock().unwrap();
                let attempt = &decisions.last().unwrap().attempts[0];
                let read = Read {
                    prompt: attempt.input + attempt.cache_read + attempt.cache_write,
                    cached: attempt.cache_read,
                    output: attempt.output,
                    finish: attempt.finish,
                };
                let expected = independent(dialect, response);
                if expected.prompt > 0 {
                    assert_eq!(read, expected, "{place}");
                } else {
                    assert!(
                        attempt.estimated,
                        "{place}: no usage was recorded, so it is an estimate"
                    );
                    assert_eq!(read.finish, expected.finish, "{place}");
                }
            }
        }
        gateway.stop().await;
    }
    println!(
        "{identical} identical, {told} told, {translated} mapped, {} refused before they were sent",
        refused.len()
    );
    for (place, status, why) in &refused {
        // What we refuse, the provider refused too.
        assert!(
            (400..500).contains(status),
            "{place} was refused, but the provider said {status}: {why}"
        );
    }
    assert!(identical > 150, "only {identical}");
    assert!(told > 10, "only {told} errors");
}
