//! Answers requests in memory, with what a TCP client would see: responses, errors, silence.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::{
    body::SimBody,
    error::{BoxError, SimError},
    exchange,
    fault::Fault,
    sim::Core,
    visit::Visit,
};

/// A simulated provider as a `tower` service.
///
/// It is always ready, and needs a tokio runtime with time enabled as soon as a model or a fault
/// has a pace. Time is tokio's, so a paused clock works.
///
/// # Errors
///
/// A call fails with [`SimError`] where a TCP client would get no response.
#[derive(Debug, Clone)]
pub struct SimService {
    core: Arc<Core>,
}

impl SimService {
    pub(crate) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }
}

impl<B> Service<Request<B>> for SimService
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<SimBody>;
    type Error = SimError;
    type Future = SimFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> SimFuture {
        // Drawn here, not when first polled: the order of calls decides who gets which fault.
        let fault = self.core.faults.draw();
        if fault == Some(Fault::Refuse) {
            return SimFuture(Box::pin(std::future::ready(Err(SimError::refused()))));
        }
        self.core.book.arrived();
        let visit = Visit::begin(&self.core.traffic);
        SimFuture(Box::pin(exchange::run(
            Arc::clone(&self.core),
            request,
            fault,
            visit,
        )))
    }
}

/// A response on its way. Dropped before it is there, the request counts as cancelled.
pub struct SimFuture(Pin<Box<dyn Future<Output = Result<Response<SimBody>, SimError>> + Send>>);

impl Future for SimFuture {
    type Output = Result<Response<SimBody>, SimError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for SimFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimFuture").finish_non_exhaustive()
    }
}
