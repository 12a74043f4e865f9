//! Collects the body once, finds the client's dialect, and answers every error in that dialect.
//!
//! A request whose path is a dialect's ([`Dialect::path`](towerman_core::Dialect::path)) is read
//! into memory up to a limit and checked; what the layers inside need to know of it is put into
//! its [`RouteContext`](towerman_core::RouteContext) as an [`Ask`](towerman_core::Ask). Any other
//! request passes through, its body untouched. Whatever goes wrong inside, and whatever panics, the
//! client gets one answer in its own dialect; what goes wrong after the answer began becomes that
//! dialect's error event.
//!
//! Every request gets an `x-request-id` (its own is kept if it is short and printable), and every
//! routed answer an `x-towerman-route` that says where it came from.
//!
//! # Where it goes
//!
//! Outermost, but for telemetry. What `tower-http` does already, it does here: request ids,
//! sensitive headers, catching panics, noticing clients that leave.
//!
//! # Readiness
//!
//! Always ready: the body must be read before the inner service can be asked for anything, and it
//! would hold the inner service's permit while a slow client uploads. Each request readies a
//! clone. Put a concurrency limit around it to bound the bodies held.
//!
//! # Cancellation
//!
//! A client that leaves drops everything inside; the report notes that it left.
//!
//! # Cost
//!
//! One pass over the body, no copy of it unless it came in several frames. One boxed response
//! body (from catching panics); no locks.
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
mod voice;

pub use self::{
    body::ResponseBody,
    future::ResponseFuture,
    guarded::{Edge, Panicked},
    layer::EdgeLayer,
    request_id::Counter,
    service::Speak,
};
