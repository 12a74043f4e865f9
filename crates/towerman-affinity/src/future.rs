//! The future: hands what will be learned over to the body.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Response;
use pin_project_lite::pin_project;

use crate::{ResponseBody, memory::Memory};

pin_project! {
    /// The future of [`Affinity`](crate::Affinity).
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        memory: Option<Memory>,
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) const fn new(inner: F, memory: Option<Memory>) -> Self {
        Self { inner, memory }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: http_body::Body,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        let memory = this.memory.take();
        Poll::Ready(result.map(|response| response.map(|body| ResponseBody::new(body, memory))))
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
