use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use towerman_core::FailureKind;

use super::*;

const OPENAI: Dialect = Dialect::OpenAiChat;
const ANTHROPIC: Dialect = Dialect::Anthropic;

const KINDS: [FaultKind; 14] = [
    FaultKind::InvalidRequest,
    FaultKind::ContextLength,
    FaultKind::Authentication,
    FaultKind::Permission,
    FaultKind::NotFound,
    FaultKind::MethodNotAllowed,
    FaultKind::RequestTimeout,
    FaultKind::TooLarge,
    FaultKind::UnsupportedMediaType,
    FaultKind::RateLimited,
    FaultKind::Internal,
    FaultKind::BadGateway,
    FaultKind::Unavailable,
    FaultKind::Timeout,
];

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn provider(dialect: Dialect, status: u16, body: &Value) -> Fault {
    let status = StatusCode::from_u16(status).unwrap();
    read(
        dialect,
        status,
        &HeaderMap::new(),
        body.to_string().as_bytes(),
    )
}

#[test]
fn openai_clients_get_their_error_object() {
    let fault = Fault::new(FaultKind::NotFound, "no \"x\"").param("model");
    let (status, body) = render(OPENAI, &fault, Some("r1"));
    assert_eq!(status, 404);
    assert_eq!(
        json(&body),
        json!({"error": {"message": "no \"x\"", "type": "invalid_request_error",
            "param": "model", "code": "model_not_found"}})
    );
}

#[test]
fn anthropic_clients_get_their_error_object() {
    let fault = Fault::new(FaultKind::InvalidRequest, "must be an array").param("messages");
    let (status, body) = render(ANTHROPIC, &fault, Some("r1"));
    assert_eq!(status, 400);
    assert_eq!(
        json(&body),
        json!({"type": "error", "request_id": "r1", "error": {
            "type": "invalid_request_error", "message": "messages: must be an array"}})
    );
    let (status, body) = render(ANTHROPIC, &Fault::new(FaultKind::Unavailable, "full"), None);
    assert_eq!(status.as_u16(), 529);
    assert_eq!(json(&body)["error"]["type"], "overloaded_error");
    assert!(json(&body).get("request_id").is_none());
}

#[test]
fn a_path_that_is_not_there_is_no_model_that_is_not_there() {
    let code = |fault: &Fault| json(&render(OPENAI, fault, None).1)["error"]["code"].clone();
    assert_eq!(code(&Fault::new(FaultKind::NotFound, "m")), "unknown_url");
    let theirs = provider(ANTHROPIC, 404, &json!({}));
    assert_eq!(code(&theirs), "model_not_found");
}

#[test]
fn every_kind_has_a_type_that_fits_its_status() {
    for kind in KINDS {
        let fault = Fault::new(kind, "m");
        let (status, body) = render(OPENAI, &fault, None);
        let wanted = match status.as_u16() {
            429 => "rate_limit_error",
            500.. => "server_error",
            _ => "invalid_request_error",
        };
        assert_eq!(json(&body)["error"]["type"], wanted, "{kind:?}");
        let (status, body) = render(ANTHROPIC, &fault, None);
        let wanted = match status.as_u16() {
            401 => "authentication_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            500 | 502 => "api_error",
            504 => "timeout_error",
            529 => "overloaded_error",
            _ => "invalid_request_error",
        };
        assert_eq!(json(&body)["error"]["type"], wanted, "{kind:?}");
    }
}

#[test]
fn an_error_event_is_one_event_and_ends_without_a_terminator() {
    let fault = Fault::new(FaultKind::BadGateway, "line\nbreak");
    for (dialect, name) in [(OPENAI, None), (ANTHROPIC, Some(&b"error"[..]))] {
        let bytes = event(dialect, &fault, None);
        let mut events = 0;
        let mut framer = sse::Framer::new();
        framer
            .push(&bytes, |event| {
                events += 1;
                assert_eq!(event.name, name);
                assert_eq!(json(event.data)["error"]["message"], "line\nbreak");
            })
            .unwrap();
        assert_eq!(events, 1);
    }
}

#[test]
fn status_and_code_decide_the_class() {
    use FaultKind::*;
    let openai =
        |kind: &str, code: &str| json!({"error": {"message": "m", "type": kind, "code": code}});
    let anthropic = |kind: &str, message: &str| json!({"type": "error", "error": {"type": kind, "message": message}});
    for (status, body, wanted) in [
        (
            400,
            openai("invalid_request_error", "context_length_exceeded"),
            ContextLength,
        ),
        (
            400,
            openai("invalid_request_error", "invalid_value"),
            InvalidRequest,
        ),
        (422, json!({"detail": "bad"}), InvalidRequest),
        (
            401,
            openai("invalid_request_error", "invalid_api_key"),
            BadGateway,
        ),
        (403, openai("x", "y"), BadGateway),
        (402, json!({}), Unavailable),
        (
            429,
            openai("insufficient_quota", "insufficient_quota"),
            Unavailable,
        ),
        (429, openai("tokens", "rate_limit_exceeded"), RateLimited),
        (
            404,
            openai("invalid_request_error", "model_not_found"),
            NotFound,
        ),
        (408, json!({}), Timeout),
        (409, json!({}), Unavailable),
        (413, json!({}), TooLarge),
        (424, json!({}), BadGateway),
        (500, json!({}), BadGateway),
        (502, openai("", "provider_overloaded"), Unavailable),
        (503, json!(null), Unavailable),
        (504, json!({}), Timeout),
        (302, json!({}), BadGateway),
        (
            400,
            json!({"code": "invalid-argument", "error": "Incorrect API key provided: x"}),
            BadGateway,
        ),
        (
            400,
            json!([{"error": {"code": 400, "message": "The input token count (9) exceeds"}}]),
            ContextLength,
        ),
    ] {
        assert_eq!(
            provider(OPENAI, status, &body).kind(),
            wanted,
            "{status} {body}"
        );
    }
    for (status, body, wanted) in [
        (
            400,
            anthropic(
                "invalid_request_error",
                "prompt is too long: 9 tokens > 8 maximum",
            ),
            ContextLength,
        ),
        (
            400,
            anthropic("invalid_request_error", "Your credit balance is too low"),
            Unavailable,
        ),
        (
            529,
            anthropic("overloaded_error", "Overloaded"),
            Unavailable,
        ),
        (412, anthropic("invalid_request_error", "m"), InvalidRequest),
        (500, anthropic("api_error", "m"), BadGateway),
    ] {
        assert_eq!(
            provider(ANTHROPIC, status, &body).kind(),
            wanted,
            "{status} {body}"
        );
    }
}

#[test]
fn only_callers_mistakes_keep_the_providers_words() {
    let words = |status, message: &str| {
        let body = json!({"error": {"message": message, "param": "messages[3]"}});
        provider(OPENAI, status, &body)
    };
    let fault = words(400, "Invalid 'messages[3]'.");
    assert_eq!(fault.message(), "Invalid 'messages[3]'.");
    assert_eq!(fault.named_param(), Some("messages[3]"));
    for status in [401, 403, 408, 409, 429, 500, 502, 503, 504, 529] {
        let fault = words(status, "secret-host.internal");
        assert!(!fault.message().contains("secret"), "{status}");
        assert_eq!(fault.named_param(), None);
    }
    for message in ["bad key sk-abc", "org-1 may not", "Your Organization must"] {
        assert!(!words(400, message).message().contains(message));
    }
    assert_eq!(words(400, &"é".repeat(9000)).message().chars().count(), 512);
    assert_eq!(words(400, "a\r\nb\u{1b}[0m").message(), "ab[0m");
}

#[test]
fn a_delay_is_kept_where_it_means_something() {
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", HeaderValue::from_static("7"));
    for (status, wanted) in [(429, Some(7)), (503, Some(7)), (400, None), (404, None)] {
        let status = StatusCode::from_u16(status).unwrap();
        let fault = read(OPENAI, status, &headers, b"<html>");
        assert_eq!(fault.delay(), wanted.map(Duration::from_secs), "{status}");
    }
}

#[test]
fn a_body_says_more_than_its_status() {
    let failure = |body: &str| ProviderError::parse(body.as_bytes()).failure();
    assert_eq!(
        failure(r#"{"error":{"code":"insufficient_quota"}}"#),
        Some(FailureKind::Quota)
    );
    assert_eq!(
        failure(r#"{"error":{"type":"overloaded_error"}}"#),
        Some(FailureKind::Overloaded)
    );
    assert_eq!(failure(r#"{"error":{"code":"rate_limit_exceeded"}}"#), None);
    assert_eq!(failure("<html>"), None);
}

#[test]
fn any_bytes_make_a_fault() {
    for body in [
        &b""[..],
        b"\xff",
        b"[]",
        b"[[]]",
        b"{\"error\":[]}",
        b"{\"error\":null}",
        b"7",
    ] {
        let fault = read(ANTHROPIC, StatusCode::BAD_REQUEST, &HeaderMap::new(), body);
        assert_eq!(fault.kind(), FaultKind::InvalidRequest);
    }
}
