//! Turns the client's dialect into the endpoint's, and the answer back, streaming.
//!
//! In the same dialect the request leaves byte for byte as it came, but for the model's name and,
//! for OpenAI streams, a request for the usage chunk (which is taken out again if the client did
//! not ask for it). In another dialect request, answer, stream and error are translated; what
//! cannot be said there is refused with a 400 that names it.
//!
//! Of a provider's answer only the body and the headers that describe it go back: cookies and
//! organisation names stay here. What is left of the provider's rate limits is told in one way
//! for all providers, `x-ratelimit-{limit,remaining,reset}-{requests,tokens,input-tokens,
//! output-tokens}` with a reset such as `1.5s`, unless [`NormalizeLayer::tell_limits`] forbids it:
//! they are those of *our* account, which all clients share. An error of a provider's is
//! written anew: its status, and of a mistake of the caller's the type, code, part and words, with
//! the client's name for the model and without what names our account. An error of a service of
//! your own goes back as it is.
//!
//! # Where it goes
//!
//! Once per attempt, inside Failover, Breaker and Cost, directly around Upstream. Without an ask
//! or an attempt it passes everything through.
//!
//! # Readiness
//!
//! Forwards the inner service's.
//!
//! # Cancellation
//!
//! Dropping the future or the body drops the inner one. Nothing is left behind.
//!
//! # Cost
//!
//! Same dialect: the edited body is the client's bytes in pieces, not a copy; events of the
//! answer pass as they are. Another dialect: one parse and one build per request, and per event.
//!
//! # Example
//!
//! ```
//! use std::{convert::Infallible, sync::Arc};
//!
//! use http::{Request, Response};
//! use http_body_util::BodyExt;
//! use tower::{Layer, ServiceExt, service_fn};
//! use towerman_core::{Body, Dialect, PolicyHandle, RouteContext};
//! use towerman_core::policy::{Draft, ProviderDraft, RouteDraft};
//! use towerman_normalize::NormalizeLayer;
//! use towerman_wire::ask;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerman_core::BoxError> {
//! let policy = PolicyHandle::new(
//!     Draft::new()
//!         .provider(ProviderDraft::inner("cloud", Dialect::Anthropic))
//!         .route(RouteDraft::new("chat", ["cloud/large"])),
//! )?;
//! let provider = service_fn(|_: Request<Body>| async {
//!     Ok::<_, Infallible>(
//!         Response::builder()
//!             .header("content-type", "application/json")
//!             .body(Body::from(r#"{"id":"msg_1","type":"message","role":"assistant","model":"large",
//!                 "content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn",
//!                 "stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":1}}"#))
//!             .unwrap_or_default(),
//!     )
//! });
//!
//! let body = bytes::Bytes::from(r#"{"model":"chat","messages":[{"role":"user","content":"Hi"}]}"#);
//! let ask = ask::read(Dialect::OpenAiChat, &body)?;
//! let mut request = Request::new(Body::from(body));
//! RouteContext::edit(&mut request, |cx| {
//!     cx.set_ask(Arc::new(ask));
//!     cx.begin_attempt(Arc::clone(&policy.load().endpoints()[0]), 1);
//! });
//! let answer = NormalizeLayer::new().layer(provider).oneshot(request).await?;
//! let answer = answer.into_body().collect().await?.to_bytes();
//! assert!(answer.windows(15).any(|w| w == br#""chat.completio"#));
//! # Ok(())
//! # }
//! ```

mod body;
mod future;
mod head;
mod layer;
mod service;
mod strip;
mod work;

pub use self::{
    body::ResponseBody, future::ResponseFuture, layer::NormalizeLayer, service::Normalize,
};
