//! Bad input: a precise 4xx in the caller's dialect, counted, never forwarded.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use towerman::core::{
    Dialect, Priority,
    policy::{Draft, ProviderDraft, RouteDraft, TenantDraft},
};
use towerman_sim::{Sim, SimServer};
use towerman_tests::{
    Answer, Gateway,
    client::{self, Heard},
    send,
};

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
        (
            r#"{"model":"chat","messages":[{"role":"user","content":"a\ud800b"}]}"#,
            "half a surrogate pair",
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

/// A request that cannot be served, and what becomes of it.
struct Bad {
    what: &'static str,
    method: Method,
    path: Option<&'static str>,
    headers: &'static [(&'static str, &'static str)],
    /// Instead of a good body.
    body: Option<Bytes>,
    status: u16,
    /// The code that OpenAI's dialect has for it.
    code: Option<&'static str>,
    /// The name under which it is counted.
    counted: &'static str,
}

/// The good request that the bad ones are made from.
const GOOD: Bad = Bad {
    what: "good",
    method: Method::POST,
    path: None,
    headers: &[],
    body: None,
    status: 200,
    code: None,
    counted: "success",
};

fn bad() -> Vec<Bad> {
    let mut all = Vec::new();
    for method in [
        Method::GET,
        Method::PUT,
        Method::DELETE,
        Method::PATCH,
        Method::OPTIONS,
    ] {
        all.push(Bad {
            what: "wrong method",
            method,
            status: 405,
            code: Some("method_not_allowed"),
            counted: "method_not_allowed",
            ..GOOD
        });
    }
    for path in [
        "/",
        "/v1/chat/completion",
        "/v1/messages/",
        "/v1//messages",
        "/V1/messages",
        "/v1/%6dessages",
        "/v1/../healthz",
        "/v1/models",
    ] {
        all.push(Bad {
            what: "wrong path",
            path: Some(path),
            status: 404,
            code: Some("unknown_url"),
            counted: "not_found",
            ..GOOD
        });
    }
    all.push(Bad {
        what: "too large",
        body: Some("x".repeat(5 * 1024 * 1024).into()),
        status: 413,
        code: Some("request_too_large"),
        counted: "too_large",
        ..GOOD
    });
    for headers in [
        &[("content-encoding", "gzip")][..],
        &[("content-encoding", "br, gzip")],
        &[("content-type", "multipart/form-data; boundary=x")],
    ] {
        all.push(Bad {
            what: "no plain JSON",
            headers,
            status: 415,
            code: Some("unsupported_media_type"),
            counted: "unsupported_media_type",
            ..GOOD
        });
    }
    for body in ["", "{", "[]", "null", "{\"model\":\"chat\"} x"] {
        all.push(Bad {
            what: "broken JSON",
            body: Some(body.into()),
            status: 400,
            counted: "invalid_request",
            ..GOOD
        });
    }
    for headers in [
        &[("x-priority", "urgent")][..],
        &[("x-priority", "")],
        &[("x-priority", "h\u{ef}gh")],
        &[("x-session-id", "a\tb")],
        &[("x-session-id", "a b")],
        &[("x-session-id", "\u{e9}")],
        &[("x-session-id", "")],
    ] {
        all.push(Bad {
            what: "hostile header",
            headers,
            status: 400,
            counted: "invalid_request",
            ..GOOD
        });
    }
    all.push(Bad {
        what: "unknown model",
        body: Some(r#"{"model":"no-such-model","max_tokens":1,"messages":[{"role":"user","content":"a"}]}"#.into()),
        status: 404,
        code: Some("model_not_found"),
        counted: "not_found",
        ..GOOD
    });
    for headers in [
        &[("authorization", "Bearer key-2")][..],
        &[("x-api-key", "key-2")],
        &[("authorization", "Bearer ' OR '1'='1")],
        &[("authorization", "Basic a2V5LTE=")],
        &[("authorization", "Bearer \u{e9}")],
    ] {
        all.push(Bad {
            what: "unknown key",
            headers,
            status: 401,
            code: Some("invalid_api_key"),
            counted: "authentication",
            ..GOOD
        });
    }
    all
}

#[tokio::test]
async fn whatever_is_wrong_is_said_in_the_callers_dialect_counted_and_never_forwarded() {
    let (open, open_sim, _open_server) = gateway(&[]).await;
    let (closed, closed_sim, _closed_server) =
        gateway(&[("team", "key-1", Priority::Normal)]).await;
    let mut counted: BTreeMap<&str, f64> = BTreeMap::new();
    for bad in bad() {
        for dialect in towerman_tests::CLASSIC {
            // Only where keys are asked for can one be unknown.
            let gateway = if bad.counted == "authentication" {
                &closed
            } else {
                &open
            };
            let url = format!("{}{}", gateway.url(), bad.path.unwrap_or(dialect.path()));
            let mut headers = vec![JSON];
            if dialect == Dialect::Anthropic {
                headers.push(("anthropic-version", "2023-06-01"));
            }
            headers.retain(|(name, _)| bad.headers.iter().all(|(other, _)| other != name));
            headers.extend(bad.headers);
            let good = || client::ask(dialect, "chat", "hi", false).to_string().into();
            let body = bad.body.clone().unwrap_or_else(good);
            let answer = send(&url, bad.method.clone(), &headers, body).await;
            let case = format!(
                "{} {} {:?} {:?} in {dialect}: {}",
                bad.what,
                bad.method,
                bad.path,
                bad.headers,
                answer.text()
            );
            let Ok(Heard::Refused(trouble)) = client::read(dialect, &answer) else {
                panic!("{case}")
            };
            assert_eq!(trouble.status, bad.status, "{case}");
            if dialect == Dialect::OpenAiChat {
                assert_eq!(trouble.code.as_deref(), bad.code, "{case}");
            }
            let allow = answer
                .headers
                .get("allow")
                .map(|value| value.to_str().unwrap());
            assert_eq!(allow, (bad.status == 405).then_some("POST"), "{case}");
            for (_, value) in bad
                .headers
                .iter()
                .filter(|(name, _)| *name != "content-type")
            {
                assert!(
                    value.is_empty() || !answer.text().contains(value),
                    "it is not quoted back: {case}"
                );
            }
            *counted.entry(bad.counted).or_default() += 1.0;
        }
    }
    let mut seen: BTreeMap<String, f64> = BTreeMap::new();
    for gateway in [&open, &closed] {
        for (series, value) in gateway.metrics().await {
            let attempt = series.starts_with("towerman_attempts_total");
            assert!(!attempt, "nobody's attempt is counted: {series}");
            if !series.starts_with("towerman_requests_total") {
                continue;
            }
            let (_, outcome) = series.split_once(",outcome=\"").unwrap();
            let name = outcome.trim_end_matches("\"}").to_owned();
            *seen.entry(name).or_default() += value;
        }
    }
    let counted = counted
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect();
    assert_eq!(seen, counted);
    for sim in [open_sim, closed_sim] {
        assert_eq!(
            (sim.book().requests(), sim.received().len()),
            (0, 0),
            "nothing was forwarded"
        );
    }
    for gateway in [&open, &closed] {
        assert_eq!(gateway.ledger.lines(), [], "and nothing is billed");
    }
    open.stop().await;
    closed.stop().await;
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
