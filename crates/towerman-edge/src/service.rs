//! The service that reads requests and speaks to clients.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;
use towerman_core::{Body, BoxError, Dialect, RouteContext};

use crate::{
    EdgeLayer, ResponseBody, ResponseFuture, request_id,
    voice::{Voice, check_head},
};

/// The middle of an [`Edge`](crate::Edge): reads the body, finds the dialect, answers errors.
#[derive(Clone, Debug)]
pub struct Speak<S> {
    inner: S,
    layer: EdgeLayer,
}

impl<S> Speak<S> {
    pub(crate) const fn new(inner: S, layer: EdgeLayer) -> Self {
        Self { inner, layer }
    }

    /// The inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }
}

impl<S, B, R> Service<Request<B>> for Speak<S>
where
    S: Service<Request<Body>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    R: http_body::Body<Data = Bytes>,
    R::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = Infallible;
    type Future = ResponseFuture<S, B>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // The inner service is readied once the body is here; see the crate docs.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> ResponseFuture<S, B> {
        let dialect = Dialect::of_path(request.uri().path());
        let request_id: Option<Arc<str>> = request
            .headers()
            .get(request_id::HEADER)
            .and_then(|id| id.to_str().ok())
            .map(Arc::from);
        let report = RouteContext::edit(&mut request, |cx| {
            if let Some(id) = &request_id {
                cx.set_request_id(Arc::clone(id));
            }
            if dialect.is_none() {
                cx.set_foreign();
            }
            let report = cx.report().clone();
            // So that a request that is refused here has a name in the records.
            report.decided(cx);
            report
        });
        let voice = Voice {
            dialect: dialect.unwrap_or_else(|| Voice::guess(request.headers())),
            request_id,
            report,
        };
        let inner = self.inner.clone();
        if dialect.is_none() {
            return ResponseFuture::ready(inner, request.map(Body::stream), voice, &self.layer);
        }
        match check_head(&request, self.layer.max_body) {
            Ok(()) => ResponseFuture::collect(inner, request, voice, &self.layer),
            Err(fault) => ResponseFuture::refused(&fault, voice, &self.layer),
        }
    }
}
