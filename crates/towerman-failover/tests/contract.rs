//! What failover promises about readiness, clones, drops, and the five phases.
#![allow(clippy::unwrap_used)]

use std::{
    convert::Infallible,
    future::pending,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::BodyExt;
use tower::{Layer, Service, ServiceExt, service_fn};
use towerman_core::{
    Ask, Availability, Body, BoxError, Candidates, CircuitState, Dialect, FailureKind, Fault,
    FaultKind, Phase, Policy, PolicyHandle, Priority, RouteContext, RouteReport, Veto, find,
    policy::{Class, Draft, ProviderDraft, RouteDraft},
    testing::Probe,
};
use towerman_failover::FailoverLayer;

const ANSWER: &str = r#"{"object":"chat.completion","choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#;
const ROLE: &str = "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
const TEXT: &str = "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n";
const END: &str = "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
const ERROR: &str = "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\"}}\n\n";

fn policy(count: usize) -> Arc<Policy> {
    let draft = Draft::new()
        .provider(ProviderDraft::inner("p", Dialect::OpenAiChat))
        .route(RouteDraft::new(
            "r",
            (0..count).map(|index| format!("p/{index}")),
        ));
    PolicyHandle::new(draft).unwrap().load()
}

/// A request with candidates, and the report that it will write.
fn request(policy: &Policy) -> (Request<Body>, RouteReport) {
    let mut request = Request::new(Body::from("{}"));
    let now = tokio::time::Instant::now().into_std();
    let report = RouteContext::edit(&mut request, |cx| {
        cx.set_candidates(Candidates::new(policy.endpoints().iter().cloned(), now));
        cx.report().clone()
    });
    (request, report)
}

/// What an endpoint does.
#[derive(Clone, Copy)]
enum Does {
    Answer,
    Status(u16),
    Stream(&'static [&'static str]),
    /// Streams these frames and then says no more.
    Stalls(&'static [&'static str]),
    NoHead,
    /// Answers after so many seconds.
    Late(u64),
    BreaksOff,
    RefusesLocally,
}

/// Plays endpoint `p/N` as `script[N]` says.
async fn play(script: &'static [Does], request: Request<Body>) -> Result<Response<Body>, BoxError> {
    let attempt = RouteContext::of(&request)
        .attempt()
        .cloned()
        .ok_or("no attempt")?;
    let index: usize = attempt.endpoint().model.parse()?;
    let does = script[index];
    if matches!(does, Does::RefusesLocally) {
        return Err("the circuit is open".into());
    }
    attempt.advance(Phase::Sent);
    let frames = |frames: &'static [&'static str], stalls| {
        Response::builder()
            .header("content-type", "text/event-stream")
            .body(Body::stream(Script {
                frames: frames.iter(),
                stalls,
            }))
            .unwrap()
    };
    Ok(match does {
        Does::Answer => Response::builder()
            .header("content-type", "application/json")
            .body(Body::from(ANSWER))?,
        Does::Status(status) => Response::builder().status(status).body(Body::from("{}"))?,
        Does::Stream(list) => frames(list, false),
        Does::Stalls(list) => frames(list, true),
        Does::NoHead => pending().await,
        Does::Late(seconds) => {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Response::new(Body::from(ANSWER))
        }
        Does::BreaksOff | Does::RefusesLocally => return Err("connection reset".into()),
    })
}

struct Script {
    frames: std::slice::Iter<'static, &'static str>,
    stalls: bool,
}

impl http_body::Body for Script {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.frames.next() {
            Some(frame) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(frame.as_bytes()))))),
            None if self.stalls => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}

/// Sends one request; the client's status and body or fault, and the endpoints tried.
async fn send(
    script: &'static [Does],
) -> (
    Result<(StatusCode, Result<String, FaultKind>), FaultKind>,
    Vec<String>,
) {
    let (request, report) = request(&policy(script.len()));
    let service = FailoverLayer::new().layer(service_fn(move |request| play(script, request)));
    let fault =
        |error: BoxError| find::<Fault>(error.as_ref()).map_or(FaultKind::Internal, Fault::kind);
    let result = match service.oneshot(request).await {
        Ok(response) => {
            let status = response.status();
            let body = response.into_body().collect().await;
            Ok((
                status,
                body.map(|b| String::from_utf8_lossy(&b.to_bytes()).into_owned())
                    .map_err(fault),
            ))
        }
        Err(error) => Err(fault(error)),
    };
    let tried = report
        .attempts()
        .iter()
        .map(|attempt| attempt.endpoint().model.to_string())
        .collect();
    (result, tried)
}

fn delivered(
    text: impl Into<String>,
) -> Result<(StatusCode, Result<String, FaultKind>), FaultKind> {
    Ok((StatusCode::OK, Ok(text.into())))
}

// === readiness, clones, drops ===

#[tokio::test]
async fn every_attempt_readies_the_clone_that_it_calls() {
    let (inner, watch) = Probe::new(|request| play(&[Does::Status(500), Does::Answer], request));
    let (request, _) = request(&policy(2));
    FailoverLayer::new()
        .layer(inner)
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!((watch.calls(), watch.unready_calls()), (2, 0));
}

#[tokio::test]
async fn without_candidates_it_passes_through() {
    let (inner, watch) = Probe::new(|_: Request<Body>| async {
        Ok::<_, Infallible>(Response::new(Body::from("x")))
    });
    let response = FailoverLayer::new()
        .layer(inner)
        .oneshot(Request::new(Body::empty()))
        .await
        .unwrap();
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "x"
    );
    assert_eq!((watch.calls(), watch.unready_calls()), (1, 0));
}

#[tokio::test]
async fn dropping_the_future_drops_the_attempt_under_way() {
    let (inner, watch) = Probe::new(|request| play(&[Does::NoHead], request));
    let (request, _) = request(&policy(1));
    let service = FailoverLayer::new().layer(inner);
    {
        let mut call = pin!(service.oneshot(request));
        assert!(
            call.as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        assert_eq!(watch.in_flight(), 1);
    }
    assert_eq!((watch.in_flight(), watch.dropped()), (0, 1));
}

#[tokio::test]
async fn it_is_ready_whatever_the_inner_service_says() {
    let mut service = FailoverLayer::new().layer(service_fn(|request| play(&[], request)));
    assert!(
        service
            .poll_ready(&mut Context::from_waker(Waker::noop()))
            .is_ready()
    );
}

// === the five phases ===

#[tokio::test]
async fn a_failed_head_is_had_elsewhere() {
    for status in [401, 403, 402, 408, 429, 500, 502, 503, 504, 529, 302] {
        let script: &'static [Does] = Box::leak(Box::new([Does::Status(status), Does::Answer]));
        let (result, tried) = send(script).await;
        assert_eq!(result, delivered(ANSWER), "{status}");
        assert_eq!(tried, ["0", "1"], "{status}");
    }
}

#[tokio::test]
async fn a_callers_error_is_the_callers() {
    let (result, tried) = send(&[Does::Status(400), Does::Answer]).await;
    assert_eq!(result.unwrap().0, StatusCode::BAD_REQUEST);
    assert_eq!(tried, ["0"]);
}

#[tokio::test]
async fn a_stream_that_fails_before_content_is_had_elsewhere() {
    const GOOD: Does = Does::Stream(&[ROLE, TEXT, END]);
    for bad in [
        Does::Stream(&[ROLE]),
        Does::Stream(&[ERROR]),
        Does::Stream(&[ROLE, ERROR]),
        Does::Stream(&[]),
    ] {
        let script: &'static [Does] = Box::leak(Box::new([bad, GOOD]));
        let (result, tried) = send(script).await;
        assert_eq!(result, delivered([ROLE, TEXT, END].concat()));
        assert_eq!(tried, ["0", "1"]);
    }
}

#[tokio::test]
async fn nothing_is_tried_again_once_content_was_delivered() {
    let (result, tried) = send(&[Does::Stream(&[ROLE, TEXT]), Does::Answer]).await;
    assert_eq!(result, Ok((StatusCode::OK, Err(FaultKind::BadGateway))));
    assert_eq!(tried, ["0"]);
}

#[tokio::test]
async fn a_stream_that_ends_in_garbage_is_no_clean_end() {
    const GARBAGE: &str = "data: {]\n\ndata: {]\n\ndata: {]\n\n";
    let (result, _) = send(&[Does::Stream(&[ROLE, TEXT, GARBAGE])]).await;
    assert_eq!(result, Ok((StatusCode::OK, Err(FaultKind::BadGateway))));
}

#[tokio::test]
async fn if_every_endpoint_is_forbidden_the_client_hears_why() {
    let (mut request, _) = request(&policy(2));
    RouteContext::edit(&mut request, |cx| {
        cx.edit_candidates(|candidates| {
            for candidate in candidates.iter_mut() {
                candidate.veto("test", Veto::Limit("the tenant's budget".into()));
            }
        });
    });
    let service = FailoverLayer::new().layer(service_fn(|request| play(&[], request)));
    let error = service.oneshot(request).await.unwrap_err();
    let fault = find::<Fault>(error.as_ref()).unwrap();
    assert_eq!(fault.kind(), FaultKind::RateLimited);
    assert_eq!(fault.message(), "the tenant's budget is used up");
}

#[tokio::test]
async fn an_ambiguous_failure_is_repeated_once_elsewhere() {
    let (result, tried) = send(&[Does::BreaksOff, Does::BreaksOff, Does::Answer]).await;
    assert_eq!(result, Err(FaultKind::BadGateway));
    assert_eq!(tried, ["0", "1"]);
}

/// Nobody waits for a batch: there the money goes before the time.
#[tokio::test]
async fn an_ambiguous_failure_of_a_batch_is_not_repeated_unless_the_policy_allows_it() {
    let lenient = Class {
        max_ambiguous: 1,
        ..Class::default_for(Priority::Batch)
    };
    let routed = |draft: Draft| {
        let draft = draft
            .provider(ProviderDraft::inner("p", Dialect::OpenAiChat))
            .route(RouteDraft::new("r", ["p/0", "p/1"]));
        PolicyHandle::new(draft).unwrap().load()
    };
    for (priority, policy, attempts) in [
        (Priority::Low, routed(Draft::new()), 2),
        (Priority::Batch, routed(Draft::new()), 1),
        (
            Priority::Batch,
            routed(Draft::new().class(Priority::Batch, lenient)),
            2,
        ),
    ] {
        let (mut request, report) = request(&policy);
        RouteContext::edit(&mut request, |cx| {
            cx.set_priority(priority);
            cx.set_policy(policy);
        });
        let service = FailoverLayer::new().layer(service_fn(|request| {
            play(&[Does::BreaksOff, Does::Answer], request)
        }));
        assert_eq!(service.oneshot(request).await.is_ok(), attempts == 2);
        assert_eq!(report.attempts().len(), attempts);
    }
}

#[tokio::test]
async fn a_local_refusal_is_no_attempt() {
    let (result, tried) = send(&[
        Does::RefusesLocally,
        Does::Status(500),
        Does::Status(500),
        Does::Answer,
    ])
    .await;
    assert_eq!(result, delivered(ANSWER));
    assert_eq!(tried, ["1", "2", "3"]);
}

// === time ===

#[tokio::test(start_paused = true)]
async fn a_slow_first_content_is_had_elsewhere() {
    for slow in [Does::NoHead, Does::Stalls(&[]), Does::Stalls(&[ROLE])] {
        let script: &'static [Does] = Box::leak(Box::new([slow, Does::Answer]));
        let begun = tokio::time::Instant::now();
        let (result, _) = send(script).await;
        assert_eq!(result, delivered(ANSWER));
        // The budget of a normal request.
        assert_eq!(begun.elapsed().as_secs(), 20);
    }
}

#[tokio::test(start_paused = true)]
async fn a_whole_answer_may_take_longer_than_a_first_content() {
    for (seconds, expected) in [(290, "0"), (310, "1")] {
        let (mut request, report) = request(&policy(2));
        RouteContext::edit(&mut request, |cx| {
            cx.set_ask(Arc::new(Ask::new(Dialect::OpenAiChat, "r", 0..0)));
        });
        let script: &'static [Does] = Box::leak(Box::new([Does::Late(seconds), Does::Answer]));
        let service = FailoverLayer::new().layer(service_fn(move |request| play(script, request)));
        service.oneshot(request).await.unwrap();
        assert_eq!(&*report.endpoint().unwrap().model, expected, "{seconds} s");
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_is_not_to_blame_for_an_inner_service_that_is_never_ready() {
    let (request, report) = request(&policy(2));
    let service = FailoverLayer::new().layer(Never);
    let error = service.oneshot(request).await.unwrap_err();
    let fault = find::<Fault>(error.as_ref()).unwrap();
    assert_eq!(fault.kind(), FaultKind::Unavailable);
    assert!(report.attempts().is_empty(), "nothing was tried");
}

/// A service that is never ready.
#[derive(Clone)]
struct Never;

impl Service<Request<Body>> for Never {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = std::future::Pending<Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Pending
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        pending()
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_falls_silent_ends_with_a_timeout() {
    let begun = tokio::time::Instant::now();
    let (result, tried) = send(&[Does::Stalls(&[TEXT]), Does::Answer]).await;
    assert_eq!(result, Ok((StatusCode::OK, Err(FaultKind::Timeout))));
    assert_eq!(
        begun.elapsed(),
        Duration::from_secs(60) + Duration::from_millis(begun.elapsed().subsec_millis().into())
    );
    assert_eq!(tried, ["0"]);
}

#[tokio::test(start_paused = true)]
async fn a_byte_now_and_then_is_silence() {
    let (request, report) = request(&policy(1));
    let service = FailoverLayer::new().layer(service_fn(|request: Request<Body>| async move {
        let response = play(&[Does::Stalls(&[TEXT])], request).await?;
        Ok::<_, BoxError>(response.map(|body| Body::stream(Drip(Box::pin(body), None))))
    }));
    let body = service.oneshot(request).await.unwrap().into_body();
    let error = body.collect().await.unwrap_err();
    assert!(find::<Fault>(error.as_ref()).is_some());
    assert_eq!(
        report.attempts()[0].facts().failure,
        Some(FailureKind::IdleTimeout)
    );
}

/// A body that goes on with a byte every ten seconds.
struct Drip(Pin<Box<Body>>, Option<Pin<Box<tokio::time::Sleep>>>);

impl http_body::Body for Drip {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = self.0.as_mut().poll_frame(cx) {
            return Poll::Ready(frame);
        }
        let ten = Duration::from_secs(10);
        let timer = self
            .1
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(ten)));
        std::task::ready!(timer.as_mut().poll(cx));
        timer.as_mut().reset(tokio::time::Instant::now() + ten);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b":")))))
    }
}

#[tokio::test(start_paused = true)]
async fn one_deadline_spans_all_attempts() {
    let policy = policy(2);
    let (mut request, report) = request(&policy);
    let begun = tokio::time::Instant::now();
    RouteContext::edit(&mut request, |cx| {
        cx.set_deadline((begun + Duration::from_secs(5)).into_std())
    });
    let service = FailoverLayer::new().layer(service_fn(|request| {
        play(&[Does::NoHead, Does::NoHead], request)
    }));
    let error = service.oneshot(request).await.unwrap_err();
    assert_eq!(
        find::<Fault>(error.as_ref()).unwrap().kind(),
        FaultKind::Timeout
    );
    assert_eq!(begun.elapsed().as_secs(), 5);
    assert_eq!(
        report.attempts()[0].facts().failure,
        Some(FailureKind::Deadline)
    );
}

#[tokio::test(start_paused = true)]
async fn a_single_endpoint_that_fails_in_passing_is_tried_again() {
    let (result, tried) = send(&[Does::Status(503)]).await;
    assert_eq!(result, Err(FaultKind::Unavailable));
    assert_eq!(tried, ["0", "0", "0"]);
}

// === budget and boards ===

#[tokio::test(start_paused = true)]
async fn the_budget_bounds_what_all_requests_retry() {
    let policy = policy(2);
    let layer = FailoverLayer::new();
    let (inner, watch) =
        Probe::new(|request| play(&[Does::Status(500), Does::Status(500)], request));
    let service = layer.layer(inner);
    for _ in 0..500 {
        let (request, _) = request(&policy);
        let _ = service.clone().oneshot(request).await;
    }
    // 500 requests, a tenth of that in retries, the reserve, and what trickled in meanwhile.
    assert!(
        watch.calls() < 500 + 50 + 10 + 20,
        "{} attempts",
        watch.calls()
    );
}

#[tokio::test]
async fn an_endpoint_whose_board_refuses_is_skipped_without_a_call() {
    let policy = policy(2);
    let now = std::time::Instant::now();
    policy.endpoints()[0]
        .board
        .set_circuit(CircuitState::Open, now + Duration::from_secs(60));
    assert!(matches!(
        policy.endpoints()[0].board.availability(now),
        Availability::Refused { .. }
    ));
    let (request, report) = request(&policy);
    let service = FailoverLayer::new().layer(service_fn(|request| {
        play(&[Does::Answer, Does::Answer], request)
    }));
    service.oneshot(request).await.unwrap();
    assert_eq!(&*report.endpoint().unwrap().model, "1");
    assert_eq!(report.attempts().len(), 1);
}

#[tokio::test]
async fn when_every_board_refuses_the_client_hears_when_to_return() {
    let policy = policy(1);
    let until = std::time::Instant::now() + Duration::from_secs(30);
    policy.endpoints()[0]
        .board
        .set_circuit(CircuitState::Open, until);
    let (request, _) = request(&policy);
    let service = FailoverLayer::new().layer(service_fn(|request| play(&[Does::Answer], request)));
    let error = service.oneshot(request).await.unwrap_err();
    let fault = find::<Fault>(error.as_ref()).unwrap();
    assert_eq!(fault.kind(), FaultKind::Unavailable);
    assert!(fault.delay().unwrap() > Duration::from_secs(25));
}

/// Sees, when it is dropped, what the attempt is known to have died of.
struct Witness(
    Arc<towerman_core::Attempt>,
    Arc<std::sync::Mutex<Option<FailureKind>>>,
);

impl Drop for Witness {
    fn drop(&mut self) {
        *self.1.lock().unwrap() = self.0.facts().failure;
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_noted_before_the_call_is_dropped() {
    let seen = Arc::new(std::sync::Mutex::new(None));
    let sink = Arc::clone(&seen);
    let (request, _) = request(&policy(1));
    let service = FailoverLayer::new().layer(service_fn(move |request: Request<Body>| {
        let attempt = RouteContext::of(&request).attempt().cloned().unwrap();
        let witness = Witness(attempt, Arc::clone(&sink));
        async move {
            let _witness = witness;
            pending::<Result<Response<Body>, BoxError>>().await
        }
    }));
    assert!(service.oneshot(request).await.is_err());
    assert_eq!(
        *seen.lock().unwrap(),
        Some(FailureKind::FirstContentTimeout)
    );
}
