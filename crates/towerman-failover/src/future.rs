//! The future: from attempt to attempt until one delivers.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tower_service::Service;
use towerman_core::{Body, BoxError, Fault};

use crate::{
    ResponseBody,
    attempt::Attempting,
    course::{Next, Wait},
    journey::Journey,
};

/// The future of [`Failover`](crate::Failover).
pub struct ResponseFuture<S, B>(Kind<S, B>)
where
    S: Service<Request<Body>>;

enum Kind<S, B>
where
    S: Service<Request<Body>>,
{
    /// Nothing was routed: the inner service answers by itself.
    Pass(Pin<Box<Pass<S>>>),
    // One allocation per request, and every layer around moves a pointer instead of a call.
    Drive(Pin<Box<Drive<S, B>>>),
    Refused(Option<Fault>),
}

pin_project! {
    struct Pass<S>
    where
        S: Service<Request<Body>>,
    {
        inner: S,
        request: Option<Request<Body>>,
        #[pin]
        call: Option<S::Future>,
    }
}

pin_project! {
    struct Drive<S, B>
    where
        S: Service<Request<Body>>,
    {
        inner: S,
        journey: Journey,
        // The end of whatever is waited for: an attempt's content, or a pause.
        #[pin]
        timer: Sleep,
        #[pin]
        stage: Stage<S::Future, B>,
    }
}

pin_project! {
    #[project = StageProj]
    enum Stage<F, B> {
        Choose,
        Pause,
        Ready { stop: usize },
        Attempt { stop: usize, #[pin] attempting: Attempting<F, B> },
    }
}

// === impl ResponseFuture ===

impl<S, B> ResponseFuture<S, B>
where
    S: Service<Request<Body>>,
{
    pub(crate) fn pass(inner: S, request: Request<Body>) -> Self {
        Self(Kind::Pass(Box::pin(Pass {
            inner,
            request: Some(request),
            call: None,
        })))
    }

    pub(crate) fn drive(inner: S, journey: Journey, now: Instant) -> Self {
        let until = journey.limits.content(now).0;
        Self(Kind::Drive(Box::pin(Drive {
            inner,
            journey,
            timer: sleep_until(until),
            stage: Stage::Choose,
        })))
    }

    pub(crate) const fn refused(fault: Fault) -> Self {
        Self(Kind::Refused(Some(fault)))
    }
}

impl<S, B> Future for ResponseFuture<S, B>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody<B>>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Kind::Pass(pass) => pass.as_mut().poll(cx),
            Kind::Drive(drive) => drive.as_mut().poll(cx).map_err(Into::into),
            Kind::Refused(fault) => match fault.take() {
                Some(fault) => Poll::Ready(Err(fault.into())),
                None => Poll::Pending,
            },
        }
    }
}

impl<S, B> fmt::Debug for ResponseFuture<S, B>
where
    S: Service<Request<Body>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

// === impl Pass ===

impl<S, B> Pass<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Into<BoxError>,
{
    fn poll(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<ResponseBody<B>>, BoxError>> {
        let mut this = self.project();
        if this.request.is_some() {
            ready!(this.inner.poll_ready(cx)).map_err(Into::into)?;
            if let Some(request) = this.request.take() {
                this.call.set(Some(this.inner.call(request)));
            }
        }
        match this.call.as_pin_mut() {
            Some(call) => {
                let response = ready!(call.poll(cx)).map_err(Into::into)?;
                Poll::Ready(Ok(response.map(|body| ResponseBody::passed(Box::pin(body)))))
            }
            None => Poll::Pending,
        }
    }
}

// === impl Drive ===

impl<S, B> Drive<S, B>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    fn poll(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<ResponseBody<B>>, Fault>> {
        let mut this = self.project();
        loop {
            match this.stage.as_mut().project() {
                StageProj::Choose => {
                    let now = Instant::now();
                    let next = match this.journey.course.next(now.into_std()) {
                        Next::Try(stop) if this.journey.may_go_on(now) => {
                            if this.journey.course.attempts() > 1 {
                                this.timer
                                    .as_mut()
                                    .reset(this.journey.limits.content(now).0);
                            }
                            Stage::Ready { stop }
                        }
                        Next::Pause(wait) if now + wait.least < this.journey.limits.deadline => {
                            this.journey.report.note("waited before trying again");
                            this.timer.as_mut().reset(now + jitter(wait));
                            Stage::Pause
                        }
                        Next::Try(_) | Next::Pause(_) | Next::Stop => {
                            return Poll::Ready(Err(this.journey.end(now)));
                        }
                    };
                    this.stage.set(next);
                }
                StageProj::Pause => {
                    ready!(this.timer.as_mut().poll(cx));
                    this.stage.set(Stage::Choose);
                }
                StageProj::Ready { stop } => {
                    let stop = *stop;
                    let ready = this.inner.poll_ready(cx);
                    let now = Instant::now();
                    if !matches!(ready, Poll::Ready(Ok(()))) {
                        // One that is not ready is nobody's failure, and one that never will be is
                        // not ready for any endpoint.
                        if ready.is_pending() {
                            ready!(this.timer.as_mut().poll(cx));
                        }
                        this.journey.report.note("the inner service was not ready");
                        this.journey.course.turned_away();
                        return Poll::Ready(Err(this.journey.end(now)));
                    }
                    // A body that cannot be sent again was never held, so it was never routed.
                    let Some((request, attempt)) = this.journey.attempt(stop) else {
                        return Poll::Ready(Err(this.journey.end(now)));
                    };
                    let call = this.inner.call(request);
                    let attempting = Attempting::new(call, attempt, now);
                    this.stage.set(Stage::Attempt { stop, attempting });
                }
                StageProj::Attempt {
                    stop,
                    mut attempting,
                } => {
                    let stop = *stop;
                    let limits = &this.journey.limits;
                    let result = ready!(attempting.as_mut().poll(cx, this.timer.as_mut(), limits));
                    let attempt = attempting.attempt();
                    match result {
                        Ok(response) => {
                            this.journey.arrived(&attempt, Instant::now());
                            return Poll::Ready(Ok(response));
                        }
                        Err(failed) => {
                            // Dropping the attempt is what cancels it, before another begins.
                            this.stage.set(Stage::Choose);
                            this.journey.failed(stop, &attempt, failed)?;
                            if Instant::now() >= this.journey.limits.deadline {
                                this.journey.report.note("the deadline passed");
                                return Poll::Ready(Err(this.journey.end(Instant::now())));
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A wait, with a random share of what may be added to it.
fn jitter(wait: Wait) -> Duration {
    use std::hash::{BuildHasher, RandomState};
    // Every `RandomState` has keys of its own: a fresh one is a random number.
    let share = RandomState::new().hash_one(0_u8) % 1_000;
    wait.least + wait.spread.mul_f64(share as f64 / 1_000.0)
}
