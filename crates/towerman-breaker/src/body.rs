//! The body: holds the permit until the answer is over.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use towerman_core::End;
use towerman_wire::observe::{Observed, observe};

use crate::permit::Permit;

pin_project! {
    /// The response body of [`Breaker`](crate::Breaker). Its frames are those of `B`.
    pub struct ResponseBody<B> {
        #[pin]
        inner: Observed<B>,
        // Until the answer is over. Without one from the start, nothing is watched.
        permit: Option<Permit>,
    }
}

impl<B> ResponseBody<B>
where
    B: Body<Data = Bytes>,
{
    pub(crate) fn around(response: Response<B>, permit: Option<Permit>) -> Response<Self> {
        let Some(permit) = permit else {
            return response.map(|body| Self {
                inner: Observed::unwatched(body),
                permit: None,
            });
        };
        observe(response, permit.attempt()).map(|inner| {
            // Nobody polls a body that says at once that it is over.
            let permit = if inner.is_end_stream() {
                permit.finish(End::Read);
                None
            } else {
                Some(permit)
            };
            Self { inner, permit }
        })
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body<Data = Bytes>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.inner.as_mut().poll_frame(cx));
        if let Some(permit) = this.permit {
            match End::of_frame(frame.as_ref(), this.inner.is_end_stream()) {
                None => permit.watch(),
                Some(end) => {
                    if let Some(permit) = this.permit.take() {
                        permit.finish(end);
                    }
                }
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B: fmt::Debug> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody")
            .field("inner", &self.inner)
            .field("permit", &self.permit)
            .finish()
    }
}
