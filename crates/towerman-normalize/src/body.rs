//! The body on its way back.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use towerman_core::{BoxError, Fault, FaultKind, Target};
use towerman_wire::observe::{Observed, observe};

use crate::{future::Exchange, head, work::Work};

pin_project! {
    /// The response body of [`Normalize`](crate::Normalize).
    pub struct ResponseBody<B> {
        #[pin]
        inner: Inner<B>,
        work: Work,
        out: VecDeque<Bytes>,
        ended: bool,
    }
}

pin_project! {
    #[project = InnerProj]
    enum Inner<B> {
        Plain { #[pin] body: B },
        // Observed before it is changed: usage is what the provider said.
        Observed { #[pin] body: Observed<B> },
    }
}

impl<B> Inner<B> {
    fn is_garbage(self: Pin<&mut Self>) -> bool {
        match self.project() {
            InnerProj::Plain { .. } => false,
            InnerProj::Observed { body } => body.is_garbage(),
        }
    }
}

impl<B> ResponseBody<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    pub(crate) fn back(response: Response<B>, exchange: Option<Exchange>) -> Response<Self> {
        let Some(exchange) = exchange else {
            return response.map(|body| Self::new(Inner::Plain { body }, Work::Pass));
        };
        let (mut parts, body) = observe(response, &exchange.attempt).into_parts();
        let attempt = &exchange.attempt;
        if let Target::Url(_) = attempt.endpoint().provider.target {
            let told = exchange
                .tell_limits
                .then(|| attempt.note(|facts| facts.limits.as_deref().copied()));
            head::filter(&mut parts.headers, told.flatten().as_ref());
        }
        let work = Work::of(exchange, parts.status);
        work.describe(&mut parts.headers);
        Response::from_parts(parts, Self::new(Inner::Observed { body }, work))
    }

    fn new(inner: Inner<B>, work: Work) -> Self {
        Self {
            inner,
            work,
            out: VecDeque::new(),
            ended: false,
        }
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
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut this = self.project();
        loop {
            if let Some(piece) = this.out.pop_front() {
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            if *this.ended {
                return Poll::Ready(None);
            }
            let frame = match this.inner.as_mut().project() {
                InnerProj::Plain { body } => {
                    ready!(body.poll_frame(cx)).map(|f| f.map_err(Into::into))
                }
                InnerProj::Observed { body } => {
                    ready!(body.poll_frame(cx)).map(|f| f.map_err(Into::into))
                }
            };
            match (frame, &mut *this.work) {
                // What goes on as it came is read by nobody else.
                (Some(Ok(_)), Work::Pass | Work::Strip(_)) if this.inner.as_mut().is_garbage() => {
                    *this.ended = true;
                    return Poll::Ready(Some(Err(garbage().into())));
                }
                (frame, Work::Pass) => return Poll::Ready(frame),
                (Some(Ok(frame)), work) => {
                    if let Ok(data) = frame.into_data()
                        && let Err(fault) = work.push(data, this.out)
                    {
                        *this.ended = true;
                        this.out.clear();
                        return Poll::Ready(Some(Err(fault.into())));
                    }
                }
                (Some(Err(error)), _) => {
                    *this.ended = true;
                    return Poll::Ready(Some(Err(error)));
                }
                (None, work) => {
                    *this.ended = true;
                    if let Err(fault) = work.finish(this.out) {
                        return Poll::Ready(Some(Err(fault.into())));
                    }
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match (&self.work, &self.inner) {
            (Work::Pass, Inner::Plain { body }) => body.is_end_stream(),
            (Work::Pass, Inner::Observed { body }) => body.is_end_stream(),
            // The last bytes may be made only when the inner end has been polled.
            _ => self.ended && self.out.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.work, &self.inner) {
            (Work::Pass, Inner::Plain { body }) => body.size_hint(),
            (Work::Pass, Inner::Observed { body }) => body.size_hint(),
            _ => SizeHint::default(),
        }
    }
}

fn garbage() -> Fault {
    let message = "the provider's answer could not be understood";
    Fault::new(FaultKind::BadGateway, message)
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
