//! The edge, with what `tower-http` does already around it and under it.

use std::{
    any::Any,
    convert::Infallible,
    fmt,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderName, Request, Response, StatusCode, header};
use tower_http::{
    catch_panic::{CatchPanic, ResponseForPanic},
    request_id::SetRequestId,
    sensitive_headers::SetSensitiveRequestHeaders,
};
use tower_service::Service;
use towerman_core::{Body, BoxError};

use crate::{
    EdgeLayer, Speak,
    request_id::{self, Counter},
};

/// Reads requests and speaks to clients. See the [crate docs](crate).
pub struct Edge<S>(Stack<S>);

type Stack<S> = SetSensitiveRequestHeaders<SetRequestId<Speak<CatchPanic<S, Panicked>>, Counter>>;

/// Marks the answer that stands in for a panic; [`Speak`] puts it into the client's dialect.
#[derive(Clone, Copy, Debug)]
pub struct Panicked;

impl<S> Edge<S> {
    pub(crate) fn new(inner: S, layer: EdgeLayer) -> Self {
        const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
        let speak = Speak::new(CatchPanic::custom(inner, Panicked), layer);
        let named = SetRequestId::new(speak, request_id::HEADER, Counter);
        let secrets = [
            header::AUTHORIZATION,
            header::PROXY_AUTHORIZATION,
            header::COOKIE,
            X_API_KEY,
        ];
        Self(SetSensitiveRequestHeaders::new(named, secrets))
    }
}

impl<S: Clone> Clone for Edge<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S> fmt::Debug for Edge<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edge").finish_non_exhaustive()
    }
}

impl<S, B, R> Service<Request<B>> for Edge<S>
where
    S: Service<Request<Body>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Response = <Stack<S> as Service<Request<B>>>::Response;
    type Error = Infallible;
    type Future = <Stack<S> as Service<Request<B>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<B>>::poll_ready(&mut self.0, cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        request_id::tidy(&mut request);
        self.0.call(request)
    }
}

impl ResponseForPanic for Panicked {
    type ResponseBody = Body;

    fn response_for_panic(&mut self, panic: Box<dyn Any + Send + 'static>) -> Response<Body> {
        tell(&*panic);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response.extensions_mut().insert(*self);
        response
    }
}

/// Logs a panic that was caught.
pub(crate) fn tell(panic: &(dyn Any + Send)) {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no message)");
    tracing::error!(target: "towerman::edge", panic = message, "a layer or service panicked");
}
