//! The future: holds the permit until there is a head.

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

use crate::{ResponseBody, permit::Permit};

pin_project! {
    /// The future of [`Breaker`](crate::Breaker).
    pub struct ResponseFuture<F> {
        #[pin]
        kind: Kind<F>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<F> {
        // Without a permit, the call is nobody's attempt.
        Call { #[pin] call: F, permit: Option<Permit> },
        Refused { error: Option<BoxError> },
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) const fn new(call: F, permit: Option<Permit>) -> Self {
        Self {
            kind: Kind::Call { call, permit },
        }
    }

    pub(crate) const fn refused(error: BoxError) -> Self {
        let error = Some(error);
        Self {
            kind: Kind::Refused { error },
        }
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
        match self.project().kind.project() {
            KindProj::Call { call, permit } => {
                let result = ready!(call.poll(cx)).map_err(Into::into);
                let permit = permit.take();
                Poll::Ready(match result {
                    Ok(response) => Ok(ResponseBody::around(response, permit)),
                    Err(error) => {
                        if let Some(permit) = permit {
                            permit.broke(&error);
                        }
                        Err(error)
                    }
                })
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
