//! An app that gets the stack as a layer keeps its own pages as they are.
#![allow(clippy::unwrap_used)]

use axum::{
    Router,
    body::Body,
    routing::{get, post},
};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use tower::{ServiceBuilder, ServiceExt};
use towerman::{
    core::{
        CircuitState, Dialect, Endpoint,
        policy::{Draft, ProviderDraft, RouteDraft},
    },
    cost::Memory,
    prelude::*,
    telemetry::Prometheus,
};

const BROKEN: (StatusCode, [(&str, &str); 2], &str) = (
    StatusCode::INTERNAL_SERVER_ERROR,
    [("content-type", "text/html"), ("retry-after", "60")],
    "<h1>broken</h1>",
);

/// An app that knows nothing of models.
fn app() -> Router {
    Router::new()
        .route("/", get(|| async { "a page" }))
        .route("/admin", get(|| async { BROKEN }))
        .route("/v1/models", get(|| async { "a catalogue of shoes" }))
        .route("/echo", post(|body: Body| async { body }))
        .route(
            "/events",
            get(|| async { ([("content-type", "text/event-stream")], "data: mine\n\n") }),
        )
}

#[derive(Debug, PartialEq)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    length: Option<u64>,
    body: Bytes,
}

async fn send(app: &Router, method: Method, path: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("x-request-id", "not fine, but the app's")
        .header("authorization", "Bearer the app's")
        .body(Body::from("any bytes at all"))
        .unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let length = http_body::Body::size_hint(&body).exact();
    Answer {
        status: parts.status,
        headers: parts.headers,
        length,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

#[tokio::test]
async fn an_apps_own_pages_are_neither_changed_nor_judged_nor_billed() {
    let policy = PolicyHandle::new(
        Draft::new()
            .provider(ProviderDraft::inner("own", Dialect::OpenAiChat))
            .route(RouteDraft::new("chat", ["own/small"])),
    )
    .unwrap();
    let (prometheus, ledger) = (Prometheus::new().unwrap(), Memory::new());
    let telemetry = prometheus.layer(&policy);
    let (breaker, cost) = (BreakerLayer::new(), CostLayer::new(ledger.clone()));
    let routed = app().layer(
        ServiceBuilder::new()
            .layer(telemetry.clone())
            // An app that answers this one by itself says so.
            .layer(EdgeLayer::new().models(false))
            .layer(ClassifyLayer::new(&policy))
            .layer(RouteLayer::new(&policy))
            .layer(AffinityLayer::new())
            .layer(FailoverLayer::new())
            .layer(breaker.clone())
            .layer(cost.clone())
            .layer(NormalizeLayer::new())
            .layer(UpstreamLayer::new()),
    );

    for _ in 0..10 {
        let broken = send(&routed, Method::GET, "/admin").await;
        assert_eq!(broken, send(&app(), Method::GET, "/admin").await);
        assert_eq!(broken.status, StatusCode::INTERNAL_SERVER_ERROR);
    }
    for (method, path) in [
        (Method::GET, "/"),
        (Method::HEAD, "/"),
        (Method::POST, "/"),
        (Method::POST, "/echo"),
        (Method::GET, "/events"),
        (Method::GET, "/v1/models"),
    ] {
        let answer = send(&routed, method.clone(), path).await;
        let alone = send(&app(), method.clone(), path).await;
        assert_eq!(answer, alone, "{method} {path}");
    }

    assert_eq!(ledger.lines(), []);
    assert_eq!(cost.totals().grand(), towerman::cost::Total::default());
    let circuit = breaker.snapshot(Endpoint::unrouted());
    assert_eq!((circuit.state, circuit.calls), (CircuitState::Closed, 0));
    let metrics = prometheus.render(&telemetry);
    let attempts = metrics
        .lines()
        .filter(|line| line.starts_with("towerman_attempts_total{"));
    for attempt in attempts {
        assert!(attempt.ends_with(" 0"), "{attempt}");
    }
}
