//! What the edge promises about readiness, clones, drops, and what clients hear.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    convert::Infallible,
    future::pending,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, channel::Channel};
use tokio::time::{Instant, sleep};
use tower::{Layer, Service, ServiceExt, service_fn};
use towerman_core::{Body, BoxError, Fault, FaultKind, RouteContext, RouteReport, testing::Probe};
use towerman_edge::EdgeLayer;

const CHAT: &str = r#"{"model":"chat","messages":[{"role":"user","content":"hi"}]}"#;
const CLAUDE: &str =
    r#"{"model":"chat","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}"#;

fn ask(path: &str, body: &'static str) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::from(body));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = path.parse().unwrap_or_default();
    request
}

async fn echo(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    Ok(Response::new(request.into_body()))
}

async fn read<B>(response: Response<B>) -> serde_json::Value
where
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let bytes = response
        .into_body()
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes);
    serde_json::from_slice(&bytes.unwrap_or_default()).unwrap_or_default()
}

#[tokio::test]
async fn it_readies_the_clone_that_it_calls() {
    let (inner, watch) = Probe::new(echo);
    let mut service = EdgeLayer::new().layer(inner);
    for _ in 0..3 {
        let service = ServiceExt::<Request<Full<Bytes>>>::ready(&mut service)
            .await
            .unwrap();
        service
            .call(ask("/v1/chat/completions", CHAT))
            .await
            .unwrap();
    }
    assert_eq!((watch.calls(), watch.unready_calls()), (3, 0));
}

#[tokio::test]
async fn a_refusal_is_told_to_the_report_with_its_words_and_what_it_names() {
    let service = EdgeLayer::new().layer(service_fn(echo));
    let told = async |mut request: Request<Full<Bytes>>| {
        let report: RouteReport = RouteContext::edit(&mut request, |cx| cx.report().clone());
        service.clone().oneshot(request).await.unwrap();
        (report.fault(), report.why())
    };
    let mut get = ask("/v1/chat/completions", CHAT);
    *get.method_mut() = http::Method::GET;
    let (kind, why) = told(get).await;
    assert_eq!(kind, Some(FaultKind::MethodNotAllowed));
    assert_eq!(why, ["refused: this path takes POST requests only"]);

    let (kind, why) = told(ask("/v1/messages", "{\"model\":7}")).await;
    assert_eq!(kind, Some(FaultKind::InvalidRequest));
    assert_eq!(why, ["refused: model: must be a string (model)"]);
}

#[tokio::test]
async fn dropping_the_call_drops_the_inner_call_and_notes_that_the_client_left() {
    let (inner, watch) =
        Probe::new(|_: Request<Body>| pending::<Result<Response<Body>, Infallible>>());
    let service = EdgeLayer::new().layer(inner);
    let mut request = ask("/v1/chat/completions", CHAT);
    let report: RouteReport = RouteContext::edit(&mut request, |cx| cx.report().clone());
    {
        let mut call = pin!(service.oneshot(request));
        assert!(
            call.as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        assert_eq!(watch.in_flight(), 1);
    }
    assert_eq!(watch.dropped(), 1);
    assert_eq!(report.why(), ["the client left"]);
}

#[tokio::test]
async fn a_request_of_no_dialect_and_its_answer_pass_untouched() {
    async fn page(request: Request<Body>) -> Result<Response<Body>, Infallible> {
        assert!(RouteContext::of(&request).is_foreign());
        let mut response = Response::new(request.into_body());
        *response.status_mut() = StatusCode::NOT_FOUND;
        let headers = response.headers_mut();
        headers.insert("x-mine", http::HeaderValue::from_static("1"));
        Ok(response)
    }
    let service = EdgeLayer::new().max_in_flight(0).layer(service_fn(page));
    let response = service
        .oneshot(ask("/my/own/path", "anything at all"))
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let names: Vec<_> = response.headers().keys().collect();
    assert_eq!(names, ["x-mine"]);
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "anything at all"
    );
}

#[tokio::test]
async fn a_path_that_nobody_serves_is_told_in_the_dialect_that_its_headers_show() {
    let nothing = service_fn(|_: Request<Body>| async {
        let fault = Fault::new(FaultKind::NotFound, "nothing is served here");
        Err::<Response<Body>, BoxError>(fault.into())
    });
    let service = EdgeLayer::new().layer(nothing);
    let mut wrong = ask("/v1/message", CLAUDE);
    let version = http::HeaderValue::from_static("2023-06-01");
    wrong.headers_mut().insert("anthropic-version", version);
    let response = service.oneshot(wrong).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(response.headers().contains_key("x-request-id"));
    assert_eq!(read(response).await["error"]["type"], "not_found_error");
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_and_is_not_forwarded() {
    let (inner, watch) = Probe::new(echo);
    let service = EdgeLayer::new().max_body(20).layer(inner);
    let response = service
        .oneshot(ask("/v1/chat/completions", CHAT))
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(watch.calls(), 0);
}

#[tokio::test]
async fn faults_are_told_in_the_clients_dialect() {
    let refuse = service_fn(|_: Request<Body>| async {
        Err::<Response<Body>, BoxError>(
            Fault::new(FaultKind::NotFound, "no such model")
                .param("model")
                .into(),
        )
    });
    let service = EdgeLayer::new().layer(refuse);
    let openai = service
        .clone()
        .oneshot(ask("/v1/chat/completions", CHAT))
        .await
        .unwrap();
    assert_eq!(openai.status(), StatusCode::NOT_FOUND);
    assert!(openai.headers().contains_key("x-request-id"));
    let openai = read(openai).await;
    assert_eq!(openai["error"]["message"], "no such model");
    assert_eq!(openai["error"]["param"], "model");

    let anthropic = service.oneshot(ask("/v1/messages", CLAUDE)).await.unwrap();
    let anthropic = read(anthropic).await;
    assert_eq!(anthropic["type"], "error");
    assert_eq!(anthropic["error"]["type"], "not_found_error");
}

#[tokio::test]
async fn an_error_that_nobody_explained_does_not_leak() {
    let broken = service_fn(|_: Request<Body>| async {
        Err::<Response<Body>, BoxError>("key sk-secret at 10.0.0.1".into())
    });
    let response = EdgeLayer::new()
        .layer(broken)
        .oneshot(ask("/v1/chat/completions", CHAT))
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!read(response).await.to_string().contains("secret"));
}

#[tokio::test]
async fn a_panic_inside_is_one_500_in_the_clients_dialect() {
    let panics = service_fn(|_: Request<Body>| async {
        if true {
            std::panic::panic_any("boom");
        }
        Ok::<_, Infallible>(Response::new(Body::empty()))
    });
    let response = EdgeLayer::new()
        .layer(panics)
        .oneshot(ask("/v1/messages", CLAUDE))
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(read(response).await["type"], "error");
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_becomes_the_dialects_event() {
    let stream = service_fn(|_: Request<Body>| async {
        let frames = Body::stream(Breaks(false));
        let response = Response::builder()
            .header("content-type", "text/event-stream")
            .body(frames);
        Ok::<_, BoxError>(response?)
    });
    let service = EdgeLayer::new().layer(stream);
    let response = service.oneshot(ask("/v1/messages", CLAUDE)).await.unwrap();
    let text = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&text).into_owned();
    let (ping, error) = text.split_once("\n\n").unwrap();
    assert_eq!(ping, "event: ping");
    // Half an event before it would make it unreadable.
    assert!(error.starts_with("event: error\n"), "{text}");
    assert!(error.contains("broke off"), "{text}");
}

#[tokio::test]
async fn a_stream_that_ends_well_loses_no_byte() {
    const TEXT: &str = "data: 1\n\n: comment\ndata: 2\n\ndata: without an end";
    for size in 1..TEXT.len() {
        let stream = service_fn(move |_: Request<Body>| async move {
            let chunks = TEXT.as_bytes().chunks(size).map(Bytes::from_static);
            let frames = Body::rope(chunks.collect::<Vec<_>>());
            let response = Response::builder().header("content-type", "text/event-stream");
            Ok::<_, BoxError>(response.body(frames)?)
        });
        let service = EdgeLayer::new().layer(stream);
        let response = service.oneshot(ask("/v1/messages", CLAUDE)).await.unwrap();
        assert_eq!(
            response.into_body().collect().await.unwrap().to_bytes(),
            TEXT,
            "{size}"
        );
    }
}

#[tokio::test]
async fn an_event_stream_is_one_however_its_type_is_spelt() {
    let stream = service_fn(|_: Request<Body>| async {
        let response = Response::builder()
            .header("content-type", "Text/Event-Stream; charset=utf-8")
            .body(Body::stream(Breaks(false)));
        Ok::<_, BoxError>(response?)
    });
    let service = EdgeLayer::new().layer(stream);
    let response = service.oneshot(ask("/v1/messages", CLAUDE)).await.unwrap();
    let text = response.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&text).contains("event: error\n"));
}

/// A body of one frame, which panics if it is asked for more.
struct Panics(bool);

impl http_body::Body for Panics {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, BoxError>>> {
        if std::mem::replace(&mut self.0, true) {
            std::panic::panic_any("boom");
        }
        let ping = Bytes::from_static(b"event: ping\n\n");
        std::task::Poll::Ready(Some(Ok(http_body::Frame::data(ping))))
    }
}

fn panics(
    media_type: &'static str,
) -> impl Service<Request<Body>, Response = Response<Panics>, Error = BoxError, Future: Send> + Clone
{
    service_fn(move |_: Request<Body>| async move {
        let response = Response::builder().header("content-type", media_type);
        Ok::<_, BoxError>(response.body(Panics(false))?)
    })
}

#[tokio::test]
async fn a_panic_in_the_middle_of_a_stream_becomes_the_dialects_event() {
    let service = EdgeLayer::new().layer(panics("text/event-stream"));
    let response = service.oneshot(ask("/v1/messages", CLAUDE)).await.unwrap();
    let mut body = response.into_body();
    assert!(body.frame().await.unwrap().is_ok());
    let event = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(event.starts_with(b"event: error\n"), "{event:?}");
    assert!(http_body::Body::is_end_stream(&body));
    assert!(body.frame().await.is_none(), "it must not be polled again");
}

#[tokio::test]
async fn a_panic_in_the_middle_of_a_whole_answer_breaks_it_off() {
    for path in ["/v1/messages", "/my/own/path"] {
        let service = EdgeLayer::new().layer(panics("application/json"));
        let mut body = service
            .oneshot(ask(path, CLAUDE))
            .await
            .unwrap()
            .into_body();
        assert!(body.frame().await.unwrap().is_ok());
        assert!(body.frame().await.unwrap().is_err());
        assert!(body.frame().await.is_none(), "it must not be polled again");
    }
}

// --- limits ---

/// A request body that comes in a hundred pieces over `time`, and then may not end.
fn slow(bytes: usize, time: Duration, ends: bool) -> Body {
    let text = format!("{CHAT}{}", " ".repeat(bytes - CHAT.len())).into_bytes();
    let (mut sender, body) = Channel::<Bytes, BoxError>::new(1);
    tokio::spawn(async move {
        for piece in text.chunks(bytes.div_ceil(100)) {
            sleep(time / 100).await;
            if sender.send_data(piece.to_vec().into()).await.is_err() {
                return;
            }
        }
        if !ends {
            pending::<()>().await;
        }
    });
    Body::stream(body)
}

fn upload(path: &str, body: Body) -> Request<Body> {
    Request::post(path).body(body).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_408_and_is_not_forwarded() {
    let (inner, watch) = Probe::new(echo);
    let service = EdgeLayer::new().layer(inner);
    let second = Duration::from_secs(1);
    let kib = 1024;
    for (body, after) in [
        // A byte a second is given up as soon as the grace is over.
        (slow(100, 100 * second, true), 10),
        // What came well and then stopped has the time that its bytes are worth.
        (slow(30 * kib, second, false), 30),
        // What is fast enough may take a minute, and no more.
        (slow(100 * kib, 90 * second, true), 60),
    ] {
        let began = Instant::now();
        let request = upload("/v1/messages", body);
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(began.elapsed().as_secs(), after);
        assert_eq!(read(response).await["type"], "error");
    }
    assert_eq!(watch.calls(), 0);
    let request = upload("/v1/chat/completions", slow(64 * kib, 50 * second, true));
    let response = service.oneshot(request).await.unwrap();
    assert_eq!((response.status(), watch.calls()), (StatusCode::OK, 1));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_while_it_uploads_has_a_name_in_the_report() {
    let service = EdgeLayer::new().layer(service_fn(echo));
    let mut request = upload("/v1/messages", slow(200, Duration::from_secs(9), true));
    let report = RouteContext::edit(&mut request, |cx| cx.report().clone());
    let late = tokio::time::timeout(Duration::from_secs(1), service.oneshot(request)).await;
    assert!(late.is_err());
    assert!(report.context().unwrap().request_id().is_some());
    assert_eq!(report.why(), ["the client left"]);
}

#[tokio::test]
async fn one_request_too_many_is_503_in_its_dialect_until_an_answer_has_ended() {
    let (inner, watch) = Probe::new(|_: Request<Body>| async {
        Ok::<_, Infallible>(Response::new(Body::from("an answer")))
    });
    let layer = EdgeLayer::new().max_in_flight(2);
    let one = layer.layer(inner.clone());
    let other = layer.clone().layer(inner);
    let chat = || ask("/v1/chat/completions", CHAT);
    let mut held = one.clone().oneshot(chat()).await.unwrap().into_body();
    let dropped = other.clone().oneshot(chat()).await.unwrap();

    // Their heads are here, but not their ends.
    let full = one.clone().oneshot(chat()).await.unwrap();
    assert_eq!(full.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(full.headers()["retry-after"], "1");
    let report = full.extensions().get::<RouteReport>().unwrap();
    assert_eq!(report.fault(), Some(FaultKind::Unavailable));
    assert!(report.context().unwrap().request_id().is_some());
    assert_eq!(read(full).await["error"]["code"], "service_unavailable");
    let full = other
        .clone()
        .oneshot(ask("/v1/messages", CLAUDE))
        .await
        .unwrap();
    assert_eq!(read(full).await["error"]["type"], "overloaded_error");
    assert_eq!(watch.calls(), 2);

    // One is read to its end and kept, the other dropped unread.
    assert!(held.frame().await.unwrap().is_ok());
    drop(dropped);
    let both = [one, other].map(|service| service.oneshot(chat()));
    let mut fine = Vec::new();
    for answer in both {
        fine.push(answer.await.unwrap());
    }
    assert!(fine.iter().all(|answer| answer.status() == StatusCode::OK));
    assert!(held.frame().await.is_none());
}

// --- logs ---

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn what_is_logged_while_a_request_is_served_names_it() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _installed = tracing::subscriber::set_default(subscriber);
    let service = EdgeLayer::new().layer(service_fn(|_: Request<Body>| async {
        tracing::info!("in the call");
        let response = Response::builder().header("content-type", "text/event-stream");
        Ok::<_, BoxError>(response.body(Panics(false))?)
    }));
    for (path, id) in [("/v1/messages", "mine-1"), ("/my/own/path", "mine-2")] {
        let mut request = ask(path, CLAUDE);
        let name = http::HeaderValue::from_static(id);
        request.headers_mut().insert("x-request-id", name);
        let response = service.clone().oneshot(request).await.unwrap();
        let _ = response.into_body().collect().await;
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines.len(), 4, "{log}");
    for line in &lines[..2] {
        assert!(line.contains(r#"request{request_id="mine-1"}"#), "{log}");
    }
    // A foreign request's logs are its owner's.
    for line in &lines[2..] {
        assert!(!line.contains("request{"), "{log}");
    }
}

/// A body of one frame and then an error.
struct Breaks(bool);

impl http_body::Body for Breaks {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, BoxError>>> {
        let began = std::mem::replace(&mut self.0, true);
        std::task::Poll::Ready(Some(if began {
            Err(Fault::new(FaultKind::BadGateway, "the provider broke off").into())
        } else {
            Ok(http_body::Frame::data(Bytes::from_static(
                b"event: ping\n\nevent: half\ndata: {",
            )))
        }))
    }
}

#[tokio::test]
async fn a_hostile_request_id_is_replaced_and_a_good_one_kept() {
    let service = EdgeLayer::new().layer(service_fn(echo));
    let mut good = ask("/v1/chat/completions", CHAT);
    good.headers_mut()
        .insert("x-request-id", "mine-1".parse().unwrap());
    let response = service.clone().oneshot(good).await.unwrap();
    assert_eq!(response.headers()["x-request-id"], "mine-1");

    let mut bad = ask("/v1/chat/completions", CHAT);
    bad.headers_mut().insert(
        "x-request-id",
        "a b\u{7f}"
            .parse()
            .unwrap_or(http::HeaderValue::from_static("a b")),
    );
    let response = service.oneshot(bad).await.unwrap();
    assert!(
        response.headers()["x-request-id"]
            .to_str()
            .unwrap()
            .starts_with("req-")
    );
}
