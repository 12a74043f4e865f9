//! The stack as a client: no server, no port. A program that calls a model calls the stack
//! instead, and gets failover, one dialect and a bill.
//!
//! `cargo run -p hyper-client`

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::{ServiceBuilder, ServiceExt};
use towerman::{
    core::{
        BoxError, Dialect, Price,
        policy::{Draft, EndpointDraft, ProviderDraft, RouteDraft},
    },
    cost::Memory,
    prelude::*,
};
use towerman_sim::{Fault, Sim};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    // Two simulated providers stand in for those that you have keys for. The first is overloaded.
    let (busy, calm) = (Sim::openai("busy").build(), Sim::anthropic("calm").build());
    let (first, second) = (busy.serve().await?, calm.serve().await?);
    busy.faults().always(Fault::Overloaded);
    let price = Price {
        input: 3_000_000,
        output: 15_000_000,
        ..Price::default()
    };
    let policy = PolicyHandle::new(
        Draft::new()
            .provider(ProviderDraft::url(
                "busy",
                Dialect::OpenAiChat,
                first.base_url(),
            ))
            .provider(ProviderDraft::url(
                "calm",
                Dialect::Anthropic,
                second.base_url(),
            ))
            .endpoint(EndpointDraft::new("calm/large").price(price))
            .route(RouteDraft::new("chat", ["busy/large", "calm/large"])),
    )?;
    let ledger = Memory::default();

    let llm = ServiceBuilder::new()
        .layer(EdgeLayer::new())
        .layer(RouteLayer::new(&policy))
        .layer(FailoverLayer::new())
        .layer(BreakerLayer::new())
        .layer(CostLayer::new(ledger.clone()))
        .layer(NormalizeLayer::new())
        .service(Upstream::new());

    let body = json!({ "model": "chat", "messages": [{ "role": "user", "content": "say:\"Hello from afar\"" }] });
    let request =
        Request::post("/v1/chat/completions").body(Full::<Bytes>::from(body.to_string()))?;
    let response = llm.oneshot(request).await?;
    let report = response
        .extensions()
        .get::<RouteReport>()
        .cloned()
        .unwrap_or_default();
    let answer: Value = serde_json::from_slice(&response.into_body().collect().await?.to_bytes())?;

    println!("answer: {}", answer["choices"][0]["message"]["content"]);
    for attempt in report.attempts() {
        let facts = attempt.facts();
        println!(
            "attempt {} at {}: {}",
            attempt.number(),
            attempt.endpoint().name,
            facts.verdict().as_str()
        );
    }
    for line in ledger.lines() {
        println!("ledger: {}", serde_json::to_string(&line)?);
    }
    first.shutdown().await;
    second.shutdown().await;
    Ok(())
}
