//! Sends an attempt to its endpoint: to a provider over HTTP(S), or to the wrapped service itself.
//!
//! What leaves is built from an allow-list: the client's credentials, cookies and forwarding
//! headers stay here, and the provider's own credentials are added last, from the policy. An
//! `idempotency-key` stays here, too: tenants share the provider's account, and must not share keys
//! in it. No part of a request can change where it goes. Redirects are never followed.
//!
//! What AWS puts around a vendor's own events is taken off at once: whoever reads an answer of
//! Claude's on Bedrock sees the stream that Anthropic itself would have sent.
//!
//! # Where it goes
//!
//! Innermost. [`Upstream::new`] ends a stack that only calls providers; [`UpstreamLayer`] goes
//! around a service of your own, which then serves every endpoint whose provider is
//! [`Target::Inner`](towerman_core::Target::Inner), and every request that nothing routed.
//!
//! # Readiness
//!
//! [`Upstream::new`] is always ready: connections are made per request and pooled.
//! [`UpstreamLayer`] forwards the readiness of the wrapped service.
//!
//! # Cancellation
//!
//! Dropping the future or the body closes the connection (HTTP/1) or resets the stream (HTTP/2),
//! so that the provider stops generating.
//!
//! # Cost
//!
//! The pooled client's own: one boxed future and one spawned connection task per new connection.
//! The head is rebuilt; the body is not copied.
//!
//! A request that is [signed](towerman_core::Signing) is hashed first, piece by piece (SHA-256, a
//! millisecond or two per MiB, before the call returns); its body must be held, as it is behind an
//! edge. It is signed anew for every attempt.
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//!
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//! use towerman_core::Body;
//! use towerman_upstream::UpstreamLayer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerman_core::BoxError> {
//! let own = service_fn(|_: Request<Body>| async {
//!     Ok::<_, Infallible>(Response::new(Body::from("my own model")))
//! });
//! let service = UpstreamLayer::new().layer(own);
//! // Nothing was routed, so the wrapped service answers.
//! assert!(service.oneshot(Request::new(Body::empty())).await.is_ok());
//! # Ok(())
//! # }
//! ```

mod address;
mod body;
mod client;
mod error;
mod future;
mod head;
mod layer;
mod service;
mod sign;
mod unwrap;

pub use self::{
    body::ResponseBody,
    client::Client,
    future::ResponseFuture,
    layer::UpstreamLayer,
    service::{Nothing, Upstream},
};
