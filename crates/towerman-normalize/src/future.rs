//! The future: what comes back is in the client's dialect.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::Response;
use pin_project_lite::pin_project;
use towerman_core::{Attempt, BoxError, Dialect};

use crate::ResponseBody;

/// What must be done to an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Back {
    Untouched,
    StripUsage,
    Translate {
        from: Dialect,
        to: Dialect,
        include_usage: bool,
    },
}

pin_project! {
    /// The future of [`Normalize`](crate::Normalize).
    pub struct ResponseFuture<F> {
        #[pin]
        kind: Kind<F>,
        back: Back,
        attempt: Option<Arc<Attempt>>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<F> {
        Call { #[pin] call: F },
        Refused { error: Option<BoxError> },
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) const fn new(call: F, back: Back, attempt: Option<Arc<Attempt>>) -> Self {
        Self {
            kind: Kind::Call { call },
            back,
            attempt,
        }
    }

    pub(crate) const fn refused(error: BoxError) -> Self {
        Self {
            kind: Kind::Refused { error: Some(error) },
            back: Back::Untouched,
            attempt: None,
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody<B>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.kind.project() {
            KindProj::Call { call } => {
                let response = ready!(call.poll(cx)).map_err(Into::into)?;
                Poll::Ready(Ok(ResponseBody::back(
                    response,
                    *this.back,
                    this.attempt.as_ref(),
                )))
            }
            KindProj::Refused { error } => Poll::Ready(Err(error
                .take()
                .unwrap_or_else(|| "polled after completion".into()))),
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("back", &self.back)
            .finish_non_exhaustive()
    }
}
