//! The body that reaches the client: an error inside becomes an event in its dialect.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderValue, Response, header::CONTENT_TYPE};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::sync::OwnedSemaphorePermit;
use tower_http::on_early_drop::{OnDropCallback, OnEarlyDropGuard};
use towerman_core::{Body, BoxError, Fault, FaultKind, RouteReport};
use towerman_wire::{array::Array, tail::Tail};
use tracing::Span;

use crate::{guarded, voice::Voice};

pin_project! {
    /// The response body of [`Edge`](crate::Edge).
    pub struct ResponseBody<B> {
        #[pin]
        kind: Kind<B>,
        // Present while the answer streams in the client's dialect.
        voice: Option<Voice>,
        tail: Tail,
        // A stream that its client wants as one array.
        array: Option<Array>,
        span: Span,
        left: Option<OnEarlyDropGuard<Left>>,
        room: Option<OwnedSemaphorePermit>,
        done: bool,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<B> {
        Inner { #[pin] body: B },
        Own { #[pin] body: Body },
    }
}

/// Notes that the client left before its answer was complete.
#[derive(Debug)]
pub(crate) struct Left(pub(crate) RouteReport);

impl OnDropCallback for Left {
    fn on_drop(self) {
        self.0.note("the client left");
    }
}

impl<B: http_body::Body> ResponseBody<B> {
    /// An answer from inside.
    pub(crate) fn around(
        mut response: Response<B>,
        voice: &Voice,
        mut left: Option<OnEarlyDropGuard<Left>>,
        room: Option<OwnedSemaphorePermit>,
    ) -> Response<Self> {
        let tail = Tail::announced(response.headers()).filter(|_| !voice.foreign);
        let streams = tail.is_some();
        let array = (streams && voice.door.array).then(Array::default);
        if array.is_some() {
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
        }
        if let Some(left) = left.as_mut().filter(|_| response.body().is_end_stream()) {
            // Nobody polls a body that has ended already.
            left.completed();
        }
        response.map(|body| Self {
            kind: Kind::Inner { body },
            voice: streams.then(|| voice.clone()),
            tail: tail.unwrap_or_default(),
            array,
            span: voice.span.clone(),
            left,
            room,
            done: false,
        })
    }
}

impl<B> ResponseBody<B> {
    /// An answer of our own.
    pub(crate) fn own(body: Body) -> Self {
        Self {
            kind: Kind::Own { body },
            voice: None,
            tail: Tail::default(),
            array: None,
            span: Span::none(),
            left: None,
            room: None,
            done: false,
        }
    }
}

impl<B> http_body::Body for ResponseBody<B>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut this = self.project();
        let _entered = this.span.enter();
        let frame = loop {
            if *this.done {
                // What is left of a stream that ended by itself.
                break this.tail.take().map(|rest| Ok(Frame::data(rest)));
            }
            let frame = match this.kind.as_mut().project() {
                KindProj::Inner { mut body } => {
                    let frame = ready!(poll_guarded(body.as_mut(), cx));
                    *this.done = frame.as_ref().is_none_or(Result::is_err) || body.is_end_stream();
                    frame
                }
                KindProj::Own { body } => return body.poll_frame(cx),
            };
            let Some(voice) = this.voice else {
                break frame;
            };
            match frame {
                Some(Ok(frame)) => {
                    // Trailers have no place in a stream of events.
                    let data = frame.into_data().ok();
                    if let Some(events) = data.and_then(|data| this.tail.push(data)) {
                        break Some(Ok(Frame::data(events)));
                    }
                }
                Some(Err(error)) => {
                    // Half an event will never be one.
                    this.tail.take();
                    break Some(Ok(Frame::data(voice.event(error.as_ref()))));
                }
                None => {}
            }
        };
        let frame = match (frame, this.array.as_mut()) {
            (Some(Ok(frame)), Some(array)) => Some(Ok(frame.map_data(|data| array.push(&data)))),
            // The bracket comes behind everything, an error too.
            (None, Some(array)) => {
                let end = array.finish();
                *this.array = None;
                Some(Ok(Frame::data(end)))
            }
            (frame, _) => frame,
        };
        if *this.done {
            if let Some(left) = this.left {
                left.completed();
            }
            *this.room = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        let over = match &self.kind {
            Kind::Inner { body } => body.is_end_stream(),
            Kind::Own { body } => body.is_end_stream(),
        };
        (over || self.done) && self.tail.is_empty() && self.array.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            _ if self.array.is_some() => SizeHint::default(),
            _ if self.done => SizeHint::with_exact(0),
            Kind::Inner { body } => body.size_hint(),
            Kind::Own { body } => body.size_hint(),
        }
    }
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody")
            .field("voice", &self.voice)
            .finish_non_exhaustive()
    }
}

/// Polls `body`. If that panics it is an error, and `body` must not be polled again.
fn poll_guarded<B>(
    body: Pin<&mut B>,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Frame<Bytes>, BoxError>>>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    match catch_unwind(AssertUnwindSafe(|| body.poll_frame(cx))) {
        Ok(frame) => frame.map_err(Into::into),
        Err(panic) => {
            guarded::tell(&*panic);
            let fault = Fault::new(FaultKind::Internal, "the answer could not be completed");
            Poll::Ready(Some(Err(fault.into())))
        }
    }
}
