//! Says who is asking, how urgent it is, and how large it is.
//!
//! | fact | from |
//! |---|---|
//! | tenant | what an outer layer said; else the verified key: `Authorization: Bearer` or `x-api-key`; without tenants in the policy, anybody |
//! | priority | `X-Priority`, never above the tenant's ceiling; else the tenant's own |
//! | session | `x-session-id`, `x-claude-code-session-id`, `session_id`, or what the body says |
//! | deadline | the class of the priority, or what an outer layer set, if that is sooner |
//! | task | rules over the request's shape: see [`task`] |
//! | cohort | a stable hash of tenant and session, or else request id: see [`cohort`] |
//!
//! Of what a request carries, the key says who asks and nothing else does. A layer of your own that
//! stands further out may know better (by a session cookie, a client certificate): the tenant that
//! it puts into the context with [`set_tenant`](towerman_core::RouteContext::set_tenant) is kept,
//! with its ceiling and its routes, and no key is asked for. Keys are compared as SHA-256 digests, so how
//! long a look-up takes says nothing about a key. Once read, key and priority are taken off the
//! request: nothing behind this layer sees them.
//!
//! # Where it goes
//!
//! Inside Edge, which reads the body, and outside everything that decides by what is said here.
//! A request without an ask is none of its business and passes untouched, but for one that asks
//! which models there are: whose list is it?
//!
//! # Readiness
//!
//! Forwards the inner service's.
//!
//! # Cancellation
//!
//! Nothing is held: dropping the future drops the inner one.
//!
//! # Cost
//!
//! One SHA-256 of the key, if the policy has tenants; one small allocation for a session. No lock of
//! its own; the report's, twice.
//!
//! # Example
//!
//! ```
//! use std::{convert::Infallible, sync::Arc};
//!
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//! use towerman_classify::ClassifyLayer;
//! use towerman_core::{Ask, Body, Dialect, PolicyHandle, Priority, RouteContext, policy::Draft};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerman_core::BoxError> {
//! let policy = PolicyHandle::new(Draft::new())?;
//! let inner = service_fn(|request: Request<Body>| async move {
//!     // Nobody with a key asked, so the wish for more was clamped.
//!     assert_eq!(RouteContext::of(&request).priority(), Priority::Normal);
//!     Ok::<_, Infallible>(Response::new(Body::empty()))
//! });
//!
//! let mut request = Request::new(Body::empty());
//! request.headers_mut().insert("x-priority", http::HeaderValue::from_static("critical"));
//! RouteContext::edit(&mut request, |cx| {
//!     cx.set_ask(Arc::new(Ask::new(Dialect::OpenAiChat, "chat", 0..0)));
//! });
//! ClassifyLayer::new(&policy).layer(inner).oneshot(request).await?;
//! # Ok(())
//! # }
//! ```

pub mod cohort;
mod identity;
mod layer;
mod service;
mod session;
pub mod task;
mod urgency;

pub use towerman_core::Refusable as ResponseFuture;

pub use self::{layer::ClassifyLayer, service::Classify};
