//! Refuses calls to an endpoint that keeps failing.
//!
//! Every endpoint has a circuit. It opens when too many of the last calls failed, when too many
//! failed in a row, or when the first content of too many streams was late. Once its time has
//! come it admits a few probes; the first that brings content closes it, one that fails opens it
//! for twice as long.
//!
//! The outcome of a call is known when its body ends, so that is when it counts:
//!
//! | what came of it | what it does |
//! |---|---|
//! | content, to the end | success |
//! | no connection, 5xx, broken off, silent, garbage | failure |
//! | 429 | no verdict; the endpoint is left alone as long as it asks |
//! | 503 or 529 that names a time | failure, and left alone |
//! | 401, 403, out of quota | no verdict; if the key was ours, left alone for [`open_at_most`] |
//! | any other 4xx | no verdict: it must neither hide an outage nor end one |
//! | the caller left | no verdict; a probe's place is free again |
//!
//! A verdict counts only in the epoch that its call began in: a stream from before the circuit
//! opened decides nothing, however late it ends. What others want to know is published on the
//! endpoint's [`Board`](towerman_core::Board), so Failover skips an open circuit without a call.
//!
//! [`open_at_most`]: towerman_core::policy::BreakerRules::open_at_most
//!
//! # Where it goes
//!
//! Once per attempt: directly inside Failover, around Cost, Normalize and Upstream. Without an
//! attempt, the wrapped service is one endpoint; a request that asks no model
//! ([`is_foreign`](towerman_core::RouteContext::is_foreign)) passes, whatever comes of it. Rules
//! come from the policy in the request's context, so a reload applies to the next request; without
//! one, from the layer.
//!
//! # Readiness
//!
//! Forwards the inner service's. A refusal is the answer of a call ([`CircuitOpen`],
//! [`CoolingDown`]), never of `poll_ready`: which circuit it is depends on the request. The inner
//! service is then not called, and stays ready.
//!
//! # Cancellation
//!
//! Dropping the future or the body drops the inner one, gives a probe's place back and counts
//! neither way, unless the attempt's facts say that it had failed or was complete. A probe that
//! is neither finished nor dropped loses its place to the next call when its lease is over.
//!
//! # Cost
//!
//! While the circuit is closed a call is admitted with one atomic load, and the end of its body
//! takes a lock for nanoseconds. No allocation, unless the circuit refuses or nobody further in
//! reads the answer.
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//!
//! use http::{Request, Response, StatusCode};
//! use http_body_util::BodyExt;
//! use tower::{Layer, ServiceExt, service_fn};
//! use towerman_breaker::{BreakerLayer, CircuitOpen};
//! use towerman_core::{Body, find, policy::BreakerRules};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerman_core::BoxError> {
//! let breaker = BreakerLayer::new().rules(BreakerRules {
//!     consecutive: 3,
//!     ..BreakerRules::default()
//! });
//! let service = breaker.layer(service_fn(|_: Request<Body>| async {
//!     let mut response = Response::new(Body::empty());
//!     *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
//!     Ok::<_, Infallible>(response)
//! }));
//!
//! for _ in 0..3 {
//!     let response = service.clone().oneshot(Request::new(Body::empty())).await?;
//!     response.into_body().collect().await?;
//! }
//! let refused = service.oneshot(Request::new(Body::empty())).await;
//! assert!(refused.is_err_and(|error| find::<CircuitOpen>(error.as_ref()).is_some()));
//! # Ok(())
//! # }
//! ```

mod backoff;
mod body;
mod circuit;
mod error;
mod evidence;
mod future;
mod gate;
mod layer;
mod permit;
mod service;
mod snapshot;
mod window;

pub use self::{
    body::ResponseBody,
    error::{CircuitOpen, CoolingDown},
    future::ResponseFuture,
    layer::BreakerLayer,
    service::Breaker,
    snapshot::{CircuitSnapshot, Why},
};
