//! The labels of metrics come from the policy and from nowhere else: whatever clients send, the
//! set of series stays as it is.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use http::Method;
use serde_json::json;
use sha2::{Digest, Sha256};
use towerman::core::{
    Dialect, Priority,
    policy::{Draft, ProviderDraft, RouteDraft, TenantDraft},
};
use towerman_sim::Sim;
use towerman_tests::{Gateway, client, send};

/// Nothing of ours is called this.
const JUNK: &str = "zzjunk";

/// Path, headers, body.
type Junk = (String, Vec<(&'static str, String)>, String);

/// The `nth` request of each kind of junk.
fn junk(nth: usize) -> Vec<Junk> {
    let name = format!("{JUNK}-{nth}");
    let key = || ("authorization", "Bearer key-1".to_owned());
    let mut all = Vec::new();
    let (dialect, stream) = (towerman_tests::CLASSIC[nth % 2], nth % 4 < 2);
    let path = || dialect.path().to_owned();
    let ask = |model: &str| client::ask(dialect, model, &name, stream);
    let good = || ask("chat").to_string();
    // Names that are none.
    all.push((path(), vec![key()], ask(&name).to_string()));
    all.push((path(), vec![("x-api-key", name.clone())], good()));
    all.push((format!("/{name}"), vec![key()], good()));
    all.push((format!("{}/{name}?a={name}", path()), vec![key()], good()));
    // Values that are refused, and some that are not.
    for (header, value) in [
        ("x-priority", name.clone()),
        ("x-session-id", name.clone()),
        ("x-session-id", format!("{name} {name}")),
        ("x-request-id", name.clone()),
        ("x-tenant", name.clone()),
        ("x-towerman-route", name.clone()),
        ("x-forwarded-for", name.clone()),
        ("user-agent", name.clone()),
        ("content-type", format!("multipart/{name}")),
        ("content-encoding", name.clone()),
        ("anthropic-beta", name.clone()),
        ("idempotency-key", name.clone()),
    ] {
        all.push((path(), vec![key(), (header, value)], good()));
    }
    // Members of the body.
    for (member, value) in [
        ("user", json!(name)),
        ("metadata", json!({ "user_id": name })),
        ("prompt_cache_key", json!(name)),
        ("stream", json!(name)),
        ("max_tokens", json!(name)),
        ("service_tier", json!(name)),
    ] {
        let mut body = ask("chat");
        body[member] = value;
        all.push((path(), vec![key()], body.to_string()));
    }
    all.push((path(), vec![key()], format!("{{\"{name}\":")));
    all
}

async fn series(gateway: &Gateway) -> BTreeSet<String> {
    gateway.metrics().await.into_keys().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_clients_send_the_set_of_series_does_not_grow() {
    let sim = Sim::openai("p").accept_unknown_fields().build();
    let server = sim.serve().await.unwrap();
    let tenant = TenantDraft {
        name: "team".into(),
        keys: vec![Sha256::digest("key-1").into()],
        priority: Priority::Normal,
        ceiling: Priority::Normal,
        routes: None,
    };
    let provider = ProviderDraft::url("p", Dialect::OpenAiChat, server.base_url());
    let draft = Draft::new().provider(provider).tenant(tenant);
    let gateway = Gateway::start(draft.route(RouteDraft::new("chat", ["p/m"]))).await;

    let mut first = BTreeSet::new();
    for nth in 0..100 {
        let mut statuses = BTreeSet::new();
        for (path, headers, body) in junk(nth) {
            let url = format!("{}{path}", gateway.url());
            let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, &**v)).collect();
            let answer = send(&url, Method::POST, &headers, body).await;
            statuses.insert(answer.status.as_u16());
        }
        let expected = BTreeSet::from([200, 400, 401, 404, 415]);
        assert_eq!(statuses, expected, "some are served and some are not");
        // Streams and whole answers in either dialect show all there is to see.
        if nth == 3 {
            first = series(&gateway).await;
        }
    }
    assert!(first.len() > 100, "{first:?}");
    assert_eq!(series(&gateway).await, first);
    let junk = first.iter().find(|series| series.contains(JUNK));
    assert_eq!(junk, None);
    gateway.stop().await;
    server.shutdown().await;
}
