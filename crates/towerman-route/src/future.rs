//! The future of a layer that passes a request on or refuses it.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use towerman_core::{BoxError, Fault};

pin_project! {
    /// The future of [`Route`](crate::Route).
    pub struct ResponseFuture<F> {
        #[pin]
        kind: Kind<F>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<F> {
        Call { #[pin] call: F },
        Refused { fault: Option<Fault> },
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) const fn call(call: F) -> Self {
        Self {
            kind: Kind::Call { call },
        }
    }

    pub(crate) const fn refused(fault: Fault) -> Self {
        Self {
            kind: Kind::Refused { fault: Some(fault) },
        }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<R, E>>,
    E: Into<BoxError>,
{
    type Output = Result<R, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProj::Call { call } => call.poll(cx).map_err(Into::into),
            KindProj::Refused { fault } => match fault.take() {
                Some(fault) => Poll::Ready(Err(fault.into())),
                None => Poll::Pending,
            },
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
