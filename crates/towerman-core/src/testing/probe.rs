//! A service that watches how a layer treats it.

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering::Relaxed},
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::Watch;
use crate::Body;

/// An inner service that counts how it is used. Its clones start unready, as tower demands that
/// callers assume.
pub struct Probe<F, E> {
    respond: F,
    readiness: Readiness<E>,
    watch: Watch,
    ready: bool,
}

/// What a [`Probe`] says when it is asked whether it is ready.
pub enum Readiness<E> {
    /// It is.
    Always,
    /// Not before the gate is open.
    Gated(Gate),
    /// It never will be, for this reason.
    Broken(fn() -> E),
}

/// Holds probes back until it is opened. Clones are the same gate.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    open: bool,
    wakers: Vec<Waker>,
}

pin_project! {
    /// The future of a [`Probe`].
    pub struct ProbeFuture<F> {
        inner: Pin<Box<F>>,
        watch: Watch,
        done: bool,
    }

    impl<F> PinnedDrop for ProbeFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.watch.0.in_flight.fetch_sub(1, Relaxed);
            if !*this.done {
                this.watch.0.dropped.fetch_add(1, Relaxed);
            }
        }
    }
}

pin_project! {
    /// The response body of a [`Probe`].
    pub struct ProbeBody<B> {
        #[pin]
        inner: B,
        watch: Watch,
        done: bool,
    }

    impl<B> PinnedDrop for ProbeBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let counts = &this.watch.0;
            counts.bodies.fetch_sub(1, Relaxed);
            let ended = if *this.done { &counts.finished_bodies } else { &counts.dropped_bodies };
            ended.fetch_add(1, Relaxed);
        }
    }
}

// === impl Probe ===

impl<F, E> Probe<F, E> {
    /// A service that answers with `respond`, and the counts of it and of all its clones.
    pub fn new(respond: F) -> (Self, Watch) {
        Self::with(Readiness::Always, respond)
    }

    /// The same, if it is ready.
    pub fn with(readiness: Readiness<E>, respond: F) -> (Self, Watch) {
        let watch = Watch::default();
        let probe = Self {
            respond,
            readiness,
            watch: watch.clone(),
            ready: false,
        };
        (probe, watch)
    }
}

impl<F: Clone, E> Clone for Probe<F, E> {
    fn clone(&self) -> Self {
        self.watch.0.clones.fetch_add(1, Relaxed);
        // Readiness belongs to the instance that was polled.
        Self {
            respond: self.respond.clone(),
            readiness: self.readiness.clone(),
            watch: self.watch.clone(),
            ready: false,
        }
    }
}

impl<F, E> fmt::Debug for Probe<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe")
            .field("watch", &self.watch)
            .field("ready", &self.ready)
            .finish_non_exhaustive()
    }
}

impl<F, Fut, B, E> Service<Request<Body>> for Probe<F, E>
where
    F: Fn(Request<Body>) -> Fut,
    Fut: Future<Output = Result<Response<B>, E>>,
    B: http_body::Body,
{
    type Response = Response<ProbeBody<B>>;
    type Error = E;
    type Future = ProbeFuture<Fut>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        self.watch.0.readied.fetch_add(1, Relaxed);
        match &self.readiness {
            Readiness::Always => {}
            Readiness::Gated(gate) => ready!(gate.poll(cx)),
            Readiness::Broken(error) => return Poll::Ready(Err(error())),
        }
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> ProbeFuture<Fut> {
        let counts = &self.watch.0;
        counts.calls.fetch_add(1, Relaxed);
        counts.in_flight.fetch_add(1, Relaxed);
        if !mem::take(&mut self.ready) {
            counts.unready_calls.fetch_add(1, Relaxed);
        }
        ProbeFuture {
            inner: Box::pin((self.respond)(request)),
            watch: self.watch.clone(),
            done: false,
        }
    }
}

// === impl Readiness ===

impl<E> Clone for Readiness<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Always => Self::Always,
            Self::Gated(gate) => Self::Gated(gate.clone()),
            Self::Broken(error) => Self::Broken(*error),
        }
    }
}

impl<E> fmt::Debug for Readiness<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Always => "Always",
            Self::Gated(_) => "Gated",
            Self::Broken(_) => "Broken",
        })
    }
}

// === impl Gate ===

impl Gate {
    /// Lets everybody through from now on, and wakes those who wait.
    pub fn open(&self) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.open = true;
        waiting.wakers.drain(..).for_each(Waker::wake);
    }

    fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.open {
            return Poll::Ready(());
        }
        waiting.wakers.push(cx.waker().clone());
        Poll::Pending
    }
}

// === impl ProbeFuture ===

impl<F, B, E> Future for ProbeFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: http_body::Body,
{
    type Output = Result<Response<ProbeBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let output = ready!(this.inner.as_mut().poll(cx));
        *this.done = true;
        Poll::Ready(output.map(|response| {
            response.map(|inner| {
                this.watch.0.bodies.fetch_add(1, Relaxed);
                ProbeBody {
                    // Nobody polls a body that says at once that it is over.
                    done: inner.is_end_stream(),
                    inner,
                    watch: this.watch.clone(),
                }
            })
        }))
    }
}

impl<F> fmt::Debug for ProbeFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeFuture")
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

// === impl ProbeBody ===

impl<B> http_body::Body for ProbeBody<B>
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
        *this.done |= !matches!(frame, Some(Ok(_))) || this.inner.is_end_stream();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B> fmt::Debug for ProbeBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeBody")
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}
