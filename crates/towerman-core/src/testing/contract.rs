//! The laws of a layer that passes requests on.

use std::{
    fmt,
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker},
};

use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;

use super::{
    Gate, Inner, Probe, Readiness, Watch,
    script::{Script, Sick, WAITS, respond},
};
use crate::{Body, BoxError, find};

/// More polls than anything here needs.
const MANY: usize = 1_000;

/// Checks what every layer promises that passes requests on:
///
/// - readiness is the inner service's: it waits and fails with it, and is woken by it;
/// - the instance that was readied is the one that is called, and a clone is readied by itself;
/// - the inner service's error comes out, reachable by [`find`];
/// - a call that is dropped, after any number of polls, drops the inner call and lets go of all
///   that belongs to the request;
/// - so does a body that is dropped after any number of frames.
///
/// ```
/// use towerman_core::{Body, testing::Contract};
///
/// // The empty layer keeps all of them.
/// Contract::new(|inner| inner, || http::Request::new(Body::empty())).check();
/// ```
pub struct Contract<W, Q> {
    wrap: W,
    request: Q,
    media: &'static str,
    frames: &'static [&'static str],
    same: bool,
}

impl<W, Q, S, R> Contract<W, Q>
where
    W: Fn(Inner) -> S,
    Q: Fn() -> Request<Body>,
    S: Service<Request<Body>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    R: http_body::Body<Data = Bytes>,
    R::Error: Into<BoxError>,
{
    /// The contract of the layer that `wrap` puts around a service, checked with such requests.
    /// The answer is a text, which must come out as it is.
    pub const fn new(wrap: W, request: Q) -> Self {
        Self {
            wrap,
            request,
            media: "text/plain",
            frames: &["one ", "two ", "three"],
            same: true,
        }
    }

    /// Answers with these frames instead; what comes out is not compared.
    #[must_use]
    pub const fn answer(mut self, media: &'static str, frames: &'static [&'static str]) -> Self {
        self.media = media;
        self.frames = frames;
        self.same = false;
        self
    }

    /// Checks all of it.
    ///
    /// # Panics
    ///
    /// If the layer breaks its promise.
    pub fn check(&self) {
        self.waits_and_wakes_with_the_inner_service();
        self.fails_with_the_inner_service();
        self.calls_the_instance_that_was_readied();
        self.hands_out_the_inner_services_error();
        self.drops_the_call_after_any_number_of_polls();
        self.drops_the_body_after_any_number_of_polls();
    }

    fn waits_and_wakes_with_the_inner_service(&self) {
        let gate = Gate::default();
        let (inner, _) = probe(Readiness::Gated(gate.clone()));
        let mut service = (self.wrap)(inner);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        assert!(service.poll_ready(&mut cx).is_pending(), "it does not wait");
        gate.open();
        assert!(woken.0.load(Relaxed) > 0, "it is not woken");
        let opened = matches!(service.poll_ready(&mut cx), Poll::Ready(Ok(())));
        assert!(opened, "it waits for ever");
    }

    fn fails_with_the_inner_service(&self) {
        let (inner, _) = probe(Readiness::Broken(|| Sick.into()));
        let mut cx = Context::from_waker(Waker::noop());
        let failed = match (self.wrap)(inner).poll_ready(&mut cx) {
            Poll::Ready(Err(error)) => find::<Sick>(error.into().as_ref()).is_some(),
            _ => false,
        };
        assert!(failed, "it hides that the inner service has failed");
    }

    fn calls_the_instance_that_was_readied(&self) {
        let (inner, watch) = probe(Readiness::Always);
        let mut service = (self.wrap)(inner);
        for _ in 0..3 {
            self.answered(&mut service);
        }
        let seen = (watch.calls(), watch.unready_calls(), watch.clones());
        assert_eq!(seen, (3, 0, 0), "calls, calls unready, clones");
        ready(&mut service);
        let mut clone = service.clone();
        self.answered(&mut clone);
        assert_eq!(watch.unready_calls(), 0, "a clone is readied by itself");
    }

    fn hands_out_the_inner_services_error(&self) {
        let (inner, watch) = probe(Readiness::Always);
        let mut service = (self.wrap)(inner);
        ready(&mut service);
        let (request, token) = self.request(true);
        let result = finish(service.call(request));
        let handed = match result {
            Err(error) => find::<Sick>(error.into().as_ref()).is_some(),
            Ok(_) => false,
        };
        assert!(handed, "it hides the inner service's error");
        drop(service);
        assert_eq!((watch.in_flight(), watch.dropped()), (0, 0));
        released(&token, "an error");
    }

    fn drops_the_call_after_any_number_of_polls(&self) {
        for polls in 0..MANY {
            let (inner, watch) = probe(Readiness::Always);
            let mut service = (self.wrap)(inner);
            ready(&mut service);
            let (request, token) = self.request(false);
            let answered = {
                let mut call = pin!(service.call(request));
                (0..polls).any(|_| call.as_mut().poll(&mut noop()).is_ready())
            };
            if answered {
                assert!(polls > WAITS as usize, "it answers before it can");
                return;
            }
            assert_eq!(watch.in_flight(), 0, "after {polls} polls");
            assert_eq!(watch.dropped(), watch.calls(), "after {polls} polls");
            drop(service);
            released(&token, "a dropped call");
        }
        unreachable!("it never answers");
    }

    fn drops_the_body_after_any_number_of_polls(&self) {
        for polls in 0..MANY {
            let (inner, watch) = probe(Readiness::Always);
            let mut service = (self.wrap)(inner);
            let (response, token) = self.answered(&mut service);
            let mut out = Vec::new();
            let ended = {
                let mut body = pin!(response.into_body());
                (0..polls).any(|_| match body.as_mut().poll_frame(&mut noop()) {
                    Poll::Ready(Some(Ok(frame))) => {
                        out.extend(frame.into_data().unwrap_or_default());
                        false
                    }
                    Poll::Ready(Some(Err(_))) => unreachable!("this body does not fail"),
                    Poll::Ready(None) => true,
                    Poll::Pending => false,
                })
            };
            drop(service);
            assert_eq!(watch.bodies(), 0, "after {polls} polls");
            released(&token, "a dropped body");
            if ended {
                assert_eq!(watch.finished_bodies(), 1, "read to its end");
                let sent = self.frames.concat();
                assert!(!self.same || out == sent.as_bytes(), "frames are lost");
                return;
            }
        }
        unreachable!("the body never ends");
    }

    /// A request, and what is alive as long as anything of it is.
    fn request(&self, fails: bool) -> (Request<Body>, Arc<()>) {
        let token = Arc::new(());
        let mut request = (self.request)();
        request.extensions_mut().insert(Script {
            media: self.media,
            frames: self.frames,
            fails,
            token: Arc::clone(&token),
        });
        (request, token)
    }

    fn answered(&self, service: &mut S) -> (Response<R>, Arc<()>) {
        ready(service);
        let (request, token) = self.request(false);
        match finish(service.call(request)) {
            Ok(response) => (response, token),
            Err(error) => unreachable!("{}", error.into()),
        }
    }
}

impl<W, Q> fmt::Debug for Contract<W, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract")
            .field("media", &self.media)
            .field("frames", &self.frames)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn probe(readiness: Readiness<BoxError>) -> (Inner, Watch) {
    Probe::with(readiness, respond)
}

const fn noop() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

fn ready<S>(service: &mut S)
where
    S: Service<Request<Body>>,
{
    let ready = matches!(service.poll_ready(&mut noop()), Poll::Ready(Ok(())));
    assert!(ready, "it is not ready though the inner service is");
}

/// Polls until it is over.
fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    for _ in 0..MANY {
        if let Poll::Ready(output) = Pin::as_mut(&mut future).poll(&mut noop()) {
            return output;
        }
    }
    unreachable!("it never answers")
}

fn released(token: &Arc<()>, what: &str) {
    assert_eq!(
        Arc::strong_count(token),
        1,
        "{what} leaves something behind"
    );
}
