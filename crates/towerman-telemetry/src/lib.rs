//! Tells the story of every request: one decision record, and the metrics that follow from it.
//!
//! When a request's body has ended (or its client has left), the layer reads its
//! [`RouteReport`](towerman_core::RouteReport) and
//!
//! - counts it in the [`CATALOGUE`], whose labels come from the policy only: nothing that a client
//!   or a provider sends can make a new series;
//! - emits one `tracing` event, target `towerman::decision`, that says what was asked, which
//!   candidates there were and what spoke for and against each, what was tried, what came of it,
//!   and how many microseconds each step took.
//!
//! # The event
//!
//! Every request leaves one, at `INFO`. A gateway that would rather not print every success gives
//! plain ones (brought by the first attempt) another level with
//! [`success_level`](TelemetryLayer::success_level); an event that the subscriber does not enable
//! is never built.
//!
//! Its fields are those of a [`Decision`], by the same names. What is absent is left out. The
//! nested ones (`candidates`, `attempts`, `why`, `steps`) are strings that hold JSON, as `tracing`
//! has no lists: parse them a second time. Here is a failover, with the strings shortened:
//!
//! ```json
//! {
//!   "request_id": "req-7d0c-2a", "revision": 3, "method": "POST", "dialect": "openai-chat",
//!   "model": "chat", "stream": true, "prompt_tokens": 1841, "tenant": "team-a",
//!   "priority": "normal", "task": "agent", "cohort": 887, "route": "chat", "strategy": "priority",
//!   "candidates": "[{\"endpoint\":\"alpha/large\",\"score\":0.0,\"terms\":[],\"vetoes\":[]},
//!                  {\"endpoint\":\"beta/large\",\"score\":1.0,\"terms\":[],\"vetoes\":[]}]",
//!   "attempts": "[{\"endpoint\":\"alpha/large\",\"outcome\":\"connect\",\"status\":null,…},
//!                {\"endpoint\":\"beta/large\",\"outcome\":\"success\",\"status\":200,…}]",
//!   "why": "[\"alpha/large failed: connect\"]",
//!   "steps": "[{\"name\":\"read\",\"us\":1.9},{\"name\":\"classify\",\"us\":0.6},…]",
//!   "outcome": "success", "status": 200, "duration_ms": 412.6, "overhead_us": 148,
//!   "cost_usd": "0.00931", "saved_usd": "0"
//! }
//! ```
//!
//! A refused request has the fault's kind as its `outcome`, and its words and the part of the
//! request that they name as the last entry of `why`:
//! `refused: messages: must be an array (messages)`. Of the client's own text a record holds names
//! only, and short ones: the model, a member of the body, the request id. No prompt, no path: a
//! path that is served has a `dialect`.
//!
//! # Where it goes
//!
//! Outermost, around the edge, so that it sees refusals too.
//!
//! # Readiness
//!
//! Forwards the inner service's.
//!
//! # Cancellation
//!
//! A dropped future or body is settled as it stands, with outcome `client_left`.
//!
//! # Cost
//!
//! Two allocations per request, the report and the list of its attempts, and three short locks
//! of that report. Metrics are handles made once per policy revision and found by the endpoint's
//! slot: recording takes no lock and is an atomic add, or a few for a histogram. The decision
//! record is built only for a listener or an enabled event; printing one costs tens of
//! microseconds.
//!
//! # Example
//!
//! ```
//! use std::{convert::Infallible, sync::{Arc, Mutex}};
//!
//! use http::{Request, Response};
//! use http_body_util::BodyExt;
//! use tower::{Layer, ServiceExt, service_fn};
//! use towerman_core::{Body, Dialect, PolicyHandle, policy::{Draft, ProviderDraft, RouteDraft}};
//! use towerman_telemetry::TelemetryLayer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerman_core::BoxError> {
//! let policy = PolicyHandle::new(
//!     Draft::new()
//!         .provider(ProviderDraft::inner("own", Dialect::OpenAiChat))
//!         .route(RouteDraft::new("chat", ["own/model"])),
//! )?;
//! let seen = Arc::new(Mutex::new(Vec::new()));
//! let sink = Arc::clone(&seen);
//! let layer = TelemetryLayer::new(&policy).on_decision(move |decision| {
//!     sink.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(decision.outcome);
//! });
//! let service = layer.layer(service_fn(|_: Request<Body>| async {
//!     Ok::<_, Infallible>(Response::new(Body::from("hello")))
//! }));
//!
//! let response = service.oneshot(Request::new(Body::empty())).await?;
//! response.into_body().collect().await?;
//! assert_eq!(*seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner()), ["success"]);
//! # Ok(())
//! # }
//! ```

mod asked;
mod catalogue;
mod decision;
mod event;
mod instruments;
mod layer;
mod prometheus;
mod service;
mod settle;

pub use self::{
    catalogue::{CATALOGUE, Kind, Metric},
    decision::{CandidateRecord, Decision, LossRecord, StepRecord, TryRecord},
    layer::TelemetryLayer,
    prometheus::Prometheus,
    service::{ResponseBody, ResponseFuture, Telemetry},
};
