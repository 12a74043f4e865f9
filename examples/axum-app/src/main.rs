//! An axum app that serves a model of its own gets routing with one `.layer(…)`: its handlers are
//! untouched, and when its model is busy the request overflows to a provider.
//!
//! `cargo run -p axum-app` sends a few requests through the app and prints what came back;
//! `cargo run -p axum-app -- serve` serves it on port 3000.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::{
    Json, Router,
    body::Body,
    http::{Request, StatusCode},
    routing::{get, post},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::{ServiceBuilder, ServiceExt};
use towerman::{
    core::{
        BoxError, Dialect,
        policy::{Draft, ProviderDraft, RouteDraft},
    },
    prelude::*,
};
use towerman_sim::Sim;

/// The app as it was before: a home page, and a model server that takes every other request only.
fn app() -> Router {
    Router::new()
        .route("/", get(|| async { "the app's own page" }))
        .route("/v1/chat/completions", post(own_model))
}

async fn own_model(Json(request): Json<Value>) -> Result<Json<Value>, StatusCode> {
    static REQUESTS: AtomicUsize = AtomicUsize::new(0);
    if REQUESTS.fetch_add(1, Ordering::Relaxed) % 2 == 1 {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let answer = json!({ "role": "assistant", "content": "our own model says hello" });
    Ok(Json(json!({
        "id": "own-1", "object": "chat.completion", "created": 0, "model": request["model"],
        "choices": [{ "index": 0, "message": answer, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10 },
    })))
}

/// What is added: the lines between here and `app()`.
fn routed(policy: &PolicyHandle) -> Router {
    app().layer(
        ServiceBuilder::new()
            .layer(EdgeLayer::new())
            .layer(ClassifyLayer::new(policy))
            .layer(RouteLayer::new(policy))
            .layer(AffinityLayer::new())
            .layer(FailoverLayer::new())
            .layer(BreakerLayer::new())
            .layer(CostLayer::new(()))
            .layer(NormalizeLayer::new())
            .layer(UpstreamLayer::new()),
    )
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    // A simulated provider stands in for the one that you have a key for.
    let provider = Sim::anthropic("cloud").build();
    let server = provider.serve().await?;
    let policy = PolicyHandle::new(
        Draft::new()
            .provider(ProviderDraft::inner("own", Dialect::OpenAiChat))
            .provider(ProviderDraft::url(
                "cloud",
                Dialect::Anthropic,
                server.base_url(),
            ))
            .route(RouteDraft::new("chat", ["own/small", "cloud/large"])),
    )?;
    let app = routed(&policy);

    if std::env::args().nth(1).as_deref() == Some("serve") {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
        println!("listening on http://{}", listener.local_addr()?);
        axum::serve(listener, app).await?;
        return Ok(());
    }

    let page = app
        .clone()
        .oneshot(Request::get("/").body(Body::empty())?)
        .await?;
    println!("GET / → {}", text(page.into_body()).await?);
    for number in 1..=4 {
        let body = json!({ "model": "chat", "messages": [{ "role": "user", "content": "Hello" }] });
        let request = Request::post("/v1/chat/completions")
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))?;
        let response = app.clone().oneshot(request).await?;
        let status = response.status();
        let route = response.headers().get("x-towerman-route").cloned();
        let answer: Value = serde_json::from_str(&text(response.into_body()).await?)?;
        let words = &answer["choices"][0]["message"]["content"];
        println!(
            "request {number} → {status} from {}: {words}",
            route.as_ref().map_or("?", |r| r.to_str().unwrap_or("?"))
        );
    }
    server.shutdown().await;
    Ok(())
}

async fn text(body: Body) -> Result<String, BoxError> {
    Ok(String::from_utf8(
        body.collect().await?.to_bytes().to_vec(),
    )?)
}
