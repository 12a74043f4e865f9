//! The future of a layer that passes a request on or refuses it.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::BoxError;

pin_project! {
    /// A call to the service inside, or the refusal that is made instead.
    pub struct Refusable<F> {
        #[pin]
        kind: Kind<F>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<F> {
        Call { #[pin] call: F },
        Refused { error: Option<BoxError> },
    }
}

impl<F> Refusable<F> {
    /// Resolves as `call` does.
    pub const fn call(call: F) -> Self {
        Self {
            kind: Kind::Call { call },
        }
    }

    /// Resolves to `error` at once.
    pub fn refused(error: impl Into<BoxError>) -> Self {
        let error = Some(error.into());
        Self {
            kind: Kind::Refused { error },
        }
    }
}

impl<F, R, E> Future for Refusable<F>
where
    F: Future<Output = Result<R, E>>,
    E: Into<BoxError>,
{
    type Output = Result<R, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProj::Call { call } => call.poll(cx).map_err(Into::into),
            KindProj::Refused { error } => Poll::Ready(Err(error
                .take()
                .unwrap_or_else(|| "polled after completion".into()))),
        }
    }
}

impl<F> fmt::Debug for Refusable<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusable").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{Ready, ready},
        pin::pin,
        task::Waker,
    };

    use super::*;

    type Answer = Ready<Result<u8, BoxError>>;

    fn poll(future: Refusable<Answer>) -> Result<u8, String> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer.map_err(|error| error.to_string()),
            Poll::Pending => Err("pending".into()),
        }
    }

    #[test]
    fn it_resolves_as_the_call_does_or_to_the_refusal() {
        assert_eq!(poll(Refusable::call(ready(Ok(7)))), Ok(7));
        assert_eq!(
            poll(Refusable::call(ready(Err("a".into())))),
            Err("a".into())
        );
        assert_eq!(poll(Refusable::refused("b")), Err("b".into()));
    }
}
