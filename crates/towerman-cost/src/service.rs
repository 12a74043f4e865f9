//! The service: begins an account for every attempt.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;
use towerman_core::RouteContext;

use crate::{
    ResponseBody, ResponseFuture,
    guard::{Settlement, Shared},
};

/// Writes a line for every attempt. See the [crate docs](crate).
#[derive(Clone, Debug)]
pub struct Cost<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> Cost<S> {
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

impl<S, B, R> Service<Request<B>> for Cost<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: http_body::Body<Data = Bytes>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> ResponseFuture<S::Future> {
        let settlement = is_attempt(&request).then(|| {
            RouteContext::edit(&mut request, |cx| {
                let attempt = cx.attempt_or_begin();
                Settlement::begin(&self.shared, attempt, cx)
            })
        });
        ResponseFuture::new(self.inner.call(request), settlement)
    }
}

/// Whether `request` asks a model for anything. A page or a health check that happens to pass
/// through the stack is nobody's attempt.
fn is_attempt<B>(request: &Request<B>) -> bool {
    let cx = RouteContext::of(request);
    cx.attempt().is_some() || cx.ask().is_some() || !request.method().is_safe()
}
