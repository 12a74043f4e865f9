//! The body: learns from the first content, and from the end.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::memory::Memory;

pin_project! {
    /// The response body of [`Affinity`](crate::Affinity).
    pub struct ResponseBody<B> {
        #[pin]
        inner: B,
        memory: Option<Memory>,
    }
}

impl<B: Body> ResponseBody<B> {
    pub(crate) fn new(inner: B, memory: Option<Memory>) -> Self {
        let mut body = Self { inner, memory };
        if body.inner.is_end_stream() {
            end(&mut body.memory);
        }
        body
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.inner.as_mut().poll_frame(cx));
        if frame.is_none() || this.inner.is_end_stream() {
            end(this.memory);
        } else if let Some(memory) = this.memory {
            memory.look();
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

/// Nobody polls a body that has ended, so what there is to learn is learned now.
fn end(memory: &mut Option<Memory>) {
    if let Some(mut memory) = memory.take() {
        memory.end();
    }
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody")
            .field("memory", &self.memory)
            .finish_non_exhaustive()
    }
}
