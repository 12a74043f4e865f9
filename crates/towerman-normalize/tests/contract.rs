//! What normalize promises about readiness, clones, drops, and the bytes that pass.
#![allow(clippy::unwrap_used)]

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt, service_fn};
use towerman_core::{
    Attempt, Body, BoxError, Dialect, FailureKind, Fault, FaultKind, PolicyHandle, RouteContext,
    find,
    policy::{Draft, EndpointDraft, ProviderDraft, RouteDraft},
    testing::Contract,
};
use towerman_normalize::NormalizeLayer;
use towerman_wire::ask;

/// The two that need no doors of their own; the others have tests of theirs.
const CLASSIC: [Dialect; 2] = [Dialect::OpenAiChat, Dialect::Anthropic];

const CHAT: &str = r#"{ "messages":[{"role":"user","content":"hi"}],  "odd":[1, 2],"model":"chat" ,"stream":true}"#;

/// What Anthropic streams.
const EVENTS: &str = concat!(
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":5}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
);

/// A request of `client` dialect, on its way to an endpoint of `provider` dialect.
fn routed(
    client: Dialect,
    provider: ProviderDraft,
    body: &'static str,
) -> (Request<Body>, Arc<Attempt>) {
    let draft = Draft::new()
        .provider(provider)
        .endpoint(EndpointDraft {
            model: Some("theirs-1".into()),
            ..EndpointDraft::new("p/m")
        })
        .route(RouteDraft::new("chat", ["p/m"]));
    let policy = PolicyHandle::new(draft).unwrap().load();
    let body = Bytes::from_static(body.as_bytes());
    let ask = ask::read(client, &body).unwrap();
    let mut request = Request::new(Body::from(body));
    let attempt = RouteContext::edit(&mut request, |cx| {
        cx.set_ask(Arc::new(ask));
        cx.begin_attempt(Arc::clone(&policy.endpoints()[0]), 1)
    });
    (request, attempt)
}

async fn text(body: Body) -> String {
    String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned()
}

#[test]
fn it_keeps_the_contract_of_a_layer() {
    let layer = NormalizeLayer::new();
    let foreign = || Request::new(Body::empty());
    Contract::new(|inner| layer.layer(inner), foreign).check();
    for provider in CLASSIC {
        let ask = || {
            let provider = ProviderDraft::inner("p", provider);
            routed(Dialect::OpenAiChat, provider, CHAT).0
        };
        let (media, frames): (_, &[&str]) = match provider {
            Dialect::Anthropic => ("text/event-stream", &[EVENTS]),
            _ => (
                "text/event-stream",
                &["data: {\"choices\":[", "]}\n\ndata: [DONE]\n\n"],
            ),
        };
        let contract = Contract::new(|inner| layer.layer(inner), ask);
        contract.answer(media, frames).check();
        // A whole answer is put together before it is translated.
        let whole: &[&str] = match provider {
            Dialect::Anthropic => &[r#"{"type":"message","role":"assistant","content":["#, "]}"],
            _ => &["{", "}"],
        };
        let contract = Contract::new(|inner| layer.layer(inner), ask);
        contract.answer("application/json", whole).check();
    }
}

#[tokio::test]
async fn in_the_same_dialect_only_the_model_and_the_usage_option_change() {
    let sent = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&sent);
    let inner = service_fn(move |request: Request<Body>| {
        let seen = Arc::clone(&seen);
        async move {
            let body = text(request.into_body()).await;
            *seen.lock().unwrap() = body;
            Ok::<_, Infallible>(Response::new(Body::empty()))
        }
    });
    let provider = ProviderDraft::inner("p", Dialect::OpenAiChat);
    let (request, _) = routed(Dialect::OpenAiChat, provider, CHAT);
    NormalizeLayer::new()
        .layer(inner)
        .oneshot(request)
        .await
        .unwrap();
    let sent = sent.lock().unwrap().clone();
    let parsed: serde_json::Value = serde_json::from_str(&sent).unwrap();
    assert_eq!(parsed["model"], "theirs-1");
    assert_eq!(parsed["stream_options"]["include_usage"], true);
    let untouched = r#"{ "messages":[{"role":"user","content":"hi"}],  "odd":[1, 2],"model":"#;
    assert!(sent.starts_with(untouched), "{sent}");
}

/// What reaches an endpoint of `provider`'s dialect if a layer in between puts `body` in the place
/// of the one that was read.
async fn sent_instead(provider: Dialect, body: Body) -> Result<serde_json::Value, BoxError> {
    let sent = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&sent);
    let inner = service_fn(move |request: Request<Body>| {
        let seen = Arc::clone(&seen);
        async move {
            let body = text(request.into_body()).await;
            *seen.lock().unwrap() = body;
            Ok::<_, Infallible>(Response::new(Body::empty()))
        }
    });
    let provider = ProviderDraft::inner("p", provider);
    let (parts, _) = routed(Dialect::OpenAiChat, provider, CHAT).0.into_parts();
    let request = Request::from_parts(parts, body);
    NormalizeLayer::new().layer(inner).oneshot(request).await?;
    let sent = sent.lock().unwrap().clone();
    Ok(serde_json::from_str(&sent)?)
}

#[tokio::test]
async fn the_length_that_a_service_of_ones_own_is_told_is_true() {
    let inner = service_fn(|request: Request<Body>| async {
        let said = request.headers()["content-length"].to_str().unwrap();
        let said: usize = said.parse().unwrap();
        assert_eq!(said, text(request.into_body()).await.len());
        Ok::<_, Infallible>(Response::new(Body::empty()))
    });
    for dialect in CLASSIC {
        let provider = ProviderDraft::inner("p", dialect);
        let (mut request, _) = routed(Dialect::OpenAiChat, provider, CHAT);
        let length = CHAT.len().into();
        request.headers_mut().insert("content-length", length);
        let service = NormalizeLayer::new().layer(inner);
        service.oneshot(request).await.unwrap();
    }
}

#[tokio::test]
async fn a_body_in_pieces_is_renamed_and_translated_as_any_other() {
    for provider in CLASSIC {
        let pieces: Vec<Bytes> = CHAT.as_bytes().chunks(7).map(Bytes::from_static).collect();
        let sent = sent_instead(provider, Body::rope(pieces)).await.unwrap();
        assert_eq!(sent["model"], "theirs-1");
        assert_eq!(sent["max_tokens"].is_u64(), provider == Dialect::Anthropic);
    }
}

#[tokio::test]
async fn a_body_that_took_the_place_of_another_is_read_before_it_is_edited() {
    // The model where it was, and options that were not there.
    let other = format!("{},\"stream_options\":{{}}}}", &CHAT[..CHAT.len() - 1]);
    let sent = sent_instead(Dialect::OpenAiChat, other.into())
        .await
        .unwrap();
    assert_eq!(sent["model"], "theirs-1");
    assert_eq!(sent["stream_options"]["include_usage"], true);
    let shorter = r#"{"model":"chat","messages":[{"role":"user","content":"ho"}]}"#;
    let sent = sent_instead(Dialect::OpenAiChat, shorter.into())
        .await
        .unwrap();
    assert_eq!(sent["model"], "theirs-1");
    assert_eq!(sent.get("stream_options"), None);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_not_sent_as_it_is() {
    for body in [
        Body::stream(Body::from(CHAT)),
        Body::from("not JSON"),
        Body::empty(),
    ] {
        let error = sent_instead(Dialect::OpenAiChat, body).await.unwrap_err();
        let fault = find::<Fault>(error.as_ref()).unwrap();
        assert_eq!(fault.kind(), FaultKind::Internal);
    }
}

#[tokio::test]
async fn an_answer_of_the_same_dialect_is_byte_identical_and_its_usage_is_noted() {
    const ANSWER: &str = r#"{ "object":"chat.completion", "choices":[ {"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":3}} , "odd":1e3}"#;
    const BODY: &str = r#"{"messages":[{"role":"user","content":"hi"}],"model":"chat"}"#;
    let inner = service_fn(|_: Request<Body>| async {
        let response = Response::builder()
            .header("content-type", "application/json")
            .header("set-cookie", "a=b")
            .header("openai-organization", "ours");
        response.body(Body::from(ANSWER))
    });
    let provider = ProviderDraft::url("p", Dialect::OpenAiChat, "http://127.0.0.1:1");
    let (request, attempt) = routed(Dialect::OpenAiChat, provider, BODY);
    let response = NormalizeLayer::new()
        .layer(inner)
        .oneshot(request)
        .await
        .unwrap();
    let names: Vec<_> = response
        .headers()
        .keys()
        .map(http::HeaderName::as_str)
        .collect();
    assert_eq!(
        names,
        ["content-type"],
        "headers about our account stay here"
    );
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        ANSWER
    );
    let usage = attempt.facts().usage.unwrap();
    assert_eq!((usage.input, usage.cache_read, usage.output), (4, 3, 2));
}

#[tokio::test]
async fn another_dialects_stream_comes_back_in_the_clients() {
    let inner = service_fn(|request: Request<Body>| async {
        let sent: serde_json::Value =
            serde_json::from_str(&text(request.into_body()).await).unwrap();
        assert_eq!(sent["model"], "theirs-1");
        assert!(sent["max_tokens"].is_u64());
        let response = Response::builder().header("content-type", "text/event-stream");
        response.body(Body::from(EVENTS))
    });
    let (request, attempt) = routed(
        Dialect::OpenAiChat,
        ProviderDraft::inner("p", Dialect::Anthropic),
        CHAT,
    );
    let response = NormalizeLayer::new()
        .layer(inner)
        .oneshot(request)
        .await
        .unwrap();
    let out = response.into_body().collect().await.unwrap().to_bytes();
    let out = String::from_utf8_lossy(&out).into_owned();
    assert!(out.contains("\"content\":\"Hello\""), "{out}");
    assert!(out.contains("\"finish_reason\":\"stop\""), "{out}");
    assert!(out.ends_with("data: [DONE]\n\n"), "{out}");
    let usage = attempt.facts().usage.unwrap();
    assert_eq!(
        (usage.input, usage.output),
        (9, 5),
        "usage is what the provider said"
    );
}

#[tokio::test]
async fn a_chunk_that_nobody_asked_for_is_taken_out_whatever_the_media_type_looks_like() {
    const EVENTS: &str = concat!(
        "data: {\"choices\": [{\"delta\": {\"content\": \"x\"}}]}\r\n\r\n",
        "data: {\"choices\": [], \"usage\": {\"prompt_tokens\": 1}}\r\n\r\n",
        "data: [DONE]\r\n\r\n",
    );
    let inner = service_fn(|_: Request<Body>| async {
        let response =
            Response::builder().header("content-type", "Text/Event-Stream;charset=utf-8");
        response.body(Body::from(EVENTS))
    });
    let provider = ProviderDraft::inner("p", Dialect::OpenAiChat);
    let (request, attempt) = routed(Dialect::OpenAiChat, provider, CHAT);
    let response = NormalizeLayer::new()
        .layer(inner)
        .oneshot(request)
        .await
        .unwrap();
    let out = response.into_body().collect().await.unwrap().to_bytes();
    let out = String::from_utf8_lossy(&out).into_owned();
    assert!(out.contains("content") && !out.contains("usage"), "{out}");
    assert_eq!(attempt.facts().usage.unwrap().input, 1);
}

#[tokio::test]
async fn an_answer_without_end_is_not_kept_to_be_translated() {
    let inner = service_fn(|_: Request<Body>| async {
        let response = Response::builder().header("content-type", "application/json");
        response.body(Body::rope(vec![Bytes::from(vec![b' '; 1 << 20]); 33]))
    });
    let (request, attempt) = routed(
        Dialect::OpenAiChat,
        ProviderDraft::inner("p", Dialect::Anthropic),
        CHAT,
    );
    let response = NormalizeLayer::new()
        .layer(inner)
        .oneshot(request)
        .await
        .unwrap();
    let error = response.into_body().collect().await.unwrap_err();
    let fault = find::<Fault>(error.as_ref()).unwrap();
    assert_eq!(fault.kind(), FaultKind::BadGateway);
    assert!(fault.message().contains("limit"), "{fault}");
    assert_eq!(attempt.facts().failure, Some(FailureKind::Protocol));
}

/// What a client of dialect `client` gets of an error with this status, media type and body.
async fn refused(
    client: Dialect,
    provider: ProviderDraft,
    (status, media, body): (u16, &'static str, &'static str),
) -> Response<String> {
    let inner = service_fn(move |_: Request<Body>| async move {
        let response = Response::builder()
            .status(status)
            .header("content-type", media)
            .header("openai-organization", "ours");
        response.body(Body::from(body))
    });
    let chat = r#"{"model":"chat","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}"#;
    let (request, attempt) = routed(client, provider, chat);
    let response = NormalizeLayer::new()
        .layer(inner)
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!(response.status(), status);
    assert_eq!(attempt.facts().status, Some(response.status()));
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response::from_parts(parts, String::from_utf8_lossy(&body).into_owned())
}

fn remote(dialect: Dialect) -> ProviderDraft {
    ProviderDraft::url("p", dialect, "http://127.0.0.1:1")
}

#[tokio::test]
async fn an_error_page_is_told_in_the_clients_dialect() {
    for provider in CLASSIC {
        let page = (404, "text/html", "<html>404</html>");
        let answer = refused(Dialect::OpenAiChat, remote(provider), page).await;
        assert_eq!(answer.headers()["content-type"], "application/json");
        assert!(answer.body().contains("model_not_found"), "{answer:?}");
    }
}

#[tokio::test]
async fn the_words_of_an_error_fit_its_status() {
    const BUSY: &str = r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#;
    for client in CLASSIC {
        let busy = (409, "application/json", BUSY);
        let answer = refused(client, remote(Dialect::Anthropic), busy).await;
        assert!(
            answer.body().contains("invalid_request_error"),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn an_error_tells_what_is_wrong_and_nothing_of_our_account() {
    const ERROR: &str = r#"{"error":{"message":"theirs-1 takes no 'x' (org-7f, req_1)","type":"invalid_request_error","param":"x","code":"unsupported_value"},"org":"org-7f"}"#;
    let error = (400, "application/problem+json", ERROR);
    let answer = refused(Dialect::OpenAiChat, remote(Dialect::OpenAiChat), error).await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(
        answer.body(),
        r#"{"error":{"message":"chat takes no 'x' (***, ***)","type":"invalid_request_error","param":"x","code":"unsupported_value"}}"#
    );
    let answer = refused(Dialect::Anthropic, remote(Dialect::OpenAiChat), error).await;
    assert_eq!(
        answer.body(),
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"x: chat takes no 'x' (***, ***)"}}"#
    );
    // A service of one's own speaks for itself.
    let own = ProviderDraft::inner("p", Dialect::OpenAiChat);
    let answer = refused(Dialect::OpenAiChat, own, error).await;
    assert_eq!(answer.body(), ERROR);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn rate_limits_are_told_in_one_way_unless_that_is_forbidden() {
    let told = async |layer: NormalizeLayer, provider: ProviderDraft, status: u16| {
        let inner = service_fn(move |_: Request<Body>| async move {
            let response = Response::builder()
                .status(status)
                .header("content-type", "application/json")
                .header("anthropic-organization-id", "ours")
                .header("anthropic-ratelimit-input-tokens-limit", "2000")
                .header("anthropic-ratelimit-input-tokens-remaining", "0")
                .header("date", "Wed, 19 Aug 2026 14:35:00 GMT")
                .header(
                    "anthropic-ratelimit-input-tokens-reset",
                    "2026-08-19T14:35:01.5Z",
                );
            response.body(Body::from("{}"))
        });
        let (request, attempt) = routed(Dialect::OpenAiChat, provider, CHAT);
        let response = layer.layer(inner).oneshot(request).await.unwrap();
        // Noted for the layers around it, whoever else may hear of it.
        let limits = attempt.facts().limits.unwrap();
        assert_eq!(limits.input_tokens.unwrap().remaining, Some(0));
        let mut told: Vec<_> = response
            .headers()
            .iter()
            .filter(|(name, _)| name.as_str().contains("ratelimit"))
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        told.sort();
        told
    };
    let layer = NormalizeLayer::new();
    for status in [200, 429] {
        assert_eq!(
            told(layer, remote(Dialect::Anthropic), status).await,
            [
                "x-ratelimit-limit-input-tokens: 2000",
                "x-ratelimit-remaining-input-tokens: 0",
                "x-ratelimit-reset-input-tokens: 1.5s",
            ]
        );
        let silent = layer.tell_limits(false);
        assert!(
            told(silent, remote(Dialect::Anthropic), status)
                .await
                .is_empty()
        );
    }
    // A service of one's own keeps its head.
    let own = ProviderDraft::inner("p", Dialect::Anthropic);
    assert_eq!(told(layer, own, 200).await.len(), 3);
}
