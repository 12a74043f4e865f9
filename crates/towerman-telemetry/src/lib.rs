//! Tells the story of every request: one decision record, and the metrics that follow from it.
//!
//! When a request's body has ended (or its client has left), the layer reads its
//! [`RouteReport`](towerman_core::RouteReport) and
//!
//! - counts it in the [`CATALOGUE`], whose labels come from the policy only: nothing that a client
//!   or a provider sends can make a new series;
//! - emits one `tracing` event, target `towerman::decision`, that says what was asked, which
//!   candidates there were and what spoke for and against each, what was tried, what came of it,
//!   and how many microseconds each step took. Its level is `DEBUG` for a request that its first
//!   endpoint answered, and `INFO` for every other.
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
    decision::{CandidateRecord, Decision, StepRecord, TryRecord},
    layer::TelemetryLayer,
    prometheus::Prometheus,
    service::{ResponseBody, ResponseFuture, Telemetry},
};
