//! What the Anthropic dialect refuses, and how.

use crate::common::{ask, post, read, send};
use http::{HeaderValue, Request};
use http_body_util::Full;
use serde_json::json;
use tower::ServiceExt;
use towerman_sim::{Dialect, Model, Sim};

#[tokio::test]
async fn bad_requests_get_the_real_errors() {
    let sim = Sim::anthropic("beta")
        .model(Model::new("m").context_window(100))
        .build();
    let user = json!([{"role": "user", "content": "hi"}]);
    let marked = json!({"type": "text", "text": "t", "cache_control": {"type": "ephemeral"}});
    let hour =
        json!({"type": "text", "text": "t", "cache_control": {"type": "ephemeral", "ttl": "1h"}});
    let cases = [
        (
            json!({"model": "m", "messages": user}),
            400,
            "max_tokens: Field required",
        ),
        (
            json!({"max_tokens": 5, "messages": user}),
            400,
            "model: Field required",
        ),
        (
            json!({"model": "m", "max_tokens": 5}),
            400,
            "messages: Field required",
        ),
        (
            json!({"model": "m", "max_tokens": 5, "messages": []}),
            400,
            "messages: at least one message",
        ),
        (
            json!({"model": "x", "max_tokens": 5, "messages": user}),
            404,
            "model: x",
        ),
        (
            json!({"model": "m", "max_tokens": 5, "messages": user, "n": 2}),
            400,
            "n: Extra inputs are not permitted",
        ),
        (
            json!({"model": "m", "max_tokens": 5, "messages": [{"role": "tool", "content": "x"}]}),
            400,
            "messages.0.role",
        ),
        (
            json!({"model": "m", "max_tokens": 5, "messages": user, "system": vec![marked.clone(); 5]}),
            400,
            "A maximum of 4",
        ),
        (
            json!({"model": "m", "max_tokens": 5, "messages": user, "system": [marked, hour]}),
            400,
            "a ttl='1h'",
        ),
        (
            json!({"model": "m", "max_tokens": 5, "messages": user, "tool_choice": {"type": "any"}}),
            400,
            "tool_choice",
        ),
        (
            ask(&"x".repeat(400), false),
            400,
            "prompt is too long: 104 tokens > 100 maximum",
        ),
    ];
    for (body, status, message) in cases {
        let reply = send(&sim, &body).await;
        let error = reply.json();
        assert_eq!(
            (reply.status.as_u16(), &error["type"]),
            (status, &json!("error")),
            "{body} {error}"
        );
        assert_eq!(error["request_id"], reply.header("request-id"));
        assert_eq!(
            error["error"]["type"],
            if status == 404 {
                "not_found_error"
            } else {
                "invalid_request_error"
            }
        );
        assert!(
            error["error"]["message"]
                .as_str()
                .unwrap()
                .starts_with(message),
            "{error}"
        );
        assert_eq!(reply.header("x-should-retry"), "false");
    }
    let lenient = Sim::anthropic("beta").accept_unknown_fields().build();
    let mut body = ask("hi", false);
    body["n"] = json!(2);
    assert_eq!(send(&lenient, &body).await.status, 200);
}

#[tokio::test]
async fn versions_and_keys() {
    let sim = Sim::anthropic("beta").key("sk-ant").build();
    let call = |edit: fn(&mut Request<Full<bytes::Bytes>>)| {
        let mut body = ask("hi", false);
        body["temperature"] = json!(1);
        let mut request = post(Dialect::Anthropic, "http://sim", &body);
        request
            .headers_mut()
            .insert("x-api-key", HeaderValue::from_static("sk-ant"));
        edit(&mut request);
        let service = sim.service();
        async move {
            read(service.oneshot(request).await.unwrap())
                .await
                .status
                .as_u16()
        }
    };
    assert_eq!(call(|_| {}).await, 200);
    assert_eq!(
        call(|r| {
            r.headers_mut().remove("anthropic-version");
        })
        .await,
        400
    );
    assert_eq!(
        call(|r| {
            r.headers_mut()
                .insert("anthropic-version", HeaderValue::from_static("2026-10-21"));
        })
        .await,
        400
    );
    assert_eq!(
        call(|r| {
            r.headers_mut().remove("x-api-key");
        })
        .await,
        401
    );
    assert_eq!(
        call(|r| {
            r.headers_mut()
                .insert("x-api-key", HeaderValue::from_static("no"));
        })
        .await,
        401
    );
    assert_eq!(
        call(|r| {
            r.headers_mut().remove("x-api-key");
            r.headers_mut()
                .insert("authorization", HeaderValue::from_static("Bearer sk-ant"));
        })
        .await,
        200
    );
    // With both, x-api-key counts.
    assert_eq!(
        call(|r| {
            r.headers_mut()
                .insert("authorization", HeaderValue::from_static("Bearer no"));
        })
        .await,
        200
    );
    assert_eq!(
        call(|r| *r.uri_mut() = "http://sim/v1/complete".parse().unwrap()).await,
        404
    );
    assert_eq!(call(|r| *r.method_mut() = http::Method::GET).await, 405);
    let models = call(|r| {
        *r.uri_mut() = "http://sim/v1/models".parse().unwrap();
        *r.method_mut() = http::Method::GET;
    });
    assert_eq!(models.await, 200);
}
