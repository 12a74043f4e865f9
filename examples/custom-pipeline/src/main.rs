//! A pipeline of one's own: a layer between ours that says where data may go, a layer of the
//! user's between Failover and Breaker, and a stack in another order.
//!
//! `cargo run -p custom-pipeline`

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use serde_json::json;
use tower::{Service, ServiceBuilder, ServiceExt, layer::layer_fn};
use towerman::{
    core::{
        BoxError, Dialect, Term, Veto,
        policy::{Draft, ProviderDraft, RouteDraft},
    },
    prelude::*,
};
use towerman_sim::Sim;

/// Keeps requests of some tenants in a region: a veto, which the decision record will quote.
#[derive(Clone)]
struct Residency<S> {
    inner: S,
}

impl<S> Service<Request<Body>> for Residency<S>
where
    S: Service<Request<Body>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> S::Future {
        let bound = request.headers().contains_key("x-keep-in-eu");
        RouteContext::edit(&mut request, |cx| {
            cx.edit_candidates(|candidates| {
                for candidate in candidates.iter_mut() {
                    let abroad = !candidate.endpoint().name.starts_with("eu/");
                    if bound && abroad {
                        candidate.veto("residency", Veto::Capability("residency in the EU"));
                    } else if abroad {
                        // Elsewhere is merely preferred: it is nearer to the users.
                        candidate.term("residency", Term::Bias(-1.5));
                    }
                }
            });
        });
        self.inner.call(request)
    }
}

/// Counts attempts, from between Failover and Breaker: any layer may stand there.
#[derive(Clone)]
struct Count<S> {
    inner: S,
    attempts: Arc<AtomicUsize>,
}

impl<S, R> Service<R> for Count<S>
where
    S: Service<R>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        self.inner.call(request)
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (eu, us) = (Sim::openai("eu").build(), Sim::openai("us").build());
    let (first, second) = (eu.serve().await?, us.serve().await?);
    let policy = PolicyHandle::new(
        Draft::new()
            .provider(ProviderDraft::url(
                "eu",
                Dialect::OpenAiChat,
                first.base_url(),
            ))
            .provider(ProviderDraft::url(
                "us",
                Dialect::OpenAiChat,
                second.base_url(),
            ))
            .route(RouteDraft::new("chat", ["eu/model", "us/model"])),
    )?;
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&attempts);

    let llm = ServiceBuilder::new()
        .layer(EdgeLayer::new())
        .layer(ClassifyLayer::new(&policy))
        .layer(RouteLayer::new(&policy))
        .layer(layer_fn(|inner| Residency { inner }))
        .layer(FailoverLayer::new())
        .layer(layer_fn(move |inner| Count {
            inner,
            attempts: Arc::clone(&counted),
        }))
        // Cost outside Breaker, and no Affinity: the order is yours.
        .layer(CostLayer::new(()))
        .layer(BreakerLayer::new())
        .layer(NormalizeLayer::new())
        .service(Upstream::new());

    for keep in [false, true] {
        let body = json!({ "model": "chat", "messages": [{ "role": "user", "content": "Hello" }] });
        let mut request =
            Request::post("/v1/chat/completions").body(Full::<Bytes>::from(body.to_string()))?;
        if keep {
            request
                .headers_mut()
                .insert("x-keep-in-eu", http::HeaderValue::from_static("1"));
        }
        let response = llm.clone().oneshot(request).await?;
        let report = response
            .extensions()
            .get::<RouteReport>()
            .cloned()
            .unwrap_or_default();
        let status = response.status();
        response.into_body().collect().await?;
        let endpoint = report
            .endpoint()
            .map_or_else(String::new, |endpoint| endpoint.name.to_string());
        println!("keep in the EU: {keep:5} → {status} from {endpoint}");
        for candidate in report
            .candidates()
            .iter()
            .flat_map(|candidates| candidates.iter())
        {
            let said = |list: Vec<String>| {
                if list.is_empty() {
                    "–".into()
                } else {
                    list.join(", ")
                }
            };
            let terms = candidate
                .terms()
                .iter()
                .map(|(by, term)| format!("{by}: {term}"))
                .collect();
            let vetoes = candidate
                .vetoes()
                .iter()
                .map(|(by, veto)| format!("{by}: {veto}"))
                .collect();
            println!(
                "    {}: for {}; against {}",
                candidate.endpoint().name,
                said(terms),
                said(vetoes)
            );
        }
    }
    println!(
        "attempts counted between Failover and Breaker: {}",
        attempts.load(Ordering::Relaxed)
    );
    first.shutdown().await;
    second.shutdown().await;
    Ok(())
}
