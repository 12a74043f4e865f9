//! Collects the body once, finds the client's dialect, and answers every error in that dialect.
//!
//! A request whose path is a dialect's ([`served_at`](towerman_core::Dialect::served_at)) is read
//! into memory up to a limit and checked; what the layers inside need to know of it is put into
//! its [`RouteContext`](towerman_core::RouteContext) as an [`Ask`](towerman_core::Ask). Whatever
//! goes wrong inside, and whatever panics, the client gets one answer in its own dialect; what goes
//! wrong or panics after the answer began becomes that dialect's error event, or breaks a whole
//! answer off.
//!
//! Any other request is *foreign*: a page or a health check of the service that the stack wraps. It
//! passes through, and so does its answer: no limit, no header, nothing read. Only an error of the
//! wrapped service, which has no answer of its own, is told as any other.
//!
//! One page is ours unless it is [turned off](EdgeLayer::models): `GET /v1/models` (and one model's,
//! `/v1/models/NAME`) asks which models there are, and the route layer answers from the policy, with
//! the routes that this caller may use.
//!
//! Every request gets an `x-request-id` (its own is kept if it is short and printable). Every
//! answer of a model's, and every one of ours, says it again; foreign answers do not, because
//! caches may hand them to others. A routed answer also says where it came from, in
//! `x-towerman-route`. What is logged while a request is served stands in a DEBUG span of target
//! `towerman::edge` with its `request_id`.
//!
//! # Limits
//!
//! | limit | unless set | beyond it |
//! |---|---|---|
//! | size of a body | 32 MiB | 413 |
//! | time that a body takes | 60 s; after 10 s, a second for every KiB | 408 |
//! | requests under way, answers included | 4,096 | 503, `Retry-After: 1` |
//!
//! # Where it goes
//!
//! Outermost, but for telemetry. What `tower-http` does already, it does here: request ids,
//! sensitive headers, catching panics, noticing clients that leave. (Its `TraceLayer` reads the
//! clock twice for every frame even while nobody listens, so the span is opened here.)
//!
//! # Readiness
//!
//! Always ready: the body must be read before the inner service can be asked for anything, and it
//! would hold the inner service's permit while a slow client uploads. Each request readies a
//! clone.
//!
//! # Cancellation
//!
//! A client that leaves drops everything inside; the report notes that it left.
//!
//! # Cost
//!
//! One pass over the body, no copy of it unless it came in several frames, no timer unless it must
//! be waited for. One boxed response body (from catching panics); locks only of the request's own
//! report.
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//!
//! use http::{Request, Response, StatusCode};
//! use http_body_util::{BodyExt, Full};
//! use tower::{Layer, ServiceExt, service_fn};
//! use towerman_core::{Body, RouteContext};
//! use towerman_edge::EdgeLayer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerman_core::BoxError> {
//! let inner = service_fn(|request: Request<Body>| async move {
//!     let model = RouteContext::of(&request).ask().map(|ask| ask.model.to_string());
//!     Ok::<_, Infallible>(Response::new(Body::from(model.unwrap_or_default())))
//! });
//! let edge = EdgeLayer::new().layer(inner);
//!
//! let ask = |body: &'static str| {
//!     Request::post("/v1/chat/completions").body(Full::from(body))
//! };
//! let fine = ask(r#"{"model":"chat","messages":[{"role":"user","content":"hi"}]}"#)?;
//! let answer = edge.clone().oneshot(fine).await?;
//! assert_eq!(answer.into_body().collect().await?.to_bytes(), "chat");
//!
//! let broken = edge.oneshot(ask("{")?).await?;
//! assert_eq!(broken.status(), StatusCode::BAD_REQUEST);
//! # Ok(())
//! # }
//! ```

mod body;
mod future;
mod guarded;
mod layer;
mod request_id;
mod service;
mod upload;
mod voice;

pub use self::{
    body::ResponseBody,
    future::ResponseFuture,
    guarded::{Edge, Panicked},
    layer::EdgeLayer,
    request_id::Counter,
    service::Speak,
};
