//! The body of a committed answer: what was held, then the rest, within its limits.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};
use towerman_core::{Attempt, BoxError, FailureKind, Fault, FaultKind};
use towerman_wire::observe::Observed;

use crate::attempt::Limits;

/// The body of an attempt while it is held, and after.
pub(crate) type Held<B> = Pin<Box<Observed<B>>>;

/// Frames that were held.
pub(crate) type Frames = VecDeque<Frame<Bytes>>;

/// The response body of [`Failover`](crate::Failover).
///
/// A stream that falls silent, outlives its deadline or ends before it is complete ends with a
/// [`Fault`]; the layer at the edge puts that into the client's dialect.
pub struct ResponseBody<B>(Kind<B>);

enum Kind<B> {
    /// Nothing was routed: the inner body as it is.
    Passed(Pin<Box<B>>),
    /// The whole answer was held.
    Whole(Frames),
    Stream(Box<Stream<B>>),
}

struct Stream<B> {
    held: Frames,
    /// Taken when the stream is over: dropping it is what cancels the upstream call.
    inner: Option<Held<B>>,
    attempt: Arc<Attempt>,
    limits: Limits,
    /// When the last line came. The timer is not reset per frame; when it rings, this tells
    /// whether it rang for a reason.
    last: Instant,
    timer: Pin<Box<Sleep>>,
}

// === impl ResponseBody ===

impl<B> ResponseBody<B> {
    pub(crate) const fn passed(body: Pin<Box<B>>) -> Self {
        Self(Kind::Passed(body))
    }

    pub(crate) fn whole(held: Frames) -> Self {
        Self(Kind::Whole(held))
    }

    pub(crate) fn committed(
        inner: Held<B>,
        held: Frames,
        attempt: Arc<Attempt>,
        limits: &Limits,
    ) -> Self {
        let last = Instant::now();
        let timer = Box::pin(sleep_until((last + limits.idle).min(limits.deadline)));
        Self(Kind::Stream(Box::new(Stream {
            held,
            inner: Some(inner),
            attempt,
            limits: *limits,
            last,
            timer,
        })))
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Kind::Passed(body) => body.as_mut().poll_frame(cx).map_err(Into::into),
            Kind::Whole(held) => Poll::Ready(held.pop_front().map(Ok)),
            Kind::Stream(stream) => stream.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Passed(body) => body.is_end_stream(),
            Kind::Whole(held) => held.is_empty(),
            // The end is an event of its own here: it may turn out to be a truncation.
            Kind::Stream(stream) => stream.held.is_empty() && stream.inner.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Passed(body) => body.size_hint(),
            Kind::Whole(held) => SizeHint::with_exact(
                held.iter()
                    .filter_map(Frame::data_ref)
                    .map(|data| data.len() as u64)
                    .sum(),
            ),
            Kind::Stream(_) => SizeHint::default(),
        }
    }
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.0 {
            Kind::Passed(_) => "Passed",
            Kind::Whole(_) => "Whole",
            Kind::Stream(_) => "Stream",
        };
        f.debug_tuple("ResponseBody").field(&name).finish()
    }
}

// === impl Stream ===

impl<B> Stream<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(frame) = self.held.pop_front() {
            return Poll::Ready(Some(Ok(frame)));
        }
        let Some(inner) = &mut self.inner else {
            return Poll::Ready(None);
        };
        match inner.as_mut().poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                // A provider that sends a byte now and then is as good as silent.
                let data = frame.data_ref();
                if data
                    .is_some_and(|data| data.iter().rev().any(|byte| matches!(byte, b'\n' | b'\r')))
                {
                    self.last = Instant::now();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.inner = None;
                let message = "the provider broke the stream off";
                let fault = Fault::new(FaultKind::BadGateway, message).because(error);
                Poll::Ready(Some(Err(fault.into())))
            }
            Poll::Ready(None) => {
                self.inner = None;
                Poll::Ready(self.truncated().map(Err))
            }
            Poll::Pending => self.poll_timer(cx),
        }
    }

    /// A stream that ended by itself, but before the provider said that it was complete.
    fn truncated(&self) -> Option<BoxError> {
        let (complete, failure) = self.attempt.note(|facts| (facts.complete, facts.failure));
        // An error event of the provider's has told the client already; garbage has not.
        let garbage = |kind| matches!(kind, FailureKind::Truncated | FailureKind::Protocol);
        let told = failure.is_some_and(|kind| !garbage(kind));
        (!complete && !told).then(|| {
            let message = "the provider's stream ended before it was complete";
            Fault::new(FaultKind::BadGateway, message).into()
        })
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let silent_until = self.last + self.limits.idle;
            let now = Instant::now();
            let (late, message) = if now >= self.limits.deadline {
                let message = "the provider did not finish its answer in time";
                (FailureKind::Deadline, message)
            } else if now >= silent_until {
                let message = "the provider fell silent in the middle of its answer";
                (FailureKind::IdleTimeout, message)
            } else {
                let until = silent_until.min(self.limits.deadline);
                self.timer.as_mut().reset(until);
                continue;
            };
            // Noted before the attempt is dropped, so that it does not count as a cancel.
            self.attempt.note(|facts| facts.fail(late));
            self.inner = None;
            return Poll::Ready(Some(Err(Fault::new(FaultKind::Timeout, message).into())));
        }
        Poll::Pending
    }
}
