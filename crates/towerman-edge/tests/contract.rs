//! What the edge promises about readiness, clones, drops, and what clients hear.

use std::{
    convert::Infallible,
    future::pending,
    pin::pin,
    task::{Context, Waker},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
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
async fn a_request_of_no_dialect_passes_through_with_its_body() {
    let service = EdgeLayer::new().layer(service_fn(echo));
    let response = service
        .oneshot(ask("/my/own/path", "anything at all"))
        .await
        .unwrap();
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "anything at all"
    );
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
