//! `GET /v1/models`: the routes of the policy, for whoever may use them, as each dialect tells it.
#![allow(clippy::unwrap_used)]

use http::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use towerman::core::{
    Dialect, Priority,
    policy::{Draft, ProviderDraft, RouteDraft, TenantDraft},
};
use towerman_tests::{Answer, Gateway, eventually, send};

const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");

fn draft() -> Draft {
    Draft::new()
        // Nobody listens there, and nobody is asked.
        .provider(ProviderDraft::url(
            "p",
            Dialect::OpenAiChat,
            "http://127.0.0.1:1",
        ))
        .route(RouteDraft::new("smart", ["p/large"]))
        .route(RouteDraft::new("org/fast", ["p/small"]))
        .route(RouteDraft::new("secret", ["p/large"]))
}

fn tenant(name: &str, key: &str, routes: Option<&[&str]>) -> TenantDraft {
    TenantDraft {
        name: name.into(),
        keys: vec![Sha256::digest(key).into()],
        priority: Priority::Normal,
        ceiling: Priority::Normal,
        routes: routes.map(|routes| routes.iter().map(|&route| route.into()).collect()),
    }
}

async fn get(gateway: &Gateway, path: &str, headers: &[(&str, &str)]) -> Answer {
    send(
        &format!("{}{path}", gateway.url()),
        Method::GET,
        headers,
        "",
    )
    .await
}

fn ids(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.headers["content-type"], "application/json");
    let body = answer.json();
    let models = body["data"].as_array().unwrap();
    models.iter().map(|model| model["id"].clone()).collect()
}

#[tokio::test]
async fn every_route_is_listed_in_the_callers_dialect() {
    let gateway = Gateway::start(draft()).await;
    let openai = get(&gateway, "/v1/models", &[]).await;
    assert_eq!(ids(&openai), ["org/fast", "secret", "smart"]);
    assert_eq!(
        openai.json()["data"][0],
        json!({"id": "org/fast", "object": "model", "created": 0, "owned_by": "towerman"})
    );
    assert_eq!(openai.headers["cache-control"], "no-store");
    assert!(openai.headers.contains_key("x-request-id"));

    let anthropic = get(&gateway, "/v1/models?limit=2", &[VERSION]).await;
    assert_eq!(ids(&anthropic), ["org/fast", "secret"]);
    assert_eq!(anthropic.json()["has_more"], true);
    let rest = get(&gateway, "/v1/models?limit=2&after_id=secret", &[VERSION]).await;
    assert_eq!(ids(&rest), ["smart"]);
    let wrong = get(&gateway, "/v1/models?limit=0", &[VERSION]).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert_eq!(wrong.json()["error"]["type"], "invalid_request_error");

    for path in ["/v1/models/org/fast", "/v1/models/org%2Ffast"] {
        let one = get(&gateway, path, &[]).await;
        assert_eq!(one.json()["id"], "org/fast", "{path}: {}", one.text());
    }
    gateway.stop().await;
}

#[tokio::test]
async fn callers_hear_of_the_routes_they_may_use_and_of_no_other() {
    let gateway = Gateway::start(
        draft()
            .tenant(tenant("few", "k1", Some(&["smart"])))
            .tenant(tenant("all", "k2", None)),
    )
    .await;
    let few = ("authorization", "Bearer k1");
    assert_eq!(ids(&get(&gateway, "/v1/models", &[few]).await), ["smart"]);
    let all = ("x-api-key", "k2");
    assert_eq!(ids(&get(&gateway, "/v1/models", &[all]).await).len(), 3);

    // Another's model and none at all are told alike.
    let secret = get(&gateway, "/v1/models/secret", &[few]).await;
    let absent = get(&gateway, "/v1/models/absent", &[few]).await;
    for answer in [&secret, &absent] {
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.json()["error"]["code"], "model_not_found");
    }
    assert_eq!(secret.text().replace("secret", "absent"), absent.text());

    for keys in [&[][..], &[("authorization", "Bearer wrong")]] {
        let answer = get(&gateway, "/v1/models", keys).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.text());
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_list_is_nobodys_attempt_and_follows_the_policy() {
    let gateway = Gateway::start(draft()).await;
    ids(&get(&gateway, "/v1/models", &[]).await);
    let told = || gateway.decisions.lock().unwrap().len() == 1;
    assert!(eventually(told).await);
    let decision = gateway.decisions.lock().unwrap()[0].clone();
    let decision = serde_json::to_value(&decision).unwrap();
    assert_eq!(decision["outcome"], "success", "{decision}");
    assert_eq!(decision["attempts"], json!([]), "{decision}");
    assert!(gateway.ledger.lines().is_empty());

    gateway
        .policy
        .swap(draft().route(RouteDraft::new("new", ["p/new"])))
        .unwrap();
    let now = ids(&get(&gateway, "/v1/models", &[]).await);
    assert_eq!(now, ["new", "org/fast", "secret", "smart"]);
    // Only to ask is answered here.
    let url = format!("{}/v1/models/smart", gateway.url());
    let deleted = send(&url, Method::DELETE, &[], "").await;
    assert_eq!(deleted.status, StatusCode::NOT_FOUND);
    gateway.stop().await;
}
