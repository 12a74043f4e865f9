//! The decision event, as a subscriber receives it: every field, for the ways a request can go.
#![allow(clippy::unwrap_used)]

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Map, Value, json};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use towerman::{
    core::{
        BoxError, Dialect, PolicyHandle, Price,
        policy::{Draft, EndpointDraft, ProviderDraft, RouteDraft},
    },
    prelude::*,
};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

type Fields = Map<String, Value>;

/// Keeps the fields of every decision event.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Fields>>>);

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "towerman::decision"
    }
    fn event(&self, event: &Event<'_>) {
        let mut fields = Noted(Map::new());
        event.record(&mut fields);
        fields.note("level", event.metadata().level().as_str());
        self.0.lock().unwrap().push(fields.0);
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Noted(Fields);

impl Noted {
    fn note(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }
}

impl Visit for Noted {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.note(field.name(), value);
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.note(field.name(), value);
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.note(field.name(), value);
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.note(field.name(), value);
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        unreachable!("{field} is not of a plain type: {value:?}");
    }
}

/// Two endpoints of one provider, which is the service in memory.
fn policy() -> PolicyHandle {
    let price = Price {
        input: 2_000_000,
        cache_read: 500_000,
        output: 8_000_000,
        ..Price::default()
    };
    let draft = Draft::new()
        .provider(ProviderDraft::inner("own", Dialect::OpenAiChat))
        .endpoint(EndpointDraft::new("own/first").price(price))
        .endpoint(EndpointDraft::new("own/second").price(price))
        .route(RouteDraft::new("chat", ["own/first", "own/second"]));
    PolicyHandle::new(draft).unwrap()
}

const ANSWER: &str = r#"{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hello."},"finish_reason":"stop"}],"usage":{"prompt_tokens":250,"completion_tokens":10,"total_tokens":260,"prompt_tokens_details":{"cached_tokens":128}}}"#;

/// Sends one request through the whole stack, in which the endpoints `down` answer 500. The
/// fields of its event.
async fn event(down: &'static [&'static str], request: Request<Full<bytes::Bytes>>) -> Fields {
    let policy = policy();
    let stack = ServiceBuilder::new()
        .layer(TelemetryLayer::new(&policy))
        .layer(EdgeLayer::new())
        .layer(ClassifyLayer::new(&policy))
        .layer(RouteLayer::new(&policy))
        .layer(AffinityLayer::new())
        .layer(FailoverLayer::new())
        .layer(BreakerLayer::new())
        .layer(CostLayer::new(()))
        .layer(NormalizeLayer::new())
        .layer(UpstreamLayer::new())
        .service(service_fn(move |request: Request<Body>| async move {
            let cx = RouteContext::of(&request);
            let fails = cx
                .attempt()
                .is_some_and(|attempt| down.contains(&&*attempt.endpoint().name));
            let mut response = Response::new(Body::from(if fails { "{}" } else { ANSWER }));
            if fails {
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            }
            let json = "application/json".parse()?;
            response.headers_mut().insert("content-type", json);
            Ok::<_, BoxError>(response)
        }));
    let recorder = Recorder::default();
    let _guard = tracing::subscriber::set_default(recorder.clone());
    let response = stack.oneshot(request).await.unwrap();
    response.into_body().collect().await.unwrap();
    let mut events = recorder.0.lock().unwrap().clone();
    assert_eq!(events.len(), 1, "one request, one event");
    events.remove(0)
}

fn ask(method: Method, path: &str, body: &'static str) -> Request<Full<bytes::Bytes>> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("x-request-id", "req-1")
        .header("x-session-id", "session-1")
        .body(Full::from(body))
        .unwrap()
}

const CHAT: &str = r#"{"model":"chat","messages":[{"role":"user","content":"secret words"}]}"#;

/// The nested parts are JSON in strings: reads them.
fn unfold(mut fields: Fields) -> Fields {
    for name in ["candidates", "attempts", "why", "steps"] {
        let text = fields[name].as_str().unwrap().to_owned();
        fields.insert(name.to_owned(), serde_json::from_str(&text).unwrap());
    }
    fields
}

/// Takes out what a clock measured, having looked whether it can be true; `steps` keep their
/// names.
fn without_times(mut fields: Fields) -> Value {
    let took = fields.remove("duration_ms").unwrap().as_f64().unwrap();
    let overhead = fields.remove("overhead_us").unwrap().as_u64().unwrap();
    assert!(took > 0.0 && took < 60_000.0, "{took} ms");
    assert!(overhead as f64 <= took * 1e3, "{overhead} µs of {took} ms");
    let stream = fields["stream"] == true;
    for attempt in fields["attempts"].as_array_mut().unwrap() {
        let attempt = attempt.as_object_mut().unwrap();
        let took_here = attempt.remove("duration_ms").unwrap().as_f64().unwrap();
        let first = attempt.remove("first_content_ms").unwrap();
        assert!(took_here <= took && first.as_f64().unwrap_or(0.0) <= took_here);
        // A whole answer has no first content: all of it comes at once.
        let streamed = stream && attempt["outcome"] == "success";
        assert_eq!(first.is_null(), !streamed);
    }
    for step in fields["steps"].as_array_mut().unwrap() {
        let us = step["us"].as_f64().unwrap();
        assert!(us > 0.0 && us <= took * 1e3, "{step}");
        *step = step["name"].take();
    }
    fields.into()
}

#[tokio::test]
async fn a_plain_success_tells_every_field() {
    let fields = event(&[], ask(Method::POST, "/v1/chat/completions", CHAT)).await;
    assert!(!format!("{fields:?}").contains("secret"), "{fields:?}");
    assert_eq!(
        without_times(unfold(fields)),
        json!({
            "level": "INFO",
            "request_id": "req-1",
            "revision": 1,
            "method": "POST",
            "dialect": "openai-chat",
            "model": "chat",
            "stream": false,
            "prompt_tokens": 11,
            "tenant": "anonymous",
            "priority": "normal",
            "task": "chat",
            "cohort": 887,
            "route": "chat",
            "strategy": "priority",
            "candidates": [
                { "endpoint": "own/first", "score": 0.0, "terms": [], "vetoes": [] },
                { "endpoint": "own/second", "score": 1.0, "terms": [], "vetoes": [] },
            ],
            "attempts": [{
                "endpoint": "own/first", "outcome": "success", "status": 200, "finish": "stop",
                "input": 122, "cache_read": 128, "cache_write": 0, "output": 10,
                "cost_usd": "0.000388", "estimated": false, "scope": null, "skipped_events": 0, "losses": [],
            }],
            "why": [],
            "steps": ["read", "classify", "route", "affinity", "normalize"],
            "outcome": "success",
            "status": 200,
            "cost_usd": "0.000388",
            "saved_usd": "0.000192",
        })
    );
}

#[tokio::test]
async fn a_failover_tells_both_attempts_and_why() {
    let request = ask(Method::POST, "/v1/chat/completions", CHAT);
    let fields = unfold(event(&["own/first"], request).await);
    let mut plain = unfold(event(&[], ask(Method::POST, "/v1/chat/completions", CHAT)).await);
    let mut answered = plain["attempts"][0].clone();
    answered["endpoint"] = json!("own/second");
    let failed = json!({
        "endpoint": "own/first", "outcome": "server_error", "status": 500, "finish": null,
        "first_content_ms": null, "duration_ms": 0.0,
        "input": 0, "cache_read": 0, "cache_write": 0, "output": 0,
        "cost_usd": "0", "estimated": false, "scope": "model", "skipped_events": 0, "losses": [],
    });
    plain["attempts"] = json!([failed, answered]);
    plain["why"] = json!(["own/first failed: server_error"]);
    let mut steps = plain["steps"].as_array().unwrap().clone();
    steps.extend(steps.last().cloned());
    plain["steps"] = steps.into();
    assert_eq!(without_times(fields), without_times(plain));
}

#[tokio::test]
async fn a_refusal_at_the_edge_tells_what_was_wrong() {
    let request = ask(Method::GET, "/v1/messages?key=secret", CHAT);
    let refused = |why: &str, method: &str, dialect: &str, outcome: &str, status: u16| {
        json!({
            "level": "INFO",
            "request_id": "req-1",
            "method": method,
            "dialect": dialect,
            "stream": false,
            "prompt_tokens": 0,
            "tenant": "anonymous",
            "priority": "normal",
            "candidates": [],
            "attempts": [],
            "why": [why],
            "steps": [],
            "outcome": outcome,
            "status": status,
            "cost_usd": "0",
            "saved_usd": "0",
        })
    };
    assert_eq!(
        without_times(unfold(event(&[], request).await)),
        refused(
            "refused: this path takes POST requests only",
            "GET",
            "anthropic",
            "method_not_allowed",
            405
        )
    );

    let request = ask(
        Method::POST,
        "/v1/chat/completions",
        r#"{"model":"chat","messages":"secret"}"#,
    );
    let mut fields = unfold(event(&[], request).await);
    fields["steps"] = json!([]);
    assert_eq!(
        without_times(fields),
        refused(
            "refused: messages: must be an array (messages)",
            "POST",
            "openai-chat",
            "invalid_request",
            400
        )
    );
}

#[tokio::test]
async fn a_path_of_no_dialect_is_told_without_the_path() {
    let request = ask(Method::POST, "/v1/secret", CHAT);
    let fields = event(&[], request).await;
    assert_eq!(
        (&fields["method"], &fields["outcome"]),
        (&json!("POST"), &json!("success"))
    );
    assert!(!fields.contains_key("dialect") && !format!("{fields:?}").contains("secret"));
}

#[tokio::test]
async fn an_unknown_model_tells_which_and_that_there_is_no_route() {
    let body = r#"{"model":"gpt-0","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let fields = event(&[], ask(Method::POST, "/v1/chat/completions", body)).await;
    assert_eq!(
        without_times(unfold(fields)),
        json!({
            "level": "INFO",
            "request_id": "req-1",
            "revision": 1,
            "method": "POST",
            "dialect": "openai-chat",
            "model": "gpt-0",
            "stream": true,
            "prompt_tokens": 8,
            "tenant": "anonymous",
            "priority": "normal",
            "task": "chat",
            "cohort": 887,
            "candidates": [],
            "attempts": [],
            "why": ["refused: there is no model \"gpt-0\"; GET /v1/models says which there are (model)"],
            "steps": ["read", "classify", "route"],
            "outcome": "not_found",
            "status": 404,
            "cost_usd": "0",
            "saved_usd": "0",
        })
    );
}
