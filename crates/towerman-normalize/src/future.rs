//! The future: what comes back is in the client's dialect.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::Response;
use pin_project_lite::pin_project;
use towerman_core::{Ask, Attempt, BoxError, Refusable};
use towerman_wire::vectors;

use crate::ResponseBody;

/// What is asked, and of whom: what must be done to the answer follows from it.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// `None` is a request that is sent as it came.
    pub(crate) ask: Option<Arc<Ask>>,
    pub(crate) attempt: Arc<Attempt>,
    /// The client's request.
    pub(crate) id: Option<Arc<str>>,
    pub(crate) due: Due,
    /// The client may hear of rate limits.
    pub(crate) tell_limits: bool,
}

/// What is due to the client, beyond what the provider was told.
#[derive(Clone, Debug)]
pub(crate) enum Due {
    /// What the model says.
    Answer {
        /// Stop sequences that the provider was not told.
        cut: Vec<String>,
        /// The tool whose input is the answer.
        answer_tool: Option<String>,
    },
    /// Vectors, from another dialect.
    Vectors(vectors::Told),
    /// The size of a prompt, counted in another dialect.
    Count,
}

impl Due {
    /// What the provider says.
    pub(crate) const NOTHING: Self = Self::Answer {
        cut: Vec::new(),
        answer_tool: None,
    };
}

pin_project! {
    /// The future of [`Normalize`](crate::Normalize).
    pub struct ResponseFuture<F> {
        #[pin]
        call: Refusable<F>,
        exchange: Option<Exchange>,
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) const fn new(call: F, exchange: Option<Exchange>) -> Self {
        Self {
            call: Refusable::call(call),
            exchange,
        }
    }

    pub(crate) fn refused(error: impl Into<BoxError>) -> Self {
        Self {
            call: Refusable::refused(error),
            exchange: None,
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody<B>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.call.poll(cx))?;
        Poll::Ready(Ok(ResponseBody::back(response, this.exchange.take())))
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("exchange", &self.exchange)
            .finish_non_exhaustive()
    }
}
