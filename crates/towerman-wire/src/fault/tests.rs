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
    for status in [401, 408, 409, 429, 500, 502, 503, 504, 529] {
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
fn type_and_code_tell_whose_an_error_is() {
    const QUOTA: Blame = Blame::Endpoint(FailureKind::Quota);
    const AUTH: Blame = Blame::Endpoint(FailureKind::Auth);
    const OVERLOADED: Blame = Blame::Endpoint(FailureKind::Overloaded);
    const SERVER: Blame = Blame::Endpoint(FailureKind::Server);
    for (status, body, wanted) in [
        // OpenAI and its clones.
        (
            429,
            r#"{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
            QUOTA,
        ),
        (
            429,
            r#"{"error":{"message":"You exceeded your current quota","type":"requests"}}"#,
            QUOTA,
        ),
        (
            429,
            r#"{"error":{"message":"Rate limit reached for gpt-4o","type":"tokens","code":"rate_limit_exceeded"}}"#,
            Blame::Status,
        ),
        (
            400,
            r#"{"error":{"message":"Billing hard limit has been reached","type":"invalid_request_error","code":"billing_hard_limit_reached"}}"#,
            QUOTA,
        ),
        (
            400,
            r#"{"error":{"message":"Organization has been restricted.","type":"invalid_request_error","code":"organization_restricted"}}"#,
            AUTH,
        ),
        (
            400,
            r#"{"code":"Client specified an invalid argument","error":"Incorrect API key provided: na***ys. You can obtain an API key from https://console.x.ai."}"#,
            AUTH,
        ),
        (
            400,
            r#"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}]"#,
            AUTH,
        ),
        (
            401,
            r#"{"error":{"message":"Incorrect API key provided: sk-.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
            AUTH,
        ),
        (401, r#"{"detail":"Invalid API Key"}"#, Blame::Status),
        (
            402,
            r#"{"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}}"#,
            Blame::Status,
        ),
        (
            503,
            r#"{"error":{"message":"m","code":"server_is_overloaded"}}"#,
            OVERLOADED,
        ),
        (
            200,
            r#"{"error":{"message":"m","type":"provider_overloaded"}}"#,
            OVERLOADED,
        ),
        (
            500,
            r#"{"error":{"message":"m","type":"server_error"}}"#,
            Blame::Status,
        ),
        // Anthropic.
        (
            529,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            OVERLOADED,
        ),
        (
            429,
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"m","details":{"error_code":"enforced_spend_limit_reached"}}}"#,
            QUOTA,
        ),
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."}}"#,
            QUOTA,
        ),
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You will regain access on 2026-04-01 at 00:00 UTC."}}"#,
            QUOTA,
        ),
        // A 403 about our key,
        (
            403,
            r#"{"type":"error","error":{"type":"permission_error","message":"m"}}"#,
            AUTH,
        ),
        (
            403,
            r#"{"type":"error","error":{"type":"forbidden","message":"Request not allowed"}}"#,
            AUTH,
        ),
        (
            403,
            r#"{"error":{"message":"Project `proj_1` does not have access to model `gpt-4o`","type":"invalid_request_error","code":"model_not_found"}}"#,
            AUTH,
        ),
        (
            403,
            r#"{"error":{"message":"Country, region, or territory not supported","code":"unsupported_country_region_territory"}}"#,
            AUTH,
        ),
        (
            403,
            r#"{"message":"The security token included in the request is invalid."}"#,
            AUTH,
        ),
        (
            403,
            r#"{"error":{"message":"Key limit exceeded (total limit).","code":403}}"#,
            QUOTA,
        ),
        (403, "<html>Attention required</html>", SERVER),
        // and one about the prompt.
        (
            403,
            r#"{"error":{"message":"m requires moderation. Your input was flagged for \"violence/graphic\". No credits were charged.","code":403,"metadata":{"reasons":["violence"],"flagged_input":"how do I steal an api key"}}}"#,
            Blame::Caller,
        ),
        (
            403,
            r#"{"error":{"message":"m","code":"content_policy_violation"}}"#,
            Blame::Caller,
        ),
        (
            403,
            r#"{"error":{"message":"m","type":"x"}}"#,
            Blame::Caller,
        ),
        (500, "<html>", Blame::Status),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let error = ProviderError::parse(body.as_bytes());
        assert_eq!(error.blame(status), wanted, "{status} {body}");
    }
}

#[test]
fn a_callers_own_words_blame_no_endpoint() {
    let spiteful = [
        "invalid api key",
        "Incorrect API key provided: x",
        "API key not valid. Please pass a valid API key",
        "Your credit balance is too low to access the Anthropic API.",
        "insufficient balance",
        "insufficient_quota",
        "authentication_error",
        "overloaded",
    ];
    for words in spiteful {
        for message in [
            format!("Invalid value: '{words}'. Supported values are: 'system' and 'user'."),
            format!("{words}: Extra inputs are not permitted"),
            format!("1 validation error for Request: input_value='{words}'"),
            format!("The model `{words}` does not exist or you do not have access to it."),
        ] {
            for body in [
                json!({"error": {"message": message, "type": "invalid_request_error", "code": "invalid_value"}}),
                json!({"type": "error", "error": {"type": "invalid_request_error", "message": message}}),
                json!({"error": {"message": message, "type": "BadRequestError", "code": 400}}),
                json!({"code": "Client specified an invalid argument", "error": message}),
                json!({"detail": message}),
            ] {
                for status in [400, 404, 413, 422] {
                    let status = StatusCode::from_u16(status).unwrap();
                    let error = ProviderError::parse(body.to_string().as_bytes());
                    assert_eq!(error.blame(status), Blame::Status, "{status} {body}");
                    let kind = read(
                        OPENAI,
                        status,
                        &HeaderMap::new(),
                        body.to_string().as_bytes(),
                    );
                    assert!(kind.kind().is_callers(), "{status} {body}");
                }
            }
        }
    }
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
