//! Writes down what every attempt used and what it cost.
//!
//! An attempt that was sent leaves exactly one [`Line`] in the [`Ledger`], whatever becomes of it:
//! when its answer ends or breaks off, when the provider refuses or never answers, when the
//! client leaves. An attempt of which nothing was sent leaves none.
//!
//! Usage is what the provider reported, and exact, if the answer was complete. Otherwise it is
//! estimated from what went by, marked as such, and rather too high than too low: the prompt from
//! the request's size, the output from the bytes delivered and what was still being generated. A
//! request that was sent and never answered counts its prompt and is marked `maybe_billed`.
//!
//! Money is pico-dollars in integers. Prices are the endpoint's; without one there is usage and
//! no cost. Cost, savings and estimated usage are also noted on the attempt, where a
//! [`RouteReport`](towerman_core::RouteReport) sums them.
//!
//! | ledger | keeps |
//! |---|---|
//! | [`Jsonl`] | lines in a file, written by a thread of its own |
//! | [`Memory`] | lines in memory, for tests |
//! | [`Totals`] | sums by tenant, route and session; every layer has one |
//! | [`Tee`] | what both of its ledgers keep |
//! | `()` | nothing |
//!
//! # Where it goes
//!
//! Once per attempt: inside Failover and Breaker, so that refused attempts are not counted and
//! failed ones are, and around Normalize and Upstream, which know whether anything was sent.
//!
//! Without an attempt, the request is the first at an endpoint without a price. Only a request that
//! asks no model ([`is_foreign`](towerman_core::RouteContext::is_foreign)) passes unwatched: Edge,
//! which knows every dialect's paths, says so. A wrapped service
//! that is not Upstream does not say when it sends: dropped or failed before its head, such an
//! attempt counts as not sent, unless the service says so with
//! [`Attempt::advance`](towerman_core::Attempt::advance).
//!
//! # Readiness
//!
//! Forwards the inner service's.
//!
//! # Cancellation
//!
//! Dropping the future or the body drops the inner one, then settles the attempt as cancelled.
//! An attempt is settled once: at the last frame, the first error or the drop, whichever is first.
//!
//! # Cost
//!
//! A frame costs an atomic load until the first content, and nothing after. Settling, once per
//! attempt, locks the attempt's facts and the totals, and allocates nothing: a line shares its
//! names. [`Jsonl`] adds one buffer, and one lock to append it to the queue. Nothing waits for a
//! disk.
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//!
//! use http::{Request, Response};
//! use http_body_util::BodyExt;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//! use towerman_core::{Body, Dialect, Pico, PolicyHandle, Price, RouteContext};
//! use towerman_core::policy::{Draft, EndpointDraft, ProviderDraft, RouteDraft};
//! use towerman_cost::{CostLayer, Memory};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerman_core::BoxError> {
//! let price = Price { input: 3_000_000, output: 15_000_000, ..Price::default() };
//! let policy = PolicyHandle::new(
//!     Draft::new()
//!         .provider(ProviderDraft::inner("own", Dialect::OpenAiChat))
//!         .endpoint(EndpointDraft::new("own/small").price(price))
//!         .route(RouteDraft::new("chat", ["own/small"])),
//! )?;
//! let provider = service_fn(|_: Request<Body>| async {
//!     Ok::<_, Infallible>(Response::new(Body::from(
//!         r#"{"object":"chat.completion","model":"small-1",
//!             "choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}],
//!             "usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12}}"#,
//!     )))
//! });
//!
//! let ledger = Memory::new();
//! let cost = CostLayer::new(ledger.clone());
//! let service = ServiceBuilder::new().layer(cost.clone()).service(provider);
//!
//! let mut request = Request::new(Body::empty());
//! RouteContext::edit(&mut request, |cx| {
//!     cx.begin_attempt(policy.load().endpoints()[0].clone(), 1);
//! });
//! service.oneshot(request).await?.into_body().collect().await?;
//!
//! let lines = ledger.lines();
//! assert_eq!(lines.len(), 1);
//! assert_eq!(lines[0].cost, Some(Pico(60_000_000)));
//! assert_eq!(cost.totals().grand().cost.to_string(), "0.00006");
//! # Ok(())
//! # }
//! ```

mod body;
mod estimate;
mod future;
mod guard;
mod jsonl;
mod layer;
mod ledger;
mod line;
mod service;
mod settle;
mod totals;
mod writer;

pub use self::{
    body::ResponseBody,
    future::ResponseFuture,
    jsonl::Jsonl,
    layer::CostLayer,
    ledger::{Ledger, Memory, Tee},
    line::{Line, LineId},
    service::Cost,
    totals::{Session, Total, Totals},
};
