//! The body on its way back.

use std::{
    collections::VecDeque,
    fmt, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::SystemTime,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use towerman_core::{Attempt, BoxError, Dialect, FailureKind, Fault, FaultKind, Target};
use towerman_wire::{
    fault,
    observe::{ANSWER_LIMIT, Observed, observe},
    translate,
};

use crate::{future::Back, head, strip::Strip};

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

/// What is done to the bytes.
enum Work {
    Pass,
    Strip(Strip),
    Stream(Box<translate::Stream>),
    /// A whole answer is put together and then translated.
    Whole(Box<Whole>),
}

struct Whole {
    from: Dialect,
    to: Dialect,
    status: StatusCode,
    headers: HeaderMap,
    bytes: Vec<u8>,
    attempt: Arc<Attempt>,
}

// === impl ResponseBody ===

impl<B> ResponseBody<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    pub(crate) fn back(
        response: Response<B>,
        back: Back,
        attempt: Option<&Arc<Attempt>>,
    ) -> Response<Self> {
        let Some(attempt) = attempt else {
            return response.map(|body| Self::new(Inner::Plain { body }, Work::Pass));
        };
        let (mut parts, body) = observe(response, attempt).into_parts();
        let success = parts.status.is_success();
        let streams = attempt.note(|facts| facts.streams);
        let provider = &attempt.endpoint().provider;
        let remote = matches!(provider.target, Target::Url(_));
        let back = match back {
            // A proxy's page says the same thing in no dialect at all.
            Back::Untouched | Back::StripUsage
                if remote && !success && !is_json(&parts.headers) =>
            {
                Back::Translate {
                    from: provider.dialect,
                    to: provider.dialect,
                    include_usage: false,
                }
            }
            back => back,
        };
        let work = match back {
            Back::StripUsage if streams => Work::Strip(Strip::default()),
            Back::Untouched | Back::StripUsage => Work::Pass,
            Back::Translate {
                from,
                to,
                include_usage,
            } if streams => {
                let options = translate::Options {
                    include_usage,
                    model: None,
                    created: unix_time(),
                };
                Work::Stream(Box::new(translate::Stream::new(from, to, options)))
            }
            Back::Translate { from, to, .. } => Work::Whole(Box::new(Whole {
                from,
                to,
                status: parts.status,
                headers: parts.headers.clone(),
                bytes: Vec::new(),
                attempt: Arc::clone(attempt),
            })),
        };
        if remote {
            head::filter(&mut parts.headers);
        }
        if !matches!(work, Work::Pass) {
            parts.headers.remove(header::CONTENT_LENGTH);
        }
        if matches!(work, Work::Whole(_)) {
            let json = HeaderValue::from_static("application/json");
            parts.headers.insert(header::CONTENT_TYPE, json);
        }
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

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

// === impl Work ===

impl Work {
    fn push(&mut self, data: Bytes, out: &mut VecDeque<Bytes>) -> Result<(), Fault> {
        match self {
            Self::Pass => out.push_back(data),
            Self::Strip(strip) => strip.push(&data, out)?,
            Self::Stream(stream) => {
                let mut made = Vec::new();
                stream.push(&data, &mut made);
                if !made.is_empty() {
                    out.push_back(made.into());
                }
            }
            Self::Whole(whole) => whole.push(&data)?,
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut VecDeque<Bytes>) -> Result<(), Fault> {
        match self {
            Self::Pass => {}
            Self::Strip(strip) => strip.finish(out),
            Self::Stream(stream) => {
                let mut made = Vec::new();
                stream.finish(&mut made);
                if !made.is_empty() {
                    out.push_back(made.into());
                }
            }
            Self::Whole(whole) => out.push_back(whole.finish()?),
        }
        Ok(())
    }
}

impl Whole {
    fn push(&mut self, data: &[u8]) -> Result<(), Fault> {
        if self.bytes.len() + data.len() > ANSWER_LIMIT {
            self.bytes = Vec::new();
            self.attempt.note(|facts| facts.fail(FailureKind::Protocol));
            let message = "the provider's answer is larger than the limit";
            return Err(Fault::new(FaultKind::BadGateway, message));
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }

    fn finish(&mut self) -> Result<Bytes, Fault> {
        let bytes = mem::take(&mut self.bytes);
        if !self.status.is_success() {
            let fault = fault::read(self.from, self.status, &self.headers, &bytes);
            return Ok(fault::render(self.to, &fitting(self.status, fault), None).1);
        }
        translate::response(self.from, self.to, &bytes, None, unix_time()).inspect_err(|_| {
            self.attempt.note(|facts| facts.fail(FailureKind::Protocol));
        })
    }
}

/// The fault in words that fit the status, which is on its way already. That the caller is at fault
/// was decided by the status alone, so the words must not blame the provider.
fn fitting(status: StatusCode, fault: Fault) -> Fault {
    let callers = matches!(status.as_u16(), 400..=499)
        && !matches!(status.as_u16(), 401 | 402 | 403 | 408 | 429);
    if callers && !fault.kind().is_callers() {
        return Fault::new(
            FaultKind::InvalidRequest,
            "The provider refused the request.",
        );
    }
    fault
}

/// Seconds, for the `created` that OpenAI's dialect asks for.
fn unix_time() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/json"))
}
