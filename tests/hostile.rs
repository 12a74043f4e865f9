//! Bad input: a precise 4xx in the caller's dialect, counted, never forwarded.
#![allow(clippy::unwrap_used)]

use http::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use towerman::core::{
    Dialect, Priority,
    policy::{Draft, ProviderDraft, RouteDraft, TenantDraft},
};
use towerman_sim::{Sim, SimServer};
use towerman_tests::{Answer, Gateway, post, send};

const JSON: (&str, &str) = ("content-type", "application/json");

async fn gateway(tenants: &[(&str, &str, Priority)]) -> (Gateway, Sim, SimServer) {
    let sim = Sim::openai("p").build();
    let server = sim.serve().await.unwrap();
    let mut draft = Draft::new()
        .provider(ProviderDraft::url(
            "p",
            Dialect::OpenAiChat,
            server.base_url(),
        ))
        .route(RouteDraft::new("chat", ["p/m"]))
        .route(RouteDraft::new("secret-route", ["p/n"]));
    for (name, key, ceiling) in tenants {
        draft = draft.tenant(TenantDraft {
            name: (*name).into(),
            keys: vec![Sha256::digest(key).into()],
            priority: Priority::Normal,
            ceiling: *ceiling,
            routes: Some(vec!["chat".into()]),
        });
    }
    (Gateway::start(draft).await, sim, server)
}

fn hello() -> Value {
    json!({ "model": "chat", "messages": [{ "role": "user", "content": "hi" }] })
}

/// The error's type in either dialect; panics on an answer that is not an error of a dialect.
fn kind(answer: &Answer) -> String {
    let body = answer.json();
    assert!(
        body["error"]["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{}",
        answer.text()
    );
    body["error"]["type"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_said_and_nothing_is_forwarded() {
    let (gateway, sim, server) = gateway(&[]).await;
    let openai = format!("{}/v1/chat/completions", gateway.url());
    let anthropic = format!("{}/v1/messages", gateway.url());
    let deep = format!(
        r#"{{"model":"chat","messages":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let bad = [
        ("", "empty"),
        ("{", "broken"),
        ("[]", "not an object"),
        (
            r#"{"model":"chat","messages":[{"role":"user","content":"a"}]} x"#,
            "trailing bytes",
        ),
        (
            r#"{"model":"chat","model":"secret-route","messages":[{"role":"user","content":"a"}]}"#,
            "two models",
        ),
        (
            r#"{"model":"chat","\u006dodel":"x","messages":[{"role":"user","content":"a"}]}"#,
            "two models, one escaped",
        ),
        (
            r#"{"messages":[{"role":"user","content":"a"}]}"#,
            "no model",
        ),
        (
            r#"{"model":7,"messages":[{"role":"user","content":"a"}]}"#,
            "model is no string",
        ),
        (
            r#"{"model":"../../x?y","messages":[{"role":"user","content":"a"}]}"#,
            "model is a path",
        ),
        (r#"{"model":"chat","messages":[]}"#, "no messages"),
        (r#"{"model":"chat","messages":"hi"}"#, "messages is no list"),
        (
            r#"{"model":"chat","stream":"yes","messages":[{"role":"user","content":"a"}]}"#,
            "stream is no bool",
        ),
        (
            r#"{"model":"chat","max_tokens":-1,"messages":[{"role":"user","content":"a"}]}"#,
            "negative limit",
        ),
        (
            r#"{"model":"chat","max_tokens":1e308,"messages":[{"role":"user","content":"a"}]}"#,
            "absurd limit",
        ),
        (&deep, "deep nesting"),
    ];
    for (body, what) in bad {
        for url in [&openai, &anthropic] {
            let answer = send(url, Method::POST, &[JSON], body.to_owned()).await;
            assert_eq!(
                answer.status,
                StatusCode::BAD_REQUEST,
                "{what}: {}",
                answer.text()
            );
            assert_eq!(kind(&answer), "invalid_request_error", "{what}");
            assert_eq!(
                answer.json()["type"] == "error",
                url == &anthropic,
                "{what}: wrong dialect"
            );
        }
    }
    let invalid_utf8 =
        b"{\"model\":\"chat\",\"messages\":[{\"role\":\"user\",\"content\":\"\xff\"}]}".to_vec();
    let answer = send(&openai, Method::POST, &[JSON], invalid_utf8).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);

    assert_eq!(sim.book().requests(), 0, "nothing was forwarded");
    let metrics = send(&format!("{}/metrics", gateway.url()), Method::GET, &[], "")
        .await
        .text();
    let counted = format!(
        r#"towerman_requests_total{{route="_none",priority="normal",outcome="invalid_request"}} {}"#,
        bad.len() * 2 + 1
    );
    assert!(metrics.contains(&counted), "{metrics}");
    gateway.stop().await;
    server.shutdown().await;
}

#[tokio::test]
async fn heads_that_cannot_be_served_get_their_own_status() {
    let (gateway, sim, server) = gateway(&[]).await;
    let url = |path: &str| format!("{}{path}", gateway.url());
    let chat = url("/v1/chat/completions");

    let answer = send(&chat, Method::GET, &[], "").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers["allow"], "POST");

    let answer = post(&url("/v1/chat/completion"), &hello()).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    kind(&answer);
    let answer = send(
        &url("/v1/nothing"),
        Method::POST,
        &[("anthropic-version", "2023-06-01")],
        "{}",
    )
    .await;
    assert_eq!(
        (answer.status, &answer.json()["type"]),
        (StatusCode::NOT_FOUND, &json!("error"))
    );

    let mut unknown = hello();
    unknown["model"] = "no-such-model".into();
    let answer = post(&chat, &unknown).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.json()["error"]["param"], "model");
    assert!(
        !answer.text().contains("secret-route"),
        "other routes are nobody's business"
    );

    let large = "x".repeat(5 * 1024 * 1024);
    let answer = send(&chat, Method::POST, &[JSON], large).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);

    for (name, value) in [
        ("content-encoding", "gzip"),
        ("content-type", "multipart/form-data"),
    ] {
        let answer = send(&chat, Method::POST, &[(name, value)], hello().to_string()).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{name}");
    }
    for (name, value) in [("x-priority", "urgent"), ("x-session-id", "a\tb\u{e9}")] {
        let answer = send(
            &chat,
            Method::POST,
            &[JSON, (name, value)],
            hello().to_string(),
        )
        .await;
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{name}: {}",
            answer.text()
        );
    }
    assert_eq!(sim.book().requests(), 0, "nothing was forwarded");
    gateway.stop().await;
    server.shutdown().await;
}

#[tokio::test]
async fn only_a_known_key_gets_in_and_only_where_it_may() {
    let (gateway, sim, server) = gateway(&[("team", "key-1", Priority::Normal)]).await;
    let chat = format!("{}/v1/chat/completions", gateway.url());
    let messages = format!("{}/v1/messages", gateway.url());
    for headers in [
        vec![JSON],
        vec![JSON, ("authorization", "Bearer key-2")],
        vec![JSON, ("authorization", "Bearer ' OR '1'='1")],
        vec![JSON, ("authorization", "Basic a2V5LTE=")],
    ] {
        let answer = send(&chat, Method::POST, &headers, hello().to_string()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{headers:?}");
        assert!(
            !answer.text().contains("key-2"),
            "a key is never quoted back"
        );
    }
    let with = |key: &'static str| vec![JSON, ("authorization", key)];
    let mut elsewhere = hello();
    elsewhere["model"] = "secret-route".into();
    let answer = send(
        &chat,
        Method::POST,
        &with("Bearer key-1"),
        elsewhere.to_string(),
    )
    .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(sim.book().requests(), 0, "nothing was forwarded");

    let answer = send(
        &chat,
        Method::POST,
        &with("Bearer key-1"),
        hello().to_string(),
    )
    .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let mut body = hello();
    body["max_tokens"] = 50.into();
    let answer = send(
        &messages,
        Method::POST,
        &[JSON, ("x-api-key", "key-1")],
        body.to_string(),
    )
    .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(
        &*gateway.decisions.lock().unwrap().last().unwrap().tenant,
        "team"
    );
    for received in sim.received() {
        assert!(
            !format!("{received:?}").contains("key-1"),
            "a client's key never leaves"
        );
        assert!(received.headers.get("x-priority").is_none());
    }
    gateway.stop().await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_priority_above_the_ceiling_is_clamped() {
    let (gateway, _sim, server) = gateway(&[
        ("low", "key-1", Priority::Normal),
        ("top", "key-2", Priority::Critical),
    ])
    .await;
    let chat = format!("{}/v1/chat/completions", gateway.url());
    for (key, expected) in [("Bearer key-1", "normal"), ("Bearer key-2", "critical")] {
        let headers = [JSON, ("authorization", key), ("x-priority", "critical")];
        let answer = send(&chat, Method::POST, &headers, hello().to_string()).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(
            gateway.decisions.lock().unwrap().last().unwrap().priority,
            expected
        );
    }
    gateway.stop().await;
    server.shutdown().await;
}
