//! One attempt: the call, and what comes back while it is held until it is content or a failure.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Response, response::Parts};
use http_body::Body as _;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};
use towerman_core::{Attempt, BoxError, FailureKind, Fault, FaultKind, Outcome, Phase};
use towerman_wire::observe::observe;

use crate::{
    ResponseBody,
    body::{Frames, Held},
};

/// What an attempt may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Until there is content; `None` if the client asked for a whole answer, whose head comes
    /// with its end.
    pub(crate) first_content: Option<Duration>,
    /// Until a whole answer is there.
    pub(crate) answer: Duration,
    pub(crate) idle: Duration,
    /// Over all attempts.
    pub(crate) deadline: Instant,
    pub(crate) hold_back: usize,
    pub(crate) max_answer: usize,
}

/// Why an attempt brought nothing.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The endpoint's own layers refused before anything was sent.
    TurnedAway,
    /// The endpoint failed; another may do better.
    Attempt(Outcome),
    /// The request cannot be put to this endpoint; another may take it as it is.
    Unfit(Fault),
    /// No endpoint will do better.
    Final(Fault),
}

pin_project! {
    /// An attempt under way.
    pub(crate) struct Attempting<F, B> {
        attempt: Arc<Attempt>,
        began: Instant,
        #[pin]
        step: Step<F, B>,
    }
}

pin_project! {
    #[project = StepProj]
    enum Step<F, B> {
        Call { #[pin] call: F },
        Hold { held: Option<Answer<B>> },
    }
}

/// An answer that is held.
struct Answer<B> {
    parts: Parts,
    body: Held<B>,
    frames: Frames,
    size: usize,
    streams: bool,
}

impl<F, B> Attempting<F, B> {
    pub(crate) const fn new(call: F, attempt: Arc<Attempt>, began: Instant) -> Self {
        Self {
            attempt,
            began,
            step: Step::Call { call },
        }
    }

    /// The attempt that it is.
    pub(crate) fn attempt(self: Pin<&mut Self>) -> Arc<Attempt> {
        Arc::clone(self.project().attempt)
    }
}

impl<F, B, E> Attempting<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    /// Polls the attempt. `timer` is set to its end.
    pub(crate) fn poll(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut timer: Pin<&mut Sleep>,
        limits: &Limits,
    ) -> Poll<Result<Response<ResponseBody<B>>, Failed>> {
        let mut this = self.project();
        loop {
            let failed = match this.step.as_mut().project() {
                StepProj::Call { call } => match call.poll(cx) {
                    Poll::Ready(Ok(response)) => {
                        let answer = Answer::begin(response, this.attempt);
                        if !answer.streams {
                            // It is whole, whatever the client asked for.
                            timer.as_mut().reset(limits.whole(*this.began).0);
                        }
                        let held = Some(answer);
                        this.step.set(Step::Hold { held });
                        continue;
                    }
                    Poll::Ready(Err(error)) => Some(refusal(this.attempt, error.into())),
                    Poll::Pending => None,
                },
                StepProj::Hold { held } => {
                    let Some(answer) = held else {
                        return Poll::Pending;
                    };
                    match answer.poll(cx, this.attempt, limits) {
                        Poll::Ready(Ok(())) => {
                            let response = held.take().map(|it| it.release(this.attempt, limits));
                            return response.map_or(Poll::Pending, |it| Poll::Ready(Ok(it)));
                        }
                        Poll::Ready(Err(failed)) => Some(failed),
                        Poll::Pending => None,
                    }
                }
            };
            if let Some(failed) = failed {
                return Poll::Ready(Err(failed));
            }
            ready!(timer.as_mut().poll(cx));
            let late = match this.step.project() {
                StepProj::Hold { held: Some(answer) } if !answer.streams => {
                    limits.whole(*this.began).1
                }
                _ => limits.content(*this.began).1,
            };
            // Noted before the attempt is dropped, so that it does not count as the client's
            // leaving.
            this.attempt.note(|facts| facts.fail(late));
            return Poll::Ready(Err(Failed::Attempt(Outcome::Failure(late))));
        }
    }
}

impl<B> Answer<B>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    fn begin(response: Response<B>, attempt: &Arc<Attempt>) -> Self {
        let (parts, body) = observe(response, attempt).into_parts();
        Self {
            parts,
            body: Box::pin(body),
            frames: Frames::with_capacity(1),
            size: 0,
            streams: attempt.note(|facts| facts.streams),
        }
    }

    /// Holds the answer until it may be passed on.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        attempt: &Attempt,
        limits: &Limits,
    ) -> Poll<Result<(), Failed>> {
        // Whole answers are held to their end, so that a broken one can be had elsewhere.
        let limit = if self.streams {
            limits.hold_back
        } else {
            limits.max_answer
        };
        while !self.body.is_end_stream() {
            match ready!(self.body.as_mut().poll_frame(cx)) {
                Some(Ok(frame)) => {
                    self.size += frame.data_ref().map_or(0, Bytes::len);
                    self.frames.push_back(frame);
                }
                Some(Err(_)) => {
                    attempt.note(|facts| facts.fail(FailureKind::Reset));
                    return Poll::Ready(Err(Failed::Attempt(attempt.verdict())));
                }
                None => break,
            }
            if self.streams {
                // Beyond the limit come lifecycle events without end: they are the client's to read.
                if attempt.phase() == Phase::Content || self.size > limit {
                    return Poll::Ready(Ok(()));
                }
                if attempt.note(|facts| facts.failure.is_some()) {
                    break;
                }
            } else if self.size > limit {
                attempt.note(|facts| facts.failure = Some(FailureKind::Protocol));
                let message = "the provider's answer is larger than the limit";
                let fault = Fault::new(FaultKind::BadGateway, message);
                return Poll::Ready(Err(Failed::Final(fault)));
            }
        }
        Poll::Ready(match attempt.verdict() {
            Outcome::Success => Ok(()),
            outcome => Err(Failed::Attempt(outcome)),
        })
    }

    fn release(self, attempt: &Arc<Attempt>, limits: &Limits) -> Response<ResponseBody<B>> {
        let body = if self.streams {
            ResponseBody::committed(self.body, self.frames, Arc::clone(attempt), limits)
        } else {
            ResponseBody::whole(self.frames)
        };
        Response::from_parts(self.parts, body)
    }
}

impl Limits {
    /// When an attempt that began at `began` must have brought content, and what it is if not.
    pub(crate) fn content(&self, began: Instant) -> (Instant, FailureKind) {
        match self.first_content {
            Some(budget) => self.sooner(began + budget, FailureKind::FirstContentTimeout),
            None => self.whole(began),
        }
    }

    /// When an attempt that began at `began` must have brought a whole answer.
    fn whole(&self, began: Instant) -> (Instant, FailureKind) {
        self.sooner(began + self.answer, FailureKind::FirstContentTimeout)
    }

    fn sooner(&self, at: Instant, late: FailureKind) -> (Instant, FailureKind) {
        if at < self.deadline {
            (at, late)
        } else {
            (self.deadline, FailureKind::Deadline)
        }
    }
}

/// What an error instead of a response means.
fn refusal(attempt: &Attempt, error: BoxError) -> Failed {
    let noted = attempt.note(|facts| facts.failure);
    match (attempt.phase(), noted) {
        // Whoever dials notes why it failed; if nobody did, nobody dialled.
        (Phase::Unsent, None) => match error.downcast::<Fault>() {
            Ok(fault) => Failed::Unfit(*fault),
            Err(_) => Failed::TurnedAway,
        },
        (_, Some(kind)) => Failed::Attempt(Outcome::Failure(kind)),
        (_, None) => Failed::Attempt(Outcome::Failure(FailureKind::Reset)),
    }
}
