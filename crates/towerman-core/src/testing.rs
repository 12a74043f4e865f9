//! A service that watches how a layer treats it.
//!
//! [`Probe`] stands inside a layer under test. It counts clones, calls without readiness, calls
//! under way and calls dropped unfinished, so that a test can state the law it checks:
//!
//! ```
//! use std::{convert::Infallible, task::{Context, Waker}};
//! use http::{Request, Response};
//! use tower_service::Service;
//! use towerman_core::{Body, testing::Probe};
//!
//! let (mut inner, watch) = Probe::new(|_: Request<Body>| async {
//!     Ok::<_, Infallible>(Response::new(Body::empty()))
//! });
//! let _ = inner.poll_ready(&mut Context::from_waker(Waker::noop()));
//! drop(inner.call(Request::new(Body::empty())));
//! assert_eq!((watch.calls(), watch.unready_calls(), watch.dropped()), (1, 0, 1));
//! ```

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use http::{Request, Response};
use tower_service::Service;

use crate::Body;

/// An inner service that counts how it is used. Its clones start unready, as tower demands that
/// callers assume.
pub struct Probe<F> {
    respond: F,
    watch: Watch,
    ready: bool,
}

/// What a [`Probe`] and all its clones have seen.
#[derive(Clone, Debug, Default)]
pub struct Watch(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    clones: AtomicUsize,
    readied: AtomicUsize,
    calls: AtomicUsize,
    unready_calls: AtomicUsize,
    in_flight: AtomicUsize,
    dropped: AtomicUsize,
}

/// The future of a [`Probe`].
pub struct ProbeFuture<F> {
    inner: Pin<Box<F>>,
    watch: Watch,
    done: bool,
}

// === impl Probe ===

impl<F> Probe<F> {
    /// A service that answers with `respond`, and the counts of it and of all its clones.
    pub fn new(respond: F) -> (Self, Watch) {
        let watch = Watch::default();
        (
            Self {
                respond,
                watch: watch.clone(),
                ready: false,
            },
            watch,
        )
    }
}

impl<F: Clone> Clone for Probe<F> {
    fn clone(&self) -> Self {
        self.watch.0.clones.fetch_add(1, Relaxed);
        // Readiness belongs to the instance that was polled.
        Self {
            respond: self.respond.clone(),
            watch: self.watch.clone(),
            ready: false,
        }
    }
}

impl<F> fmt::Debug for Probe<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe")
            .field("watch", &self.watch)
            .field("ready", &self.ready)
            .finish_non_exhaustive()
    }
}

impl<F, Fut, B, E> Service<Request<Body>> for Probe<F>
where
    F: Fn(Request<Body>) -> Fut,
    Fut: Future<Output = Result<Response<B>, E>>,
{
    type Response = Response<B>;
    type Error = E;
    type Future = ProbeFuture<Fut>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        self.watch.0.readied.fetch_add(1, Relaxed);
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> ProbeFuture<Fut> {
        let counts = &self.watch.0;
        counts.calls.fetch_add(1, Relaxed);
        counts.in_flight.fetch_add(1, Relaxed);
        if !std::mem::take(&mut self.ready) {
            counts.unready_calls.fetch_add(1, Relaxed);
        }
        ProbeFuture {
            inner: Box::pin((self.respond)(request)),
            watch: self.watch.clone(),
            done: false,
        }
    }
}

// === impl Watch ===

impl Watch {
    /// How often the service was cloned.
    pub fn clones(&self) -> usize {
        self.0.clones.load(Relaxed)
    }

    /// How often readiness was asked for.
    pub fn readied(&self) -> usize {
        self.0.readied.load(Relaxed)
    }

    /// How often it was called.
    pub fn calls(&self) -> usize {
        self.0.calls.load(Relaxed)
    }

    /// How often it was called without having been readied: a violation of the contract.
    pub fn unready_calls(&self) -> usize {
        self.0.unready_calls.load(Relaxed)
    }

    /// Calls whose future is alive and unfinished.
    pub fn in_flight(&self) -> usize {
        self.0.in_flight.load(Relaxed)
    }

    /// Calls whose future was dropped before it finished.
    pub fn dropped(&self) -> usize {
        self.0.dropped.load(Relaxed)
    }
}

// === impl ProbeFuture ===

impl<F: Future> Future for ProbeFuture<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let output = self.inner.as_mut().poll(cx);
        self.done |= output.is_ready();
        output
    }
}

impl<F> Drop for ProbeFuture<F> {
    fn drop(&mut self) {
        self.watch.0.in_flight.fetch_sub(1, Relaxed);
        if !self.done {
            self.watch.0.dropped.fetch_add(1, Relaxed);
        }
    }
}

impl<F> fmt::Debug for ProbeFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeFuture")
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}
