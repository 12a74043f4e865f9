//! Watches an answer go by and notes on its [`Attempt`] what it says.
//!
//! Frames are forwarded as they are; a frame has been noted before the layer outside sees it.
//! [`observe`] is the http side, [`Observer`] does the work and can be used without it.

mod answer;
pub(crate) mod anthropic;
mod aside;
mod delta;
mod observer;
pub(crate) mod openai;
mod state;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::SystemTime,
};

use bytes::Bytes;
use http::{Response, header::CONTENT_TYPE};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use towerman_core::{Attempt, End};

pub(crate) use self::delta::Delta;
pub use self::{
    observer::{ANSWER_LIMIT, ERROR_LIMIT, Observer},
    state::Learned,
};
use crate::{limits, retry_after};

pin_project! {
    /// A response body that is watched, see [`observe`]. Its frames are those of `B`.
    pub struct Observed<B> {
        #[pin]
        inner: B,
        // Boxed, because responses are moved often and this is larger than most bodies.
        watch: Option<Box<Watch>>,
    }
}

/// An observer, and where it notes.
struct Watch {
    observer: Observer,
    attempt: Arc<Attempt>,
}

/// Watches `response`, which answers `attempt`.
///
/// If somebody further in has claimed the attempt already, bytes are only passed along. The
/// status, what is left of rate limits and any delay asked for are noted at once, the rest as the body goes by.
pub fn observe<B>(response: Response<B>, attempt: &Arc<Attempt>) -> Response<Observed<B>>
where
    B: http_body::Body<Data = Bytes>,
{
    if !attempt.claim() {
        return response.map(Observed::unwatched);
    }
    let (parts, inner) = response.into_parts();
    let endpoint = attempt.endpoint();
    let dialect = (!endpoint.is_unrouted()).then_some(endpoint.provider.dialect);
    let media_type = parts.headers.get(CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok());
    let status = parts.status;
    let now = SystemTime::now();
    let limits = limits::read(&parts.headers, now);
    // Some providers send the header with every success; only here does it mean anything.
    let retry_after = retry_after::counts(status)
        .then(|| retry_after::read(&parts.headers, limits.as_ref(), now))
        .flatten();
    let mut observer = Observer::new(dialect, status, media_type).of(attempt.operation());
    observer.heed(&parts.headers);
    if let Some(bytes) = inner.size_hint().exact() {
        observer.expect(bytes);
    }
    attempt.note(|facts| {
        facts.status = Some(status);
        facts.streams = observer.streams();
        facts.retry_after = retry_after;
        facts.limits = limits.map(Box::new);
    });
    let mut watch = Box::new(Watch {
        observer,
        attempt: Arc::clone(attempt),
    });
    // Nobody polls a body that says at once that it is over.
    if inner.is_end_stream() {
        watch.observer.finish();
    }
    watch.note();
    let watch = Some(watch);
    Response::from_parts(parts, Observed { inner, watch })
}

impl Watch {
    fn note(&mut self) {
        if let Some(learned) = self.observer.news() {
            self.attempt.note(|facts| learned.note(facts));
            self.attempt.advance(learned.phase);
        }
    }
}

// === impl Observed ===

impl<B> Observed<B> {
    /// A body whose bytes nobody reads: the answer to no attempt.
    pub const fn unwatched(inner: B) -> Self {
        Self { inner, watch: None }
    }

    /// Whether the provider stopped making sense: three events in a row of a stream could not be
    /// read. Whoever passes its bytes on should end the answer.
    pub fn is_garbage(&self) -> bool {
        let observer = self.watch.as_ref().map(|watch| &watch.observer);
        observer.is_some_and(Observer::is_garbage)
    }
}

impl<B> http_body::Body for Observed<B>
where
    B: http_body::Body<Data = Bytes>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.inner.as_mut().poll_frame(cx));
        if let Some(watch) = this.watch {
            if let Some(Ok(frame)) = &frame
                && let Some(data) = frame.data_ref()
            {
                watch.observer.push(data);
            }
            match End::of_frame(frame.as_ref(), this.inner.is_end_stream()) {
                None => {}
                Some(End::Read) => watch.observer.finish(),
                Some(_) => watch.observer.abort(),
            }
            watch.note();
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

impl<B: fmt::Debug> fmt::Debug for Observed<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observed")
            .field("inner", &self.inner)
            .field("watched", &self.watch.is_some())
            .finish()
    }
}
