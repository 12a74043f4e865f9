//! What the OpenAI dialect refuses, and how.

use crate::common::{ask, post, read, send};
use http::{Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use tower::ServiceExt;
use towerman_sim::{Dialect, Model, Sim};

#[tokio::test]
async fn bad_requests_get_the_real_errors() {
    let sim = Sim::openai("alpha")
        .model(Model::new("m").context_window(100))
        .build();
    let user = json!([{"role": "user", "content": "hi"}]);
    let cases = [
        (json!({"messages": user}), 400, Value::Null),
        (
            json!({"model": "m"}),
            400,
            json!("missing_required_parameter"),
        ),
        (
            json!({"model": "m", "messages": []}),
            400,
            json!("empty_array"),
        ),
        (
            json!({"model": "x", "messages": user}),
            404,
            json!("model_not_found"),
        ),
        (
            json!({"model": 1, "messages": user}),
            400,
            json!("invalid_type"),
        ),
        (
            json!({"model": "m", "messages": user, "max_tokens": 0}),
            400,
            json!("integer_below_min_value"),
        ),
        (
            json!({"model": "m", "messages": user, "stop": ["1", "2", "3", "4", "5"]}),
            400,
            json!("array_above_max_length"),
        ),
        (
            json!({"model": "m", "messages": user, "stream_options": {}}),
            400,
            Value::Null,
        ),
        (
            json!({"model": "m", "messages": user, "tool_choice": "auto"}),
            400,
            Value::Null,
        ),
        (
            json!({"model": "m", "messages": [{"role": "robot", "content": "hi"}]}),
            400,
            json!("invalid_value"),
        ),
        (
            json!({"model": "m", "messages": [{"role": "user"}]}),
            400,
            json!("missing_required_parameter"),
        ),
        (
            json!({"model": "m", "messages": [{"role": "tool", "content": "x", "tool_call_id": "c"}]}),
            400,
            Value::Null,
        ),
        (
            ask(&"x".repeat(400), false),
            400,
            json!("context_length_exceeded"),
        ),
    ];
    for (body, status, code) in cases {
        let reply = send(&sim, &body).await;
        let error = &reply.json()["error"];
        assert_eq!(
            (reply.status.as_u16(), &error["code"]),
            (status, &code),
            "{body} {error}"
        );
        assert_eq!(error["type"], "invalid_request_error");
        assert!(!error["message"].as_str().unwrap().is_empty());
        assert!(error.get("param").is_some());
    }
    let bad = post(Dialect::OpenAi, "http://sim", &Value::Null).map(|_| Full::from("{"));
    assert_eq!(
        read(sim.service().oneshot(bad).await.unwrap()).await.status,
        400
    );
    assert_eq!((sim.book().totals().lines, sim.book().requests()), (0, 14));
}

#[tokio::test]
async fn routes_keys_and_models() {
    let sim = Sim::openai("alpha")
        .key("sk-test")
        .model(Model::new("a"))
        .model(Model::new("b"))
        .build();
    let call = |method: &str, path: &str, key: Option<&str>| {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://sim{path}"));
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let request = request.body(Full::<bytes::Bytes>::default()).unwrap();
        let service = sim.service();
        async move { read(service.oneshot(request).await.unwrap()).await }
    };
    let models = call("GET", "/v1/models", Some("sk-test")).await;
    assert_eq!(models.status, 200);
    assert_eq!(models.json()["object"], "list");
    assert_eq!(models.json()["data"][1]["id"], "b");
    let missing = call("GET", "/v1/models", None).await;
    assert_eq!(
        (missing.status, &missing.json()["error"]["code"]),
        (StatusCode::UNAUTHORIZED, &Value::Null)
    );
    let wrong = call("POST", "/v1/chat/completions", Some("sk-guess")).await;
    assert_eq!(
        (wrong.status.as_u16(), &wrong.json()["error"]["code"]),
        (401, &json!("invalid_api_key"))
    );
    assert!(!String::from_utf8_lossy(&wrong.bytes).contains("sk-guess"));
    assert_eq!(
        call("POST", "/v1/nothing", Some("sk-test")).await.status,
        404
    );
    assert_eq!(
        call("GET", "/v1/chat/completions", Some("sk-test"))
            .await
            .status,
        405
    );
    let received = sim.received();
    assert_eq!(
        received.iter().map(|r| r.authorized).collect::<Vec<_>>(),
        [true, false, false, true, true]
    );
    assert!(!format!("{received:?}").contains("sk-"));
}
