//! The body: settles when it ends, breaks or is dropped.

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

use crate::guard::Settlement;

pin_project! {
    /// The response body of [`Cost`](crate::Cost). Its frames are those of `B`.
    pub struct ResponseBody<B> {
        #[pin]
        inner: Observed<B>,
        // Without one, nothing is watched.
        settlement: Option<Settlement>,
    }
}

impl<B: Body<Data = Bytes>> ResponseBody<B> {
    pub(crate) fn around(response: Response<B>, settlement: Option<Settlement>) -> Response<Self> {
        let attempt = settlement.as_ref().and_then(Settlement::attempt);
        let response = match attempt {
            Some(attempt) => observe(response, attempt),
            None => response.map(Observed::unwatched),
        };
        response.map(|inner| {
            let mut body = Self { inner, settlement };
            let ended = body.inner.is_end_stream();
            if let Some(settlement) = &mut body.settlement {
                settlement.watch();
                // Nobody polls a body that says at once that it is over.
                if ended {
                    settlement.settle(End::Read);
                }
            }
            body
        })
    }
}

impl<B: Body<Data = Bytes>> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.inner.as_mut().poll_frame(cx));
        if let Some(settlement) = this.settlement {
            match End::of_frame(frame.as_ref(), this.inner.is_end_stream()) {
                None => settlement.watch(),
                Some(end) => settlement.settle(end),
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
            .field("settlement", &self.settlement)
            .finish()
    }
}
