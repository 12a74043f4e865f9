//! The future: hands the account over to the body.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::Response;
use pin_project_lite::pin_project;

use towerman_core::BoxError;

use crate::{ResponseBody, guard::Settlement};

pin_project! {
    /// The future of [`Cost`](crate::Cost).
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        // After the call, so that the call is over when it is settled by a drop.
        settlement: Option<Settlement>,
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) const fn new(inner: F, settlement: Option<Settlement>) -> Self {
        Self { inner, settlement }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
    B: http_body::Body<Data = Bytes>,
{
    type Output = Result<Response<ResponseBody<B>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.inner.poll(cx)).map_err(Into::into);
        let settlement = this.settlement.take();
        Poll::Ready(match answer {
            Ok(response) => Ok(ResponseBody::around(response, settlement)),
            Err(error) => {
                if let Some(settlement) = settlement {
                    settlement.broke(&error);
                }
                Err(error)
            }
        })
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("settlement", &self.settlement)
            .finish_non_exhaustive()
    }
}
