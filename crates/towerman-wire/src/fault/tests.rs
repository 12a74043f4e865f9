use serde_json::{Value, json};
use towerman_core::FaultKind;

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
    let body = body.to_string();
    let refused = refused(dialect, status, body.as_bytes());
    ProviderError::parse(refused.body).fault(&refused, "chat")
}

fn class(status: u16, body: &Value) -> FaultKind {
    let body = body.to_string();
    ProviderError::parse(body.as_bytes()).kind(StatusCode::from_u16(status).unwrap())
}

fn refused(dialect: Dialect, status: u16, body: &[u8]) -> Refused<'_> {
    Refused {
        dialect,
        status: StatusCode::from_u16(status).unwrap(),
        body,
        model: "theirs-1",
    }
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
    let told = relay(&refused(ANTHROPIC, 404, b"{}"), OPENAI, "chat");
    assert_eq!(json(&told)["error"]["code"], "model_not_found");
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
        let mut framer = crate::sse::Framer::new();
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
        (403, openai("x", "y"), Permission),
        (403, openai("permission_error", "y"), BadGateway),
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
            json!({"code": "invalid-argument", "error": "Incorrect API key provided: x. \
                You can obtain an API key from https://console.x.ai."}),
            BadGateway,
        ),
        (
            400,
            json!([{"error": {"code": 400, "message": "The input token count (9) exceeds"}}]),
            ContextLength,
        ),
    ] {
        assert_eq!(class(status, &body), wanted, "{status} {body}");
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
            anthropic("billing_error", "Your credit balance is too low"),
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
        assert_eq!(class(status, &body), wanted, "{status} {body}");
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
    assert_eq!(
        words(409, "busy").message(),
        "The provider refused the request."
    );
    for status in [401, 408, 409, 429, 500, 502, 503, 504, 529] {
        let fault = words(status, "secret-host.internal");
        assert!(!fault.message().contains("secret"), "{status}");
        assert_eq!(fault.named_param(), None);
    }
    for (message, told) in [
        ("org-1 may not (req_2), sk-3", "*** may not (***), ***"),
        ("a task-1 is kept", "a task-1 is kept"),
        (
            "Your Organization must",
            "The provider refused the request as invalid.",
        ),
        ("no theirs-1, theirs-10", "no chat, theirs-10"),
        ("`theirs-1`", "`chat`"),
    ] {
        assert_eq!(words(400, message).message(), told);
    }
    assert_eq!(words(400, &"é".repeat(9000)).message().chars().count(), 512);
    assert_eq!(words(400, "a\r\nb\u{1b}[0m").message(), "ab[0m");
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
        for dialect in [OPENAI, ANTHROPIC] {
            let told = relay(&refused(ANTHROPIC, 400, body), dialect, "chat");
            assert_eq!(json(&told)["error"]["type"], "invalid_request_error");
        }
    }
}

#[test]
fn a_mistake_of_the_callers_keeps_its_type_and_code_in_its_own_dialect() {
    let openai = json!({"error": {"message": "m", "type": "invalid_request_error",
        "param": "messages[0].role", "code": "unsupported_value", "secret": "x"}, "id": "req_1"});
    let body = openai.to_string();
    let refused_openai = refused(OPENAI, 400, body.as_bytes());
    assert_eq!(
        json(&relay(&refused_openai, OPENAI, "chat")),
        json!({"error": {"message": "m", "type": "invalid_request_error",
            "param": "messages[0].role", "code": "unsupported_value"}})
    );
    assert_eq!(
        json(&relay(&refused_openai, ANTHROPIC, "chat"))["error"],
        json!({"type": "invalid_request_error", "message": "messages[0].role: m"})
    );
    let anthropic = json!({"type": "error", "request_id": "req_1",
        "error": {"type": "not_found_error", "message": "model: theirs-1"}});
    let body = anthropic.to_string();
    assert_eq!(
        json(&relay(
            &refused(ANTHROPIC, 404, body.as_bytes()),
            ANTHROPIC,
            "chat"
        )),
        json!({"type": "error", "error": {"type": "not_found_error", "message": "model: chat"}})
    );
    // Ours, and what no program looks for.
    for (status, kind, code, wanted) in [
        (
            401,
            json!("invalid_request_error"),
            json!("invalid_api_key"),
            json!("bad_gateway"),
        ),
        (
            429,
            json!("tokens"),
            json!("x"),
            json!("rate_limit_exceeded"),
        ),
        (
            404,
            json!("Not found, sorry"),
            json!(404),
            json!("model_not_found"),
        ),
        (400, json!(null), json!(null), json!(null)),
    ] {
        let body = json!({"error": {"message": "m", "type": kind, "code": code}}).to_string();
        let told = json(&relay(
            &refused(OPENAI, status, body.as_bytes()),
            OPENAI,
            "chat",
        ));
        assert_eq!(told["error"]["code"], wanted, "{body}");
        assert!(told["error"]["type"].as_str().unwrap().ends_with("_error"));
    }
}
