//! Embeddings and token counts: routed, failed over and billed as answers are.
#![allow(clippy::unwrap_used)]

use http::StatusCode;
use serde_json::{Value, json};
use towerman::core::{
    Dialect,
    policy::{Draft, EndpointDraft, ProviderDraft, RouteDraft},
};
use towerman_sim::{Fault, Model, Sim, SimServer};
use towerman_tests::{Gateway, post};

/// What an input token costs, in picodollars.
const PRICE: u64 = 20_000;

struct Stage {
    gateway: Gateway,
    openai: [Sim; 2],
    anthropic: Sim,
    servers: Vec<SimServer>,
}

/// `any` may go to Anthropic first, then to two that speak OpenAI; `claude` to Anthropic only.
async fn stage() -> Stage {
    let priced = |model| {
        Model::new(model).price(towerman_sim::Price {
            input: PRICE,
            ..towerman_sim::Price::default()
        })
    };
    let openai = ["a", "b"].map(|name| Sim::openai(name).model(priced("e")).build());
    let anthropic = Sim::anthropic("c").model(priced("claude")).build();
    let mut servers = Vec::new();
    let mut draft = Draft::new();
    for (name, dialect, sim) in [
        ("a", Dialect::OpenAiChat, &openai[0]),
        ("b", Dialect::OpenAiChat, &openai[1]),
        ("c", Dialect::Anthropic, &anthropic),
    ] {
        let server = sim.serve().await.unwrap();
        draft = draft.provider(ProviderDraft::url(name, dialect, server.base_url()));
        servers.push(server);
    }
    let price = towerman::core::Price {
        input: PRICE,
        cache_read: PRICE,
        cache_write: PRICE,
        cache_write_long: PRICE,
        output: 1_000 * PRICE,
    };
    for name in ["a/e", "b/e", "c/claude"] {
        draft = draft.endpoint(EndpointDraft::new(name).price(price));
    }
    let draft = draft
        .route(RouteDraft::new("any", ["c/claude", "a/e", "b/e"]))
        .route(RouteDraft::new("claude", ["c/claude"]));
    Stage {
        gateway: Gateway::start(draft).await,
        openai,
        anthropic,
        servers,
    }
}

impl Stage {
    async fn embed(&self, model: &str) -> towerman_tests::Answer {
        let url = format!("{}/v1/embeddings", self.gateway.url());
        let body =
            json!({"model": model, "input": ["one text", "another"], "dimensions": 4, "x": 1});
        post(&url, &body).await
    }

    async fn count(&self, model: &str) -> towerman_tests::Answer {
        let url = format!("{}/v1/messages/count_tokens", self.gateway.url());
        let turn = json!({"role": "user", "content": "how long is this?"});
        post(&url, &json!({"model": model, "messages": [turn]})).await
    }

    async fn stop(self) {
        self.gateway.stop().await;
        drop(self.servers);
    }
}

#[tokio::test]
async fn embeddings_go_where_there_are_some_and_are_billed_to_the_token() {
    let stage = stage().await;
    stage.openai[0].faults().once(Fault::Status(500));
    let answer = stage.embed("any").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.json()["data"].as_array().unwrap().len(), 2);
    assert_eq!(answer.headers["x-towerman-route"], "b/e; attempts=2");

    // As it was sent, but for the model's name.
    let sent = stage.openai[1].received();
    let sent: Value = serde_json::from_slice(&sent[0].body).unwrap();
    let expected = json!({"model": "e", "input": ["one text", "another"], "dimensions": 4, "x": 1});
    assert_eq!(sent, expected);
    assert_eq!(stage.anthropic.book().requests(), 0);

    let lines = stage.gateway.ledger.lines();
    let last = serde_json::to_value(lines.last().unwrap()).unwrap();
    let book = stage.openai[1].book().totals();
    assert_eq!((book.lines, book.output), (1, 0));
    assert_eq!(last["input"], book.uncached_input, "{last}");
    assert_eq!(last["output"], 0);
    assert_eq!(last["estimated"], false);
    assert_eq!(
        u128::from(book.uncached_input) * u128::from(PRICE),
        book.cost_pico_usd
    );
    stage.stop().await;
}

#[tokio::test]
async fn a_count_costs_nothing() {
    let stage = stage().await;
    let answer = stage.count("any").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert!(answer.json()["input_tokens"].as_u64().unwrap() > 4);
    assert_eq!(answer.headers["x-towerman-route"], "c/claude");
    assert_eq!(stage.anthropic.book().totals().lines, 0);
    for line in stage.gateway.ledger.lines() {
        let line = serde_json::to_value(&line).unwrap();
        assert_eq!(
            (&line["input"], &line["output"]),
            (&json!(0), &json!(0)),
            "{line}"
        );
        assert_eq!(line["estimated"], false, "{line}");
    }

    // Not even if nobody knows whether it was read.
    stage.anthropic.faults().once(Fault::ResetBeforeHead);
    let again = stage.count("claude").await;
    assert_ne!(again.status, StatusCode::OK);
    for line in stage.gateway.ledger.lines() {
        let line = serde_json::to_value(&line).unwrap();
        assert_eq!(
            (&line["input"], &line["estimated"]),
            (&json!(0), &json!(false)),
            "{line}"
        );
    }
    stage.stop().await;
}

#[tokio::test]
async fn what_no_endpoint_can_do_is_refused_before_any_is_asked() {
    let stage = stage().await;
    let answer = stage.embed("claude").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let error = &answer.json()["error"];
    assert_eq!(error["message"], "this model has no embeddings");
    assert_eq!(
        (&error["type"], &error["param"]),
        (&json!("invalid_request_error"), &json!("model"))
    );

    for body in [
        json!({"model": "any"}),
        json!({"model": "any", "input": []}),
    ] {
        let url = format!("{}/v1/embeddings", stage.gateway.url());
        let answer = post(&url, &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.json()["error"]["param"], "input", "{body}");
    }
    let served = [&stage.openai[0], &stage.openai[1], &stage.anthropic];
    assert!(served.iter().all(|sim| sim.book().requests() == 0));
    stage.stop().await;
}

#[tokio::test]
async fn a_prompt_is_counted_by_a_provider_of_another_dialect() {
    let gemini = Sim::gemini("g").model(Model::new("m")).build();
    let claude = Sim::anthropic("c").model(Model::new("m")).build();
    let servers = [gemini.serve().await.unwrap(), claude.serve().await.unwrap()];
    let gateway = Gateway::start(
        Draft::new()
            .provider(ProviderDraft::url(
                "g",
                Dialect::Gemini,
                servers[0].base_url(),
            ))
            .provider(ProviderDraft::url(
                "c",
                Dialect::Anthropic,
                servers[1].base_url(),
            ))
            .route(RouteDraft::new("gemini", ["g/m"]))
            .route(RouteDraft::new("claude", ["c/m"])),
    )
    .await;
    let words = "how long is this, and what is it there?";
    let messages = json!([{"role": "user", "content": words}]);
    let mut counted = Vec::new();
    for model in ["gemini", "claude"] {
        let url = format!("{}/v1/messages/count_tokens", gateway.url());
        let answer = post(&url, &json!({"model": model, "messages": messages})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        counted.push(answer.json()["input_tokens"].as_u64().unwrap());
        let url = format!("{}/v1beta/models/{model}:countTokens", gateway.url());
        let contents = json!([{"role": "user", "parts": [{"text": words}]}]);
        let answer = post(&url, &json!({"contents": contents})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        counted.push(answer.json()["totalTokens"].as_u64().unwrap());
    }
    // Whoever asks, a provider counts the same.
    assert_eq!((counted[0], counted[2]), (counted[1], counted[3]));
    assert!(counted.iter().all(|tokens| *tokens > 4), "{counted:?}");
    let lines = gateway.ledger.lines();
    assert_eq!(lines.len(), 4);
    assert_eq!(
        gemini.book().totals().lines + claude.book().totals().lines,
        0
    );
}
