//! The future of an upstream call.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::Response;
use pin_project_lite::pin_project;
use towerman_core::{Attempt, BoxError};

use crate::{
    ResponseBody,
    error::SendError,
    unwrap::{self, Unwrap},
};

pin_project! {
    /// The future of [`Upstream`](crate::Upstream).
    pub struct ResponseFuture<F> {
        #[pin]
        kind: Kind<F>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<F> {
        Inner { #[pin] call: F },
        Remote { #[pin] call: hyper_util::client::legacy::ResponseFuture, attempt: Arc<Attempt> },
        Refused { error: Option<BoxError> },
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) const fn inner(call: F) -> Self {
        Self {
            kind: Kind::Inner { call },
        }
    }

    pub(crate) const fn remote(
        call: hyper_util::client::legacy::ResponseFuture,
        attempt: Arc<Attempt>,
    ) -> Self {
        Self {
            kind: Kind::Remote { call, attempt },
        }
    }

    pub(crate) const fn refused(error: BoxError) -> Self {
        Self {
            kind: Kind::Refused { error: Some(error) },
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody<B>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProj::Inner { call } => {
                let response = ready!(call.poll(cx)).map_err(Into::into)?;
                Poll::Ready(Ok(response.map(ResponseBody::inner)))
            }
            KindProj::Remote { call, attempt } => {
                let mut response =
                    ready!(call.poll(cx)).map_err(|error| SendError::note(error, attempt))?;
                let chunks = unwrap::announced(&mut response, attempt);
                Poll::Ready(Ok(response.map(|body| match chunks {
                    None => ResponseBody::remote(body),
                    Some(chunks) => {
                        ResponseBody::wrapped(Unwrap::new(body, chunks, Arc::clone(attempt)))
                    }
                })))
            }
            KindProj::Refused { error } => Poll::Ready(Err(error
                .take()
                .unwrap_or_else(|| "polled after completion".into()))),
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
