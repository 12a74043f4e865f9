//! One line for each attempt that was sent, whatever becomes of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt, service_fn};
use towerman_core::{
    Ask, Attempt, Body, BoxError, Dialect, Endpoint, FailureKind, Fault, FaultKind, Outcome, Phase,
    Pico, PolicyHandle, Price, RouteContext, RouteReport, Usage,
    policy::{Draft, EndpointDraft, ProviderDraft, RouteDraft},
};
use towerman_cost::{CostLayer, Line, Memory};
use towerman_wire::observe::observe;

const PRICE: Price = Price {
    input: 3_000_000,
    cache_read: 300_000,
    cache_write: 3_750_000,
    cache_write_long: 6_000_000,
    output: 15_000_000,
};

/// An answer of Anthropic's: the prompt is known from the first event, the output from the last
/// but one.
const EVENTS: [&str; 5] = [
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"large-1\",\"usage\":{\"input_tokens\":12,\"cache_read_input_tokens\":900,\"output_tokens\":1}}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello, how are you?\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" I am well.\"}}\n\n",
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":9}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
];

/// What was really used, and what it really cost.
const BILLED: u128 = 12 * 3_000_000 + 900 * 300_000 + 9 * 15_000_000;

fn endpoint(dialect: Dialect, price: Option<Price>) -> Arc<Endpoint> {
    let mut draft = EndpointDraft::new("own/large");
    if let Some(price) = price {
        draft = draft.price(price);
    }
    let policy = PolicyHandle::new(
        Draft::new()
            .provider(ProviderDraft::inner("own", dialect))
            .endpoint(draft)
            .route(RouteDraft::new("chat", ["own/large"])),
    );
    policy.unwrap().load().endpoints()[0].clone()
}

/// A request, its attempt, and the report that both write to.
fn ask(endpoint: Arc<Endpoint>) -> (Request<Body>, Arc<Attempt>, RouteReport) {
    let mut request = Request::post("/v1/messages").body(Body::empty()).unwrap();
    let mut ask = Ask::new(endpoint.provider.dialect, "chat", 0..0);
    ask.prompt_tokens = 1_000;
    ask.stream = true;
    let (attempt, report) = RouteContext::edit(&mut request, |cx| {
        cx.set_ask(Arc::new(ask));
        cx.set_request_id("req-1");
        cx.set_session("s1");
        (cx.begin_attempt(endpoint, 1), cx.report().clone())
    });
    (request, attempt, report)
}

/// Frames, and perhaps an error at the end.
struct Script {
    frames: VecDeque<Result<Bytes, BoxError>>,
    says_end: bool,
}

impl http_body::Body for Script {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(self.frames.pop_front().map(|frame| frame.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.says_end && self.frames.is_empty()
    }
}

fn stream(events: &[&'static str], broken: bool, says_end: bool) -> Response<Script> {
    let events = events.iter().map(|event| Ok(Bytes::from(*event)));
    let error = broken.then(|| Err(BoxError::from("reset")));
    Response::builder()
        .header("content-type", "text/event-stream")
        .body(Script {
            frames: events.chain(error).collect(),
            says_end,
        })
        .unwrap()
}

/// Sends one request through the layer to a service that answers with `response`, reads at most
/// `frames` frames, and drops the rest.
async fn serve(
    endpoint: Arc<Endpoint>,
    response: Response<Script>,
    frames: usize,
) -> (Vec<Line>, Arc<Attempt>, RouteReport) {
    let ledger = Memory::new();
    let layer = CostLayer::new(ledger.clone());
    let (request, attempt, report) = ask(endpoint);
    let response = std::sync::Mutex::new(Some(response));
    let service = layer.layer(service_fn(|request: Request<Body>| {
        let attempt = RouteContext::of(&request).attempt().unwrap();
        attempt.advance(Phase::Sent);
        let response = response.lock().unwrap().take().unwrap();
        async move { Ok::<_, BoxError>(response) }
    }));
    let mut body = service.oneshot(request).await.unwrap().into_body();
    for _ in 0..frames {
        if body.frame().await.is_none_or(|frame| frame.is_err()) {
            break;
        }
    }
    drop(body);
    let lines = ledger.lines();
    let sum: Pico = lines.iter().filter_map(|line| line.cost).sum();
    assert_eq!(layer.totals().grand().cost, sum);
    assert_eq!(layer.totals().grand().attempts, lines.len() as u64);
    (lines, attempt, report)
}

fn one(lines: Vec<Line>) -> Line {
    let [line] = <[Line; 1]>::try_from(lines).expect("exactly one line");
    line
}

#[tokio::test]
async fn an_answer_that_was_read_is_exact() {
    let (lines, attempt, report) = serve(
        endpoint(Dialect::Anthropic, Some(PRICE)),
        stream(&EVENTS, false, false),
        usize::MAX,
    )
    .await;
    let line = one(lines);
    assert_eq!((line.outcome, line.estimated), ("success", false));
    assert_eq!(line.cost, Some(Pico(BILLED)));
    assert_eq!(line.saved, Some(Pico(900 * 2_700_000)));
    assert_eq!(line.model.as_deref(), Some("large-1"));
    assert_eq!(&*line.endpoint, "own/large");
    assert_eq!((&*line.provider, &*line.tenant), ("own", "anonymous"));
    assert_eq!((line.status, line.stream), (Some(200), true));
    let id = line.id.to_string();
    assert!(id.starts_with("req-1/1/"), "{id}");
    assert!(line.at_ms > 1_600_000_000_000);
    // The report says the same.
    assert_eq!(report.cost(), Pico(BILLED));
    assert_eq!(report.usage(), line.usage);
    let facts = attempt.facts();
    assert_eq!((facts.saved, facts.estimated), (line.saved, false));
    assert!(facts.duration.is_some() && facts.first_content.is_some());
}

#[tokio::test]
async fn dropped_after_any_frame_it_leaves_one_line_that_covers_what_was_billed() {
    for says_end in [false, true] {
        for frames in 0..=EVENTS.len() + 1 {
            let (lines, attempt, report) = serve(
                endpoint(Dialect::Anthropic, Some(PRICE)),
                stream(&EVENTS, false, says_end),
                frames,
            )
            .await;
            let line = one(lines);
            let complete = frames >= EVENTS.len();
            assert_eq!(line.estimated, !complete, "after {frames} frames");
            let outcome = if complete { "success" } else { "cancelled" };
            assert_eq!(line.outcome, outcome, "after {frames} frames");
            assert!(line.cost >= Some(Pico(BILLED)), "after {frames} frames");
            assert!(!line.maybe_billed);
            if frames > 0 {
                assert_eq!((line.usage.input, line.usage.cache_read), (12, 900));
            }
            // What was estimated is what everybody reads.
            assert_eq!(attempt.facts().usage, Some(line.usage));
            assert_eq!(attempt.facts().estimated, line.estimated);
            assert_eq!(report.cost(), line.cost.unwrap());
        }
    }
}

#[tokio::test]
async fn a_body_that_breaks_leaves_one_line() {
    for events in 0..EVENTS.len() {
        let (lines, ..) = serve(
            endpoint(Dialect::Anthropic, Some(PRICE)),
            stream(&EVENTS[..events], true, false),
            usize::MAX,
        )
        .await;
        let line = one(lines);
        assert_eq!((line.outcome, line.estimated), ("reset", true));
        assert!(line.cost >= Some(Pico(BILLED)));
    }
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_last_event_costs_what_was_reported() {
    let (lines, ..) = serve(
        endpoint(Dialect::Anthropic, Some(PRICE)),
        stream(&EVENTS, true, false),
        usize::MAX,
    )
    .await;
    let line = one(lines);
    assert_eq!((line.outcome, line.estimated), ("success", false));
    assert_eq!(line.cost, Some(Pico(BILLED)));
}

#[tokio::test]
async fn a_body_that_ends_too_early_is_estimated() {
    let (lines, ..) = serve(
        endpoint(Dialect::Anthropic, Some(PRICE)),
        stream(&EVENTS[..2], false, false),
        usize::MAX,
    )
    .await;
    let line = one(lines);
    assert_eq!((line.outcome, line.estimated), ("truncated", true));
}

#[tokio::test]
async fn settled_at_the_last_frame_it_is_in_the_report_before_anybody_drops_the_body() {
    let ledger = Memory::new();
    let (request, attempt, _) = ask(endpoint(Dialect::Anthropic, Some(PRICE)));
    let service = CostLayer::new(ledger.clone()).layer(service_fn(|_: Request<Body>| async {
        Ok::<_, BoxError>(stream(&EVENTS, false, true))
    }));
    let mut body = service.oneshot(request).await.unwrap().into_body();
    for _ in 0..EVENTS.len() {
        body.frame().await.unwrap().unwrap();
    }
    assert_eq!(attempt.facts().cost, Some(Pico(BILLED)));
    assert!(body.frame().await.is_none());
    drop(body);
    assert_eq!(ledger.lines().len(), 1);
}

#[tokio::test]
async fn it_is_settled_at_the_first_sign_of_the_end() {
    // An empty body, which nobody polls, and one that breaks off.
    for (broken, says_end, outcome) in [(false, true, "protocol"), (true, false, "reset")] {
        let ledger = Memory::new();
        let (request, ..) = ask(endpoint(Dialect::Anthropic, Some(PRICE)));
        let service = CostLayer::new(ledger.clone()).layer(service_fn(|_: Request<Body>| async {
            Ok::<_, BoxError>(stream(&[], broken, says_end))
        }));
        let mut body = service.oneshot(request).await.unwrap().into_body();
        if broken {
            assert!(body.frame().await.unwrap().is_err());
        }
        assert_eq!(one(ledger.lines()).outcome, outcome);
        drop(body);
        assert_eq!(ledger.lines().len(), 1);
    }
}

#[tokio::test]
async fn an_error_head_costs_nothing_read_or_not() {
    for frames in [0, usize::MAX] {
        let mut response = stream(&["{\"error\":{\"message\":\"no\"}}"], false, false);
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        let endpoint = endpoint(Dialect::Anthropic, Some(PRICE));
        let (lines, attempt, report) = serve(endpoint, response, frames).await;
        let line = one(lines);
        assert_eq!((line.status, line.outcome), (Some(503), "overloaded"));
        assert_eq!((line.usage, line.cost), (Usage::default(), Some(Pico(0))));
        assert!(!line.estimated && !line.maybe_billed);
        assert_eq!(report.cost(), Pico(0));
        assert_eq!(attempt.facts().usage, None);
    }
}

#[tokio::test]
async fn an_endpoint_without_a_price_has_usage_and_no_cost() {
    let (lines, attempt, _) = serve(
        endpoint(Dialect::Anthropic, None),
        stream(&EVENTS, false, false),
        usize::MAX,
    )
    .await;
    let line = one(lines);
    assert!(!line.priced);
    assert_eq!((line.cost, line.usage.output), (None, 9));
    assert_eq!(attempt.facts().cost, None);
    let json = serde_json::to_value(&line).unwrap();
    assert_eq!(json["cost_pico_usd"], serde_json::Value::Null);
}

#[tokio::test]
async fn somebody_further_in_may_have_read_the_answer_already() {
    let ledger = Memory::new();
    let (request, ..) = ask(endpoint(Dialect::Anthropic, Some(PRICE)));
    let service = CostLayer::new(ledger.clone()).layer(service_fn(|request: Request<Body>| {
        let attempt = RouteContext::of(&request).attempt().unwrap().clone();
        // As a translating layer does: what comes out is in another dialect.
        let response = observe(stream(&EVENTS, false, false), &attempt);
        let response = response
            .map(|body| body.map_frame(|_| Frame::data(Bytes::from_static(b"data: {}\n\n"))));
        async { Ok::<_, BoxError>(response) }
    }));
    let body = service.oneshot(request).await.unwrap().into_body();
    body.collect().await.unwrap();
    assert_eq!(one(ledger.lines()).cost, Some(Pico(BILLED)));
}

/// Calls a service that gets to `phase` and then fails or never answers.
async fn fail(phase: Phase, answers: bool, noted: Option<FailureKind>) -> Vec<Line> {
    let ledger = Memory::new();
    let (request, ..) = ask(endpoint(Dialect::OpenAiChat, Some(PRICE)));
    let service = CostLayer::new(ledger.clone()).layer(service_fn(|request: Request<Body>| {
        let attempt = RouteContext::of(&request).attempt().unwrap().clone();
        attempt.advance(phase);
        if let Some(kind) = noted {
            attempt.note(|facts| facts.fail(kind));
        }
        async move {
            if !answers {
                std::future::pending::<()>().await;
            }
            Err::<Response<Body>, BoxError>("no answer".into())
        }
    }));
    tokio::select! {
        biased;
        response = service.oneshot(request) => assert!(response.is_err() && answers),
        () = tokio::task::yield_now() => assert!(!answers),
    }
    ledger.lines()
}

#[tokio::test]
async fn failing_after_sending_may_be_billed() {
    let line = one(fail(Phase::Sent, true, None).await);
    assert_eq!((line.outcome, line.status), ("reset", None));
    assert!(line.maybe_billed && line.estimated);
    assert_eq!(line.cost, Some(Pico(1_000 * 3_000_000)));
    let line = one(fail(Phase::Sent, true, Some(FailureKind::Protocol)).await);
    assert_eq!(line.outcome, "protocol");
}

#[tokio::test]
async fn leaving_before_the_head_may_be_billed() {
    let line = one(fail(Phase::Sent, false, None).await);
    assert_eq!(line.outcome, Outcome::Cancelled.as_str());
    assert!(line.maybe_billed && line.estimated);
    assert_eq!(line.usage.input, 1_000);
    // A timeout of ours is no leaving of the client's.
    let late = Some(FailureKind::FirstContentTimeout);
    let line = one(fail(Phase::Sent, false, late).await);
    assert_eq!(line.outcome, "first_content_timeout");
}

#[tokio::test]
async fn what_was_never_sent_leaves_no_line() {
    for answers in [true, false] {
        for noted in [None, Some(FailureKind::Connect)] {
            assert_eq!(fail(Phase::Unsent, answers, noted).await, []);
        }
    }
}

#[tokio::test]
async fn dropped_before_it_is_polled_it_leaves_a_line_only_if_it_was_sent() {
    for (phase, count) in [(Phase::Unsent, 0), (Phase::Sent, 1)] {
        let ledger = Memory::new();
        let (request, attempt, _) = ask(endpoint(Dialect::OpenAiChat, Some(PRICE)));
        let mut service = CostLayer::new(ledger.clone()).layer(service_fn(|_: Request<Body>| {
            std::future::pending::<Result<Response<Body>, BoxError>>()
        }));
        attempt.advance(phase);
        drop(tower::Service::call(&mut service, request));
        assert_eq!(ledger.lines().len(), count);
    }
}

#[tokio::test]
async fn a_panic_in_mid_stream_leaves_one_line() {
    let ledger = Memory::new();
    let (request, ..) = ask(endpoint(Dialect::Anthropic, Some(PRICE)));
    let service = CostLayer::new(ledger.clone()).layer(service_fn(|_: Request<Body>| async {
        Ok::<_, BoxError>(stream(&EVENTS, false, false))
    }));
    let mut body = service.oneshot(request).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    let panicked = catch_unwind(AssertUnwindSafe(move || {
        let _body = body;
        std::panic::panic_any("boom");
    }));
    assert!(panicked.is_err());
    assert_eq!(one(ledger.lines()).outcome, "cancelled");
}

#[tokio::test]
async fn a_request_id_used_twice_makes_two_lines_with_two_names() {
    let ledger = Memory::new();
    let layer = CostLayer::new(ledger.clone());
    for _ in 0..2 {
        let (request, ..) = ask(endpoint(Dialect::Anthropic, Some(PRICE)));
        let service = layer.layer(service_fn(|_: Request<Body>| async {
            Ok::<_, BoxError>(stream(&EVENTS, false, false))
        }));
        let response = service.oneshot(request).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
    let lines = ledger.lines();
    assert_eq!(lines[0].request_id, lines[1].request_id);
    assert_ne!(lines[0].id, lines[1].id);
}

#[tokio::test]
async fn alone_around_a_service_it_counts_what_the_service_answers() {
    let ledger = Memory::new();
    let service = CostLayer::new(ledger.clone()).layer(service_fn(|_: Request<Body>| async {
        Ok::<_, BoxError>(stream(&EVENTS, false, false))
    }));
    let request = Request::post("/").body(Body::empty()).unwrap();
    let response = service.oneshot(request).await.unwrap();
    response.into_body().collect().await.unwrap();
    let line = one(ledger.lines());
    assert_eq!(&*line.endpoint, "unrouted");
    assert_eq!(
        (line.usage.output, line.priced, line.estimated),
        (9, false, false)
    );
}

#[tokio::test]
async fn a_request_that_asks_no_model_is_nobodys_attempt() {
    let ledger = Memory::new();
    let layer = CostLayer::new(ledger.clone());
    let service = layer.layer(service_fn(|request: Request<Body>| {
        assert!(RouteContext::of(&request).attempt().is_none());
        async { Ok::<_, BoxError>(Response::new(Body::from("<html>"))) }
    }));
    for method in ["GET", "POST"] {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method.parse().unwrap();
        RouteContext::edit(&mut request, RouteContext::set_foreign);
        let response = service.clone().oneshot(request).await.unwrap();
        let page = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(page, "<html>");
    }
    assert_eq!(ledger.lines(), []);
    assert_eq!(layer.totals().grand().attempts, 0);
}

#[tokio::test]
async fn without_a_breaker_the_facts_end_as_the_line_does() {
    // Dropped in mid-stream, broken off, and read to its end.
    let broke = Outcome::Failure(FailureKind::Reset);
    for (response, frames, outcome) in [
        (stream(&EVENTS, false, false), 2, Outcome::Cancelled),
        (stream(&EVENTS[..3], true, false), usize::MAX, broke),
        (stream(&EVENTS, false, false), usize::MAX, Outcome::Success),
    ] {
        let endpoint = endpoint(Dialect::Anthropic, Some(PRICE));
        let (lines, attempt, _) = serve(endpoint, response, frames).await;
        assert_eq!(attempt.facts().outcome, Some(outcome));
        assert_eq!(one(lines).outcome, outcome.as_str());
        assert_eq!(attempt.verdict(), outcome);
    }
    // Never sent, it leaves no line, and is no success either.
    let (request, attempt, _) = ask(endpoint(Dialect::Anthropic, Some(PRICE)));
    let mut service = CostLayer::new(()).layer(service_fn(|_: Request<Body>| {
        std::future::pending::<Result<Response<Body>, BoxError>>()
    }));
    drop(tower::Service::call(&mut service, request));
    assert_eq!(attempt.facts().outcome, Some(Outcome::Cancelled));
}

#[tokio::test]
async fn a_request_that_a_layer_further_in_refuses_is_no_failure_of_the_endpoint() {
    let ledger = Memory::new();
    let service = CostLayer::new(ledger.clone()).layer(service_fn(|_: Request<Body>| async {
        let fault = Fault::new(FaultKind::InvalidRequest, "it cannot be translated");
        Err::<Response<Body>, BoxError>(fault.into())
    }));
    let (request, attempt, _) = ask(endpoint(Dialect::Anthropic, Some(PRICE)));
    service.oneshot(request).await.unwrap_err();
    assert_eq!(attempt.facts().outcome, Some(Outcome::Cancelled));
    assert_eq!((attempt.facts().failure, ledger.lines()), (None, vec![]));
}

#[tokio::test]
async fn a_whole_answer_says_nothing_about_the_time_to_first_content() {
    let ledger = Memory::new();
    let service = CostLayer::new(ledger.clone()).layer(service_fn(|request: Request<Body>| {
        let attempt = RouteContext::of(&request).attempt().unwrap();
        attempt.advance(Phase::Sent);
        let answer = r#"{"type":"message","content":[{"type":"text","text":"hi"}],"usage":{"input_tokens":1,"output_tokens":1}}"#;
        async move { Ok::<_, BoxError>(Response::new(Body::from(answer))) }
    }));
    let (request, attempt, _) = ask(endpoint(Dialect::Anthropic, Some(PRICE)));
    let response = service.oneshot(request).await.unwrap();
    response.into_body().collect().await.unwrap();
    assert_eq!(attempt.phase(), Phase::Content);
    assert_eq!(attempt.facts().first_content, None);
    assert_eq!(one(ledger.lines()).first_content_ms, None);
}

#[tokio::test(start_paused = true)]
async fn times_are_counted_from_the_dispatch() {
    let ledger = Memory::new();
    let (request, attempt, _) = ask(endpoint(Dialect::Anthropic, Some(PRICE)));
    let service = CostLayer::new(ledger.clone()).layer(service_fn(|_: Request<Body>| async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        Ok::<_, BoxError>(stream(&EVENTS, false, false))
    }));
    let mut body = service.oneshot(request).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    assert_eq!(attempt.facts().first_content, None);
    tokio::time::sleep(Duration::from_millis(200)).await;
    body.frame().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    body.collect().await.unwrap();
    let line = one(ledger.lines());
    assert_eq!(
        (line.first_content_ms, line.duration_ms),
        (Some(500), 1_500)
    );
    assert_eq!(
        attempt.facts().first_content,
        Some(Duration::from_millis(500))
    );
}
