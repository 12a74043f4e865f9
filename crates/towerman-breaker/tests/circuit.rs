//! What opens a circuit, what closes it, and what others see of it meanwhile.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(dead_code, unreachable_pub)]

mod support;

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{Request, Response};
use support::{
    ANSWER, CONTENT, DONE, ROLE, SECOND, Step, answer, begin, call, draft, endpoint, policy,
    request, rules, stream,
};
use tokio::time::{Instant, advance, sleep};
use tower::{Layer, Service, ServiceExt, service_fn};
use towerman_breaker::{BreakerLayer, CircuitOpen, CoolingDown, Why};
use towerman_core::{
    Availability, Body, BoxError, CircuitState, Endpoint, FailureKind, Fault, FaultKind, Outcome,
    Phase, PolicyHandle, RouteContext, find, policy::BreakerRules,
};

type Answer = Result<Response<Body>, BoxError>;

/// A provider that does what it was told last, and what a test needs around it.
struct Stage {
    layer: BreakerLayer,
    policy: PolicyHandle,
    target: Arc<Endpoint>,
    reply: Reply,
}

type Reply = Arc<Mutex<Box<dyn Fn(&Request<Body>) -> Answer + Send>>>;

impl Stage {
    fn new(rules: BreakerRules) -> Self {
        let policy = policy(rules);
        Self {
            layer: BreakerLayer::new(),
            target: endpoint(&policy),
            policy,
            reply: Arc::new(Mutex::new(Box::new(|_| Ok(answer(200, ANSWER))))),
        }
    }

    fn says(&self, reply: impl Fn() -> Answer + Send + 'static) {
        *self.reply.lock().unwrap() = Box::new(move |_| reply());
    }

    fn service(
        &self,
    ) -> impl Service<
        Request<Body>,
        Response = Response<towerman_breaker::ResponseBody<Body>>,
        Error = BoxError,
        Future: Send,
    > + Clone
    + use<> {
        let reply = Arc::clone(&self.reply);
        self.layer.layer(service_fn(move |request: Request<Body>| {
            let reply = Arc::clone(&reply);
            async move {
                // The transport's part.
                if let Some(attempt) = RouteContext::of(&request).attempt() {
                    attempt.advance(Phase::Sent);
                }
                let reply = reply.lock().unwrap();
                reply(&request)
            }
        }))
    }

    fn request(&self) -> Request<Body> {
        request(&self.policy, &self.target).0
    }

    async fn call(&self) -> Result<bytes::Bytes, BoxError> {
        call(&self.service(), self.request()).await
    }

    async fn calls(&self, count: u32) {
        for _ in 0..count {
            let _ = self.call().await;
        }
    }

    fn state(&self) -> CircuitState {
        self.layer.snapshot(&self.target).state
    }

    fn failures(&self) -> u32 {
        self.layer.snapshot(&self.target).failures
    }

    fn availability(&self) -> Availability {
        self.target.board.availability(now())
    }

    /// Opens the circuit, waits until it is due, and has the provider work again.
    async fn due(&self) {
        self.says(|| Ok(answer(500, "{}")));
        self.calls(3).await;
        assert_eq!(self.state(), CircuitState::Open);
        advance(4 * SECOND).await;
        self.says(|| Ok(answer(200, ANSWER)));
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

fn sends(frames: &[&'static str]) -> impl Fn() -> Answer + Send + 'static {
    let frames = frames.to_vec();
    move || Ok(stream(frames.iter().copied().map(Step::Send)))
}

// --- opening and closing ---

#[tokio::test(start_paused = true)]
async fn the_board_shows_what_the_circuit_does() {
    let stage = Stage::new(rules());
    assert_eq!(stage.availability(), Availability::Ready);
    stage.says(|| Ok(answer(503, "{}")));
    stage.calls(3).await;

    let error = stage.call().await.unwrap_err();
    let refused = find::<CircuitOpen>(error.as_ref()).unwrap();
    assert_eq!(refused.endpoint(), "p/a");
    assert!(refused.retry_after() >= 3 * SECOND && refused.retry_after() <= 4 * SECOND);
    let Availability::Refused { until } = stage.availability() else {
        panic!("must be refused")
    };
    // Boards count in microseconds.
    let apart = refused.retry_at().saturating_duration_since(until);
    assert!(apart < Duration::from_micros(1));
    let snapshot = stage.layer.snapshot(&stage.target);
    assert_eq!(snapshot.next_probe, Some(refused.retry_at()));
    let last = FailureKind::Overloaded;
    assert_eq!(snapshot.why, Some(Why::Consecutive { failures: 3, last }));

    advance(refused.retry_after()).await;
    assert_eq!(stage.availability(), Availability::Probe);
    stage.says(|| Ok(answer(200, ANSWER)));
    stage.call().await.unwrap();
    assert_eq!(stage.availability(), Availability::Ready);
    assert_eq!(stage.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_to_the_client_that_nothing_can_be_done_now() {
    let stage = Stage::new(rules());
    stage.says(|| Ok(answer(500, "{}")));
    stage.calls(3).await;
    let (request, attempt) = request(&stage.policy, &stage.target);
    let error = call(&stage.service(), request).await.unwrap_err();
    let fault = find::<Fault>(error.as_ref()).unwrap();
    assert_eq!(fault.kind(), FaultKind::Unavailable);
    assert!(fault.delay().unwrap() > Duration::ZERO);
    assert!(!fault.message().contains("p/a"));
    // It was no attempt: nothing sent, nothing failed, and no success either.
    assert_eq!(attempt.phase(), Phase::Unsent);
    assert_eq!(attempt.facts().failure, None);
    assert_eq!(attempt.verdict(), Outcome::Cancelled);
    assert_eq!(stage.target.board.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn services_of_one_layer_open_together_and_layers_apart() {
    let stage = Stage::new(rules());
    let (one, other) = (stage.service(), stage.service());
    stage.says(|| Ok(answer(500, "{}")));
    for service in [&one, &other, &one] {
        call(service, stage.request()).await.unwrap();
    }
    call(&other, stage.request()).await.unwrap_err();
    let clone = stage.layer.clone();
    assert_eq!(clone.snapshot(&stage.target).state, CircuitState::Open);
    let stranger = BreakerLayer::new();
    assert_eq!(stranger.snapshot(&stage.target).state, CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn every_endpoint_has_a_circuit_of_its_own() {
    let stage = Stage::new(rules());
    stage.says(|| Ok(answer(500, "{}")));
    stage.calls(3).await;
    let neighbour = Arc::clone(&stage.policy.load().endpoints()[1]);
    let (request, _) = request(&stage.policy, &neighbour);
    call(&stage.service(), request).await.unwrap();
    assert_eq!(neighbour.board.availability(now()), Availability::Ready);
}

#[tokio::test(start_paused = true)]
async fn a_reload_changes_the_rules_and_keeps_what_was_counted() {
    let stage = Stage::new(rules());
    stage.says(|| Ok(answer(500, "{}")));
    stage.calls(2).await;
    let sooner = BreakerRules {
        consecutive: 1,
        ..rules()
    };
    stage.policy.swap(draft(sooner)).unwrap();
    assert_eq!(stage.failures(), 2);
    stage.calls(1).await;
    let last = FailureKind::Server;
    let why = stage.layer.snapshot(&stage.target).why;
    assert_eq!(why, Some(Why::Consecutive { failures: 3, last }));
}

#[tokio::test(start_paused = true)]
async fn without_a_policy_the_layers_rules_hold() {
    let stage = Stage::new(rules());
    stage.says(|| Ok(answer(500, "{}")));
    let layer = BreakerLayer::new().rules(BreakerRules {
        consecutive: 1,
        ..rules()
    });
    let service = layer.layer(service_fn(|_: Request<Body>| async {
        Ok::<_, Infallible>(answer(500, "{}"))
    }));
    let mut request = Request::new(Body::empty());
    let target = Arc::clone(&stage.target);
    RouteContext::edit(&mut request, |cx| cx.begin_attempt(target, 1));
    call(&service, request).await.unwrap();
    assert_eq!(layer.snapshot(&stage.target).state, CircuitState::Open);
}

// --- what counts, and how ---

#[tokio::test(start_paused = true)]
async fn an_attempt_learns_when_its_content_began_and_how_it_ended() {
    let stage = Stage::new(rules());
    stage.says(|| {
        use Step::{Send, Wait};
        Ok(stream([
            Wait(SECOND),
            Send(ROLE),
            Wait(SECOND),
            Send(CONTENT),
            Wait(SECOND),
            Send(CONTENT),
            Send(DONE),
        ]))
    });
    let (request, attempt) = request(&stage.policy, &stage.target);
    let body = begin(&stage.service(), request, 1).await;
    assert_eq!(attempt.facts().first_content, None);
    assert_eq!(stage.target.board.in_flight(), 1);
    http_body_util::BodyExt::collect(body).await.unwrap();
    let facts = attempt.facts();
    // Timers tick in milliseconds.
    assert_eq!(facts.first_content.unwrap().as_secs_f64().round(), 2.0);
    assert_eq!(facts.duration.unwrap().as_secs_f64().round(), 3.0);
    assert_eq!(facts.outcome, Some(Outcome::Success));
    assert_eq!(
        stage
            .target
            .board
            .first_content()
            .map(|time| time.as_secs()),
        Some(2)
    );
    assert_eq!(stage.target.board.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stream_fails_by_how_its_body_ends() {
    use Step::{Break, Send};
    type Case = (fn() -> Vec<Step>, FailureKind);
    let cases: [Case; 4] = [
        (|| vec![Send(ROLE), Send(CONTENT)], FailureKind::Truncated),
        (|| vec![Send(CONTENT), Break], FailureKind::Reset),
        (|| vec![Break], FailureKind::Reset),
        (
            || {
                vec![
                    Send(CONTENT),
                    Send("data: {\"error\":{\"message\":\"x\"}}\n\n"),
                ]
            },
            FailureKind::InStream,
        ),
    ];
    for (steps, kind) in cases {
        let stage = Stage::new(rules());
        stage.says(move || Ok(stream(steps())));
        let (request, attempt) = request(&stage.policy, &stage.target);
        let _ = call(&stage.service(), request).await;
        assert_eq!(attempt.facts().outcome, Some(Outcome::Failure(kind)));
        assert_eq!(stage.failures(), 1, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_break_after_the_last_event_is_no_failure() {
    let stage = Stage::new(rules());
    stage.says(|| Ok(stream([Step::Send(CONTENT), Step::Send(DONE), Step::Break])));
    stage.calls(1).await;
    let snapshot = stage.layer.snapshot(&stage.target);
    assert_eq!((snapshot.calls, snapshot.failures), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn an_error_without_a_head_is_a_failure_by_phase() {
    for (phase, kind) in [
        (Phase::Unsent, FailureKind::Connect),
        (Phase::Sent, FailureKind::Reset),
    ] {
        let stage = Stage::new(rules());
        let service = stage
            .layer
            .layer(service_fn(move |request: Request<Body>| async move {
                RouteContext::of(&request).attempt().unwrap().advance(phase);
                Err::<Response<Body>, _>("gone")
            }));
        let (request, attempt) = request(&stage.policy, &stage.target);
        call(&service, request).await.unwrap_err();
        assert_eq!(attempt.facts().outcome, Some(Outcome::Failure(kind)));
        // For Failover, which asks the facts what an error meant.
        assert_eq!(attempt.facts().failure, Some(kind));
        assert_eq!(stage.failures(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_transport_noted_goes_before_what_can_be_guessed() {
    let stage = Stage::new(rules());
    let service = stage
        .layer
        .layer(service_fn(|request: Request<Body>| async move {
            let attempt = RouteContext::of(&request).attempt().unwrap();
            attempt.note(|facts| facts.fail(FailureKind::Protocol));
            Err::<Response<Body>, _>("nonsense")
        }));
    let (request, attempt) = request(&stage.policy, &stage.target);
    call(&service, request).await.unwrap_err();
    let protocol = Outcome::Failure(FailureKind::Protocol);
    assert_eq!(attempt.facts().outcome, Some(protocol));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_a_layer_further_in_refuses_says_nothing_of_the_endpoint() {
    let stage = Stage::new(rules());
    for kind in [FaultKind::InvalidRequest, FaultKind::Unavailable] {
        let service = stage
            .layer
            .layer(service_fn(move |_: Request<Body>| async move {
                Err::<Response<Body>, _>(Fault::new(kind, "not to this endpoint"))
            }));
        for _ in 0..10 {
            let (request, attempt) = request(&stage.policy, &stage.target);
            call(&service, request).await.unwrap_err();
            assert_eq!(attempt.facts().failure, None);
        }
    }
    assert_eq!(stage.layer.snapshot(&stage.target).calls, 0);
    assert_eq!(stage.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_by_a_circuit_further_in_is_no_failure() {
    let stage = Stage::new(rules());
    stage.says(|| Ok(answer(500, "{}")));
    stage.calls(3).await;
    let outer = BreakerLayer::new();
    let service = outer.layer(stage.service());
    call(&service, stage.request()).await.unwrap_err();
    assert_eq!(outer.snapshot(&stage.target).calls, 0);
}

#[tokio::test(start_paused = true)]
async fn callers_errors_neither_open_it_nor_hide_an_outage() {
    let stage = Stage::new(rules());
    for _ in 0..3 {
        for status in [400, 404, 413, 422] {
            stage.says(move || Ok(answer(status, "{}")));
            stage.calls(3).await;
        }
        assert_eq!(stage.state(), CircuitState::Closed);
        stage.says(|| Ok(answer(500, "{}")));
        stage.calls(1).await;
    }
    assert_eq!(stage.state(), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn an_error_counts_though_nobody_reads_its_body() {
    let stage = Stage::new(rules());
    stage.says(|| {
        let mut response = stream([Step::Hang]);
        *response.status_mut() = http::StatusCode::BAD_GATEWAY;
        Ok(response)
    });
    for _ in 0..3 {
        drop(stage.service().oneshot(stage.request()).await.unwrap());
    }
    assert_eq!(stage.state(), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn slow_streams_open_it_and_slow_whole_answers_do_not() {
    let rules = BreakerRules {
        min_calls: 3,
        slow_after: SECOND,
        ..rules()
    };
    let stage = Stage::new(rules);
    let slow = stage.layer.layer(service_fn(|_: Request<Body>| async {
        sleep(2 * SECOND).await;
        Ok::<_, Infallible>(answer(200, ANSWER))
    }));
    for _ in 0..10 {
        call(&slow, stage.request()).await.unwrap();
    }
    assert_eq!(stage.state(), CircuitState::Closed);
    stage.says(|| {
        Ok(stream([
            Step::Wait(2 * SECOND),
            Step::Send(CONTENT),
            Step::Send(DONE),
        ]))
    });
    stage.calls(3).await;
    let why = stage.layer.snapshot(&stage.target).why;
    assert_eq!(why, Some(Why::SlowRate { slow: 3, calls: 3 }));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_answers_late_but_whole_closes_the_circuit() {
    let stage = Stage::new(rules());
    stage.due().await;
    let late = stage.layer.layer(service_fn(|_: Request<Body>| async {
        sleep(2 * rules().slow_after).await;
        Ok::<_, Infallible>(answer(200, ANSWER))
    }));
    call(&late, stage.request()).await.unwrap();
    assert_eq!(stage.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_call_is_over_with_its_last_frame_though_the_body_is_kept() {
    let stage = Stage::new(rules());
    let (request, attempt) = request(&stage.policy, &stage.target);
    let _whole = begin(&stage.service(), request, 1).await;
    assert_eq!(attempt.facts().outcome, Some(Outcome::Success));
    stage.says(|| Ok(answer(204, "")));
    let _empty = begin(&stage.service(), stage.request(), 0).await;
    assert_eq!(stage.target.board.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_whole_answer_says_nothing_about_the_time_to_first_content() {
    let stage = Stage::new(rules());
    let late = stage.layer.layer(service_fn(|_: Request<Body>| async {
        sleep(15 * SECOND).await;
        Ok::<_, Infallible>(answer(200, ANSWER))
    }));
    let (request, attempt) = request(&stage.policy, &stage.target);
    call(&late, request).await.unwrap();
    assert_eq!(attempt.facts().outcome, Some(Outcome::Success));
    assert_eq!(attempt.facts().first_content, None);
    assert_eq!(stage.target.board.first_content(), None);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_asks_no_model_is_neither_judged_nor_refused() {
    let stage = Stage::new(rules());
    let foreign = || {
        let mut request = Request::new(Body::empty());
        RouteContext::edit(&mut request, RouteContext::set_foreign);
        request
    };
    let service = stage
        .layer
        .layer(service_fn(|request: Request<Body>| async move {
            assert!(RouteContext::of(&request).attempt().is_none());
            Ok::<_, Infallible>(answer(500, "the page is broken"))
        }));
    for _ in 0..10 {
        assert_eq!(
            call(&service, foreign()).await.unwrap(),
            "the page is broken"
        );
    }
    let broken = stage.layer.layer(service_fn(|_: Request<Body>| async {
        Err::<Response<Body>, _>("the page is gone")
    }));
    for _ in 0..10 {
        let error = call(&broken, foreign()).await.unwrap_err();
        assert_eq!(error.to_string(), "the page is gone");
    }
    let snapshot = stage.layer.snapshot(Endpoint::unrouted());
    assert_eq!((snapshot.state, snapshot.calls), (CircuitState::Closed, 0));
}

// --- leaving ---

#[tokio::test(start_paused = true)]
async fn a_body_dropped_in_mid_stream_is_neutral() {
    let stage = Stage::new(rules());
    stage.says(|| Ok(stream([Step::Send(ROLE), Step::Send(CONTENT), Step::Hang])));
    for frames in 0..=2 {
        for _ in 0..5 {
            let (request, attempt) = request(&stage.policy, &stage.target);
            drop(begin(&stage.service(), request, frames).await);
            assert_eq!(attempt.facts().outcome, Some(Outcome::Cancelled));
        }
    }
    let snapshot = stage.layer.snapshot(&stage.target);
    assert_eq!((snapshot.calls, snapshot.state), (0, CircuitState::Closed));
    assert_eq!(stage.target.board.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_body_dropped_after_the_last_event_is_a_success() {
    let stage = Stage::new(rules());
    stage.says(sends(&[CONTENT, DONE]));
    let (request, attempt) = request(&stage.policy, &stage.target);
    drop(begin(&stage.service(), request, 2).await);
    assert_eq!(attempt.facts().outcome, Some(Outcome::Success));
    assert_eq!(stage.layer.snapshot(&stage.target).calls, 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_noted_before_the_drop_counts() {
    let stage = Stage::new(rules());
    stage.says(|| Ok(stream([Step::Send(CONTENT), Step::Hang])));
    for _ in 0..3 {
        let (request, attempt) = request(&stage.policy, &stage.target);
        let body = begin(&stage.service(), request, 1).await;
        attempt.note(|facts| facts.fail(FailureKind::IdleTimeout));
        drop(body);
    }
    let last = FailureKind::IdleTimeout;
    let why = stage.layer.snapshot(&stage.target).why;
    assert_eq!(why, Some(Why::Consecutive { failures: 3, last }));
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_before_its_head_is_neutral_unless_it_had_failed() {
    let stage = Stage::new(rules());
    let service = stage.layer.layer(service_fn(|_: Request<Body>| {
        std::future::pending::<Result<Response<Body>, Infallible>>()
    }));
    for failed in [false, true] {
        for _ in 0..3 {
            let (request, attempt) = request(&stage.policy, &stage.target);
            let mut call = Box::pin(service.clone().oneshot(request));
            assert!(poll_once(call.as_mut()).is_none());
            if failed {
                attempt.note(|facts| facts.fail(FailureKind::FirstContentTimeout));
            }
            drop(call);
        }
        let open = stage.state() == CircuitState::Open;
        assert_eq!(open, failed);
    }
}

fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match future.poll(&mut cx) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}

// --- probes ---

#[tokio::test(start_paused = true)]
async fn a_probe_closes_the_circuit_at_its_first_content() {
    let stage = Stage::new(rules());
    stage.due().await;
    stage.says(|| Ok(stream([Step::Send(ROLE), Step::Send(CONTENT), Step::Hang])));
    let mut body = begin(&stage.service(), stage.request(), 1).await;
    assert_eq!(stage.state(), CircuitState::HalfOpen);
    assert!(stage.call().await.is_err(), "one probe at a time");
    std::future::poll_fn(|cx| http_body::Body::poll_frame(body.as_mut(), cx)).await;
    assert_eq!(stage.state(), CircuitState::Closed);
    assert_eq!(stage.availability(), Availability::Ready);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_after_its_first_content_is_one_failure_of_an_ordinary_call() {
    let stage = Stage::new(rules());
    stage.due().await;
    stage.says(|| Ok(stream([Step::Send(CONTENT), Step::Break])));
    stage.call().await.unwrap_err();
    assert_eq!((stage.state(), stage.failures()), (CircuitState::Closed, 1));
}

#[tokio::test(start_paused = true)]
async fn a_failed_probe_opens_the_circuit_again() {
    let stage = Stage::new(rules());
    stage.due().await;
    stage.says(sends(&[ROLE]));
    stage.calls(1).await;
    let snapshot = stage.layer.snapshot(&stage.target);
    let kind = FailureKind::Truncated;
    assert_eq!(snapshot.why, Some(Why::ProbeFailed { kind }));
    assert!(snapshot.next_probe.unwrap() > now() + 4 * SECOND);
    assert!(matches!(stage.availability(), Availability::Refused { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_probe_gives_its_place_back() {
    let stage = Stage::new(rules());
    stage.due().await;
    stage.says(|| Ok(stream([Step::Send(ROLE), Step::Hang])));
    for frames in [0, 1, 0, 1] {
        let body = begin(&stage.service(), stage.request(), frames).await;
        assert!(stage.call().await.is_err());
        drop(body);
        assert_eq!(stage.availability(), Availability::Probe);
    }
    stage.says(|| Ok(answer(200, ANSWER)));
    stage.call().await.unwrap();
    assert_eq!(stage.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_lost_is_replaced_when_its_lease_is_over() {
    let stage = Stage::new(rules());
    stage.due().await;
    stage.says(|| Ok(stream([Step::Hang])));
    std::mem::forget(begin(&stage.service(), stage.request(), 0).await);
    stage.says(|| Ok(answer(200, ANSWER)));
    let error = stage.call().await.unwrap_err();
    let refused = find::<CircuitOpen>(error.as_ref()).unwrap();
    assert_eq!(refused.retry_after(), rules().probe_lease);
    advance(refused.retry_after()).await;
    stage.call().await.unwrap();
    assert_eq!(stage.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_stream_from_before_the_trip_does_not_decide_the_trial() {
    let stage = Stage::new(rules());
    stage.says(sends(&[CONTENT, DONE]));
    let old = begin(&stage.service(), stage.request(), 1).await;
    stage.due().await;
    stage.says(|| Ok(stream([Step::Hang])));
    let _probe = begin(&stage.service(), stage.request(), 0).await;
    http_body_util::BodyExt::collect(old).await.unwrap();
    assert_eq!(stage.state(), CircuitState::HalfOpen);
}

// --- cooling down ---

#[tokio::test(start_paused = true)]
async fn a_throttled_endpoint_is_left_alone_as_long_as_it_asks() {
    let stage = Stage::new(rules());
    stage.says(|| {
        let mut response = answer(429, "{}");
        response.headers_mut().insert("retry-after", "7".parse()?);
        Ok(response)
    });
    stage.call().await.unwrap();
    stage.says(|| Ok(answer(200, ANSWER)));
    let error = stage.call().await.unwrap_err();
    let refused = find::<CoolingDown>(error.as_ref()).unwrap();
    assert_eq!(refused.retry_after(), 7 * SECOND);
    assert!(matches!(refused.why(), Outcome::Throttled { .. }));
    let fault = find::<Fault>(error.as_ref()).unwrap();
    assert_eq!(
        (fault.kind(), fault.delay()),
        (FaultKind::RateLimited, Some(7 * SECOND))
    );
    let snapshot = stage.layer.snapshot(&stage.target);
    assert_eq!(snapshot.cooling_until, Some(refused.retry_at()));
    assert_eq!((snapshot.state, snapshot.calls), (CircuitState::Closed, 0));
    assert!(matches!(stage.availability(), Availability::Refused { .. }));

    advance(7 * SECOND).await;
    assert_eq!(stage.availability(), Availability::Ready);
    stage.call().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn credentials_of_ours_that_are_refused_quarantine_the_endpoint() {
    let stage = Stage::new(rules());
    stage.says(|| Ok(answer(401, "{}")));
    stage.call().await.unwrap();
    let error = stage.call().await.unwrap_err();
    let refused = find::<CoolingDown>(error.as_ref()).unwrap();
    assert_eq!(refused.retry_after(), rules().open_at_most);
    assert_eq!(
        find::<Fault>(error.as_ref()).unwrap().kind(),
        FaultKind::Unavailable
    );
}

#[tokio::test(start_paused = true)]
async fn a_callers_bad_key_does_not_take_an_own_service_from_the_others() {
    let service = BreakerLayer::new().layer(service_fn(|_: Request<Body>| async {
        Ok::<_, Infallible>(answer(401, "{}"))
    }));
    for _ in 0..10 {
        call(&service, Request::new(Body::empty())).await.unwrap();
    }
}

// --- telling ---

#[tokio::test(start_paused = true)]
async fn every_change_is_told_once() {
    let told = Told::default();
    let _guard = tracing::subscriber::set_default(told.clone());
    let stage = Stage::new(rules());
    stage.due().await;
    stage.calls(5).await;
    let told = told.0.lock().unwrap().clone();
    let expected = [
        "p/a closed open 3 failures in a row, the last: server_error",
        "p/a open half-open its time came",
        "p/a half-open closed a probe succeeded",
    ];
    assert_eq!(told, expected);
}

/// A subscriber that keeps the breaker's events as text.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Told {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "towerman::breaker"
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Words(Vec<String>);
        impl tracing::field::Visit for Words {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                if matches!(field.name(), "endpoint" | "from" | "to" | "why") {
                    self.0
                        .push(format!("{value:?}").trim_matches('"').to_owned());
                }
            }
        }
        let mut words = Words(Vec::new());
        event.record(&mut words);
        self.0.lock().unwrap().push(words.0.join(" "));
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}
