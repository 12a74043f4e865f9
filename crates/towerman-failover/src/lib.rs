//! Tries a request's candidates in order until one delivers content, within one deadline and one
//! retry budget.
//!
//! An attempt that fails before its first content is dropped, and the next candidate is tried; the
//! client sees nothing of it. Once content was delivered the attempt is committed: what breaks
//! after that ends the stream with an error, never with a silent retry. The five
//! [`Phase`](towerman_core::Phase)s decide:
//!
//! | phase when it failed | tried elsewhere? |
//! |---|---|
//! | unsent | yes |
//! | sent, no head | yes, once: it may have been billed. Hence not in class `batch`, unless the policy allows it |
//! | error head | yes, unless the fault is the caller's |
//! | open, no content | yes |
//! | content delivered | never |
//!
//! # Why a budget
//!
//! A count per request multiplies load exactly when an endpoint has none to spare: with three
//! attempts each, an outage triples the traffic. The budget grows with requests and shrinks with
//! retries, so that all requests together make at most a tenth more attempts than there are
//! requests, over a floor that keeps quiet services able to retry at all.
//!
//! # Where it goes
//!
//! Inside everything that decides (Classify, Route, Affinity), outside everything that happens
//! once per attempt (Breaker, Cost, Normalize, Upstream). Without candidates it passes the request
//! through.
//!
//! # Readiness
//!
//! Always ready: which endpoint will be called is known only once the request is here. The
//! request's own clone of the inner service is readied again for each attempt; one that is not
//! ready in time ends the request with 503, and is held against no endpoint. An endpoint whose
//! [`Board`](towerman_core::Board) refuses is skipped without a call; put a concurrency limit
//! around the stack to bound it.
//!
//! # Cancellation
//!
//! Dropping the future or the body drops the attempt under way, and with it the upstream call. No
//! task is spawned.
//!
//! # Cost
//!
//! A handful of allocations per request: the future, the order, the course, what is held of the
//! answer, and a copy of the head for the attempt that may come after this one. One
//! compare-and-swap on the budget; no lock but the report's.
//!
//! # Example
//!
//! ```
//! use std::{convert::Infallible, time::Instant};
//!
//! use http::{Request, Response, StatusCode};
//! use tower::{Layer, ServiceExt, service_fn};
//! use towerman_core::{Body, Candidates, Dialect, PolicyHandle, RouteContext};
//! use towerman_core::policy::{Draft, ProviderDraft, RouteDraft};
//! use towerman_failover::FailoverLayer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerman_core::BoxError> {
//! let policy = PolicyHandle::new(
//!     Draft::new()
//!         .provider(ProviderDraft::inner("down", Dialect::OpenAiChat))
//!         .provider(ProviderDraft::inner("up", Dialect::OpenAiChat))
//!         .route(RouteDraft::new("chat", ["down/a", "up/b"])),
//! )?;
//! let providers = service_fn(|request: Request<Body>| async move {
//!     let attempt = RouteContext::of(&request).attempt().cloned();
//!     let up = attempt.is_some_and(|attempt| &*attempt.endpoint().provider.name == "up");
//!     let mut response = Response::new(Body::from(
//!         r#"{"object":"chat.completion","choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#,
//!     ));
//!     if !up {
//!         *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
//!     }
//!     Ok::<_, Infallible>(response)
//! });
//!
//! let mut request = Request::new(Body::from("{}"));
//! RouteContext::edit(&mut request, |cx| {
//!     let endpoints = policy.load().endpoints().to_vec();
//!     cx.set_candidates(Candidates::new(endpoints, Instant::now()));
//! });
//! let response = FailoverLayer::new().layer(providers).oneshot(request).await?;
//! assert_eq!(response.status(), StatusCode::OK);
//! # Ok(())
//! # }
//! ```

mod attempt;
mod body;
mod budget;
mod course;
mod exhausted;
mod future;
mod journey;
mod layer;
mod service;

pub use self::{
    body::ResponseBody, budget::RetryBudget, future::ResponseFuture, layer::FailoverLayer,
    service::Failover,
};
