//! A remote body whose events AWS has wrapped.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use http_body::{Body, Frame};
use pin_project_lite::pin_project;
use towerman_core::{Attempt, BoxError, FailureKind, Fault, PathStyle};
use towerman_wire::chunks::{self, Chunks};

pin_project! {
    /// Takes the vendor's events out of AWS's frames as they go by.
    pub(crate) struct Unwrap<B> {
        #[pin]
        inner: B,
        chunks: Box<Chunks>,
        attempt: Arc<Attempt>,
        fault: Option<Fault>,
        over: bool,
    }
}

/// What takes the events of this answer out, if they are wrapped; its head is then that of what
/// comes out.
pub(crate) fn announced<B>(response: &mut Response<B>, attempt: &Attempt) -> Option<Box<Chunks>> {
    let provider = &attempt.endpoint().provider;
    if provider.profile.path != PathStyle::BedrockInvoke || !response.status().is_success() {
        return None;
    }
    let headers = response.headers_mut();
    let chunks = Box::new(Chunks::announced(provider.dialect, headers)?);
    let told = HeaderValue::from_static(chunks::MEDIA_TYPE);
    headers.insert(header::CONTENT_TYPE, told);
    headers.remove(header::CONTENT_LENGTH);
    Some(chunks)
}

impl<B> Unwrap<B> {
    pub(crate) const fn new(inner: B, chunks: Box<Chunks>, attempt: Arc<Attempt>) -> Self {
        Self {
            inner,
            chunks,
            attempt,
            fault: None,
            over: false,
        }
    }
}

impl<B> Body for Unwrap<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut this = self.project();
        loop {
            if let Some(fault) = this.fault.take() {
                *this.over = true;
                this.attempt.note(|facts| facts.fail(FailureKind::Protocol));
                return Poll::Ready(Some(Err(fault.into())));
            }
            if *this.over {
                return Poll::Ready(None);
            }
            let data = match ready!(this.inner.as_mut().poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                None => return Poll::Ready(None),
            };
            let mut out = Vec::with_capacity(data.len());
            // What came before the fault is told before it.
            *this.fault = this.chunks.push(&data, &mut out).err();
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(out.into()))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.fault.is_none() && (self.over || self.inner.is_end_stream())
    }
}

impl<B> fmt::Debug for Unwrap<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unwrap")
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
