//! What the service inside a layer does while its contract is checked.

use std::{
    collections::VecDeque,
    error::Error,
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header::CONTENT_TYPE};
use http_body::Frame;

use super::Probe;
use crate::{Body, BoxError};

/// How often the head lets itself be waited for. Each frame does once.
pub(super) const WAITS: u32 = 2;

/// The service that [`Contract`](super::Contract) puts inside a layer.
pub type Inner = Probe<fn(Request<Body>) -> Steps, BoxError>;

/// What is to be answered. It travels with the request, as an extension.
#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) media: &'static str,
    pub(super) frames: &'static [&'static str],
    pub(super) fails: bool,
    /// Alive as long as anything of the request is.
    pub(super) token: Arc<()>,
}

/// The error of a service that fails.
#[derive(Debug)]
pub(super) struct Sick;

/// A call that waits, and then answers as its request says.
#[derive(Debug)]
pub struct Steps {
    waits: u32,
    request: Request<Body>,
}

/// A body that waits before each of its frames.
#[derive(Debug)]
pub struct Frames {
    left: VecDeque<&'static str>,
    waited: bool,
    _token: Option<Arc<()>>,
}

pub(super) fn respond(request: Request<Body>) -> Steps {
    Steps {
        waits: WAITS,
        request,
    }
}

impl Future for Steps {
    type Output = Result<Response<Frames>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.waits > 0 {
            self.waits -= 1;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(script) = self.request.extensions().get::<Script>().cloned() else {
            return Poll::Ready(Err("the layer lost the request's extensions".into()));
        };
        if script.fails {
            return Poll::Ready(Err(Sick.into()));
        }
        let mut response = Response::new(Frames {
            left: script.frames.iter().copied().collect(),
            waited: false,
            _token: Some(script.token),
        });
        let media = HeaderValue::from_static(script.media);
        response.headers_mut().insert(CONTENT_TYPE, media);
        Poll::Ready(Ok(response))
    }
}

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if !mem::replace(&mut self.waited, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.waited = false;
        let frame = self.left.pop_front();
        Poll::Ready(frame.map(|text| Ok(Frame::data(Bytes::from_static(text.as_bytes())))))
    }
}

impl fmt::Display for Sick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the inner service failed")
    }
}

impl Error for Sick {}
