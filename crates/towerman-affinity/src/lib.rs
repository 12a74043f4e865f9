//! Moves the endpoint that already holds this prompt's prefix to the front.
//!
//! Providers keep the prompts they have read for some minutes, and charge a tenth for reading a
//! prefix again. The layer fingerprints the prompt in chunks, each hash chained to the one before,
//! and remembers which endpoint answered which prefix. A request whose prefix is known somewhere
//! says so on that candidate, as [`Term::CachedTokens`](towerman_core::Term::CachedTokens); what
//! that is worth is for the route's strategy to say.
//!
//! It says so only of endpoints whose circuit admits calls, and whose quality is not below that of
//! the one which would be called first without it. Prefixes below 1,024 tokens, which no provider
//! caches, are not worth a word. A route with `affinity = false` is left alone.
//!
//! Tenants never share a fingerprint: what one has asked says nothing about where another's
//! requests go. The table holds hashes only.
//!
//! # Where it goes
//!
//! Inside Route, which names the candidates, and outside Failover, which asks for their order.
//! Without candidates or an ask it does nothing.
//!
//! # Readiness
//!
//! Forwards the inner service's.
//!
//! # Cancellation
//!
//! A dropped future or body remembers nothing. An answer whose first content was delivered is
//! remembered, whatever happens after.
//!
//! # Cost
//!
//! The prompt is hashed once, at some ten gigabytes a second; each known chunk is eight relaxed
//! loads. One list of hashes per request; a table of fixed size (1 MiB by default), no locks.
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//!
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//! use towerman_affinity::AffinityLayer;
//! use towerman_core::Body;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerman_core::BoxError> {
//! let inner = service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(Response::new(Body::empty())) });
//! // Replicas that share a secret agree on fingerprints.
//! let affinity = AffinityLayer::new().secret([7; 32]).layer(inner);
//! affinity.oneshot(Request::new(Body::empty())).await?;
//! # Ok(())
//! # }
//! ```

mod body;
mod fingerprint;
mod future;
mod layer;
mod memory;
mod service;
mod state;
mod table;

pub use self::{
    body::ResponseBody, future::ResponseFuture, layer::AffinityLayer, service::Affinity,
};
