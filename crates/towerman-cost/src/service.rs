//! The service: begins an account for every attempt.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;
use towerman_core::{BoxError, RouteContext};

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
    S::Error: Into<BoxError>,
    R: http_body::Body<Data = Bytes>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> ResponseFuture<S::Future> {
        let settlement = RouteContext::edit(&mut request, |cx| {
            // It asks no model, so there is nothing to bill.
            if cx.is_foreign() {
                return None;
            }
            let attempt = cx.attempt_or_begin();
            Some(Settlement::begin(&self.shared, attempt, cx))
        });
        ResponseFuture::new(self.inner.call(request), settlement)
    }
}
