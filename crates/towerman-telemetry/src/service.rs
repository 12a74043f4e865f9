//! The service: a report goes in, a settlement comes out.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_service::Service;
use towerman_core::RouteContext;

use crate::{asked::Asked, layer::Shared, settle::Settlement};

/// Counts requests and tells their stories. See the [crate docs](crate).
#[derive(Clone, Debug)]
pub struct Telemetry<S> {
    inner: S,
    shared: Arc<Shared>,
}

pin_project! {
    /// The future of [`Telemetry`].
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        settlement: Option<Settlement>,
    }
}

pin_project! {
    /// The response body of [`Telemetry`].
    pub struct ResponseBody<B> {
        #[pin]
        inner: B,
        settlement: Option<Settlement>,
    }
}

// === impl Telemetry ===

impl<S> Telemetry<S> {
    pub(crate) const fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
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

impl<S, B, R> Service<Request<B>> for Telemetry<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let asked = Asked::of(&request);
        let report = RouteContext::edit(&mut request, |cx| cx.report().clone());
        let settlement = Some(Settlement::new(Arc::clone(&self.shared), report, asked));
        ResponseFuture {
            inner: self.inner.call(request),
            settlement,
        }
    }
}

// === impl ResponseFuture ===

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        let mut settlement = this.settlement.take();
        if let Some(settlement) = &mut settlement {
            match &result {
                Ok(response) => settlement.answered(response.status()),
                Err(_) => settlement.broke(),
            }
        }
        Poll::Ready(result.map(|response| {
            response.map(|inner| {
                let mut body = ResponseBody { inner, settlement };
                // Nobody polls a body that has ended already.
                if body.inner.is_end_stream() {
                    complete(&mut body.settlement);
                }
                body
            })
        }))
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("settlement", &self.settlement)
            .finish_non_exhaustive()
    }
}

// === impl ResponseBody ===

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.inner.as_mut().poll_frame(cx));
        match &frame {
            Some(Err(_)) => {
                if let Some(settlement) = this.settlement.as_mut() {
                    settlement.broke();
                }
                *this.settlement = None;
            }
            Some(Ok(_)) if !this.inner.is_end_stream() => {}
            Some(Ok(_)) | None => complete(this.settlement),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody")
            .field("settlement", &self.settlement)
            .finish_non_exhaustive()
    }
}

/// Settles now rather than when the body is dropped.
fn complete(settlement: &mut Option<Settlement>) {
    if let Some(mut settlement) = settlement.take() {
        settlement.completed();
    }
}
