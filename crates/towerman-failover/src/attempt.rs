//! One attempt: call, and hold what comes back until it is content or a failure.

use std::{future::poll_fn, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body::{Body as _, Frame};
use tokio::time::{Instant, Sleep, sleep_until};
use tower_service::Service;
use towerman_core::{Attempt, Body, BoxError, FailureKind, Fault, FaultKind, Outcome, Phase};
use towerman_wire::observe::{Observed, observe};

use crate::ResponseBody;

/// What an attempt may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) first_content: Duration,
    pub(crate) idle: Duration,
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

/// The body of an attempt while it is held.
type Held<B> = Pin<Box<Observed<B>>>;

pub(crate) async fn make<S, B>(
    mut inner: S,
    request: Request<Body>,
    attempt: &Arc<Attempt>,
    limits: &Limits,
) -> Result<Response<ResponseBody<B>>, Failed>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let (until, late) = soonest(limits);
    let mut timer = std::pin::pin!(sleep_until(until));
    // Pinned out here: `select!` drops a losing branch before it runs the winner's handler, and the
    // reason must be noted before the attempt is dropped.
    let mut call = std::pin::pin!(async {
        ready(&mut inner).await?;
        inner.call(request).await.map_err(Into::into)
    });
    let response = tokio::select! {
        biased;
        response = call.as_mut() => response.map_err(|error| refusal(attempt, error))?,
        () = timer.as_mut() => return Err(give_up(attempt, late)),
    };
    let (parts, body) = observe(response, attempt).into_parts();
    let mut body: Held<B> = Box::pin(body);
    let held = match hold(
        &parts.headers,
        parts.status,
        &mut body,
        attempt,
        limits,
        timer.as_mut(),
        late,
    )
    .await?
    {
        Some(held) => held,
        None => return Err(Failed::Attempt(attempt.verdict())),
    };
    let streams = parts.status.is_success() && is_event_stream(&parts.headers);
    let body = if streams {
        ResponseBody::committed(body, held, Arc::clone(attempt), limits)
    } else {
        ResponseBody::whole(held)
    };
    Ok(Response::from_parts(parts, body))
}

/// Holds the answer until it may be passed on. `None` is a failure that the attempt's facts tell.
async fn hold<B>(
    headers: &HeaderMap,
    status: StatusCode,
    body: &mut Held<B>,
    attempt: &Arc<Attempt>,
    limits: &Limits,
    mut timer: Pin<&mut Sleep>,
    late: FailureKind,
) -> Result<Option<Vec<Frame<Bytes>>>, Failed>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let stream = status.is_success() && is_event_stream(headers);
    // Whole answers are held to their end, so that a broken one can be had elsewhere.
    let limit = if stream {
        limits.hold_back
    } else {
        limits.max_answer
    };
    let (mut held, mut size) = (Vec::new(), 0);
    while !body.is_end_stream() {
        let frame = tokio::select! {
            biased;
            frame = poll_fn(|cx| body.as_mut().poll_frame(cx)) => frame,
            () = timer.as_mut() => return Err(give_up(attempt, late)),
        };
        match frame {
            Some(Ok(frame)) => {
                size += frame.data_ref().map_or(0, Bytes::len);
                held.push(frame);
            }
            Some(Err(_)) => {
                attempt.note(|facts| facts.fail(FailureKind::Reset));
                return Ok(None);
            }
            None => break,
        }
        if stream && attempt.phase() == Phase::Content {
            return Ok(Some(held));
        }
        if stream && attempt.facts().failure.is_some() {
            return Ok(None);
        }
        if size > limit {
            if stream {
                // Lifecycle events without end: from here on they are the client's to read.
                return Ok(Some(held));
            }
            attempt.note(|facts| facts.failure = Some(FailureKind::Protocol));
            let fault = Fault::new(
                FaultKind::BadGateway,
                "the provider's answer is larger than the limit",
            );
            return Err(Failed::Final(fault));
        }
    }
    Ok((attempt.verdict() == Outcome::Success).then_some(held))
}

/// What an error instead of a response means.
fn refusal(attempt: &Attempt, error: BoxError) -> Failed {
    let noted = attempt.facts().failure;
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

fn give_up(attempt: &Attempt, late: FailureKind) -> Failed {
    // Noted before the attempt is dropped, so that it does not count as the client's leaving.
    attempt.note(|facts| facts.fail(late));
    Failed::Attempt(Outcome::Failure(late))
}

/// Whichever comes first: the first-content budget or the deadline over all attempts.
fn soonest(limits: &Limits) -> (Instant, FailureKind) {
    let budget = Instant::now() + limits.first_content;
    if budget < limits.deadline {
        (budget, FailureKind::FirstContentTimeout)
    } else {
        (limits.deadline, FailureKind::Deadline)
    }
}

pub(crate) async fn ready<S, R>(service: &mut S) -> Result<(), BoxError>
where
    S: Service<R>,
    S::Error: Into<BoxError>,
{
    poll_fn(|cx| service.poll_ready(cx))
        .await
        .map_err(Into::into)
}

pub(crate) fn is_event_stream(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"))
}

/// A random share of `wait`, so that requests that failed together do not return together.
pub(crate) fn jitter(wait: Duration) -> Duration {
    use std::hash::{BuildHasher, RandomState};
    // Every `RandomState` has keys of its own: a fresh one is a random number.
    let share = RandomState::new().hash_one(0_u8) % 1_000;
    wait.mul_f64(share as f64 / 1_000.0)
}
