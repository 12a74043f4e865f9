//! Names the endpoints that could serve a request, and the strategy that orders them.
//!
//! The model that the client asks for is a route of the policy; its endpoints become the request's
//! [`Candidates`](towerman_core::Candidates). Those that lack what the request needs (tools, media,
//! room for the prompt, quality) are vetoed, with the reason; if none is left, the client hears
//! why. The order is not made here: the route's strategy scores each candidate when Failover asks,
//! after every layer in between has had its say.
//!
//! | strategy | goes first | a bias of 1 is |
//! |---|---|---|
//! | [`Priority`] | what the policy names first | one place |
//! | [`Weighted`] | a draw by weight that is stable per conversation | more than any draw |
//! | [`Cheapest`] | what this request is expected to cost least, cached prompt included | a pico-dollar |
//! | [`Fastest`] | where the first content is expected soonest, cached prompt included | a microsecond |
//!
//! What a layer prefers ([`Term::Bias`](towerman_core::Term::Bias)) is added to the score, so its
//! unit is the strategy's: Affinity's preference for the endpoint at which a conversation was last
//! answered decides where there is only an order, and breaks a tie where there is a sum. A prompt
//! that is merely cached somewhere ([`Term::CachedTokens`](towerman_core::Term::CachedTokens)) counts
//! as far as it saves money or time, and moves nobody else.
//!
//! # Where it goes
//!
//! Inside Classify, outside Affinity and Failover. Without an ask it passes the request through,
//! but for one that asks which models there are: it is answered here, with the routes that the
//! caller may use, as an [`Early`](towerman_core::Early) that Edge renders.
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
//! One look-up by name and one list of candidates per request; no locks.
//!
//! # Example
//!
//! ```
//! use std::{convert::Infallible, sync::Arc};
//!
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//! use towerman_core::{Ask, Body, Dialect, PolicyHandle, RouteContext};
//! use towerman_core::policy::{Draft, ProviderDraft, RouteDraft};
//! use towerman_route::RouteLayer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerman_core::BoxError> {
//! let policy = PolicyHandle::new(
//!     Draft::new()
//!         .provider(ProviderDraft::inner("p", Dialect::OpenAiChat))
//!         .route(RouteDraft::new("chat", ["p/large", "p/small"])),
//! )?;
//! let inner = service_fn(|request: Request<Body>| async move {
//!     let count = RouteContext::of(&request).candidates().map_or(0, |c| c.len());
//!     Ok::<_, Infallible>(Response::new(Body::from(count.to_string())))
//! });
//!
//! let mut request = Request::new(Body::empty());
//! RouteContext::edit(&mut request, |cx| {
//!     cx.set_ask(Arc::new(Ask::new(Dialect::OpenAiChat, "chat", 0..0)));
//! });
//! assert!(RouteLayer::new(&policy).layer(inner).oneshot(request).await.is_ok());
//! # Ok(())
//! # }
//! ```

mod decide;
mod fit;
mod layer;
mod models;
mod service;
mod strategy;

pub use towerman_core::Refusable as ResponseFuture;

pub use self::{
    layer::RouteLayer,
    service::Route,
    strategy::{Cheapest, Fastest, Priority, Weighted},
};
