//! The service: always ready, because which endpoint must be ready is known only with the request.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use tokio::time::Instant;
use tower_service::Service;
use towerman_core::{Body, BoxError, RouteContext};

use crate::{
    FailoverLayer, ResponseBody, ResponseFuture, course::Course, exhausted, journey::Journey,
};

/// Tries candidates in order. See the [crate docs](crate).
#[derive(Clone, Debug)]
pub struct Failover<S> {
    inner: S,
    layer: FailoverLayer,
}

// === impl Failover ===

impl<S> Failover<S> {
    pub(crate) const fn new(inner: S, layer: FailoverLayer) -> Self {
        Self { inner, layer }
    }

    /// The inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service, mutably.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service, consuming the layer's part.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B> Service<Request<Body>> for Failover<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<B>>;
    type Error = BoxError;
    type Future = ResponseFuture<S, B>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> ResponseFuture<S, B> {
        // What is here was never readied, so a clone is as good, and need not be given back.
        let inner = self.inner.clone();
        let candidates = RouteContext::edit(&mut request, |cx| {
            cx.edit_candidates(|candidates| candidates.rank());
            // The last word on the candidates: whatever a layer of the user's said is in it.
            cx.report().clone().decided(cx);
            cx.candidates().cloned()
        });
        let Some(candidates) = candidates else {
            return ResponseFuture::pass(inner, request);
        };
        let order = candidates.order();
        if order.is_empty() {
            return ResponseFuture::refused(exhausted::vetoed(&candidates));
        }
        let endpoints = order
            .iter()
            .map(|candidate| Arc::clone(candidate.endpoint()));
        let course = |rules: &_, class: &_| Course::new(endpoints, rules, class);
        let now = Instant::now();
        ResponseFuture::drive(
            inner,
            Journey::begin(request, course, &self.layer, now),
            now,
        )
    }
}
