//! Doors whose path says the model, and streams in other framings than server-sent events.
#![allow(clippy::unwrap_used)]

use http::Method;
use serde_json::{Value, json};
use towerman::core::{
    Dialect,
    policy::{Draft, ProviderDraft, RouteDraft},
};
use towerman_sim::{Fault, Model, Sim, SimServer};
use towerman_tests::{Gateway, post, send};

const SAY: &str = "say:\"Grüße aus Köln\"";

async fn gateway<const N: usize>(sims: [(&str, Dialect, &Sim); N]) -> (Gateway, Vec<SimServer>) {
    let (mut draft, mut servers) = (Draft::new(), Vec::new());
    for (name, dialect, sim) in sims {
        let server = sim.serve().await.unwrap();
        draft = draft
            .provider(ProviderDraft::url(name, dialect, server.base_url()))
            .route(RouteDraft::new(name, [format!("{name}/m")]));
        servers.push(server);
    }
    (Gateway::start(draft).await, servers)
}

fn gemini() -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": SAY}]}]})
}

fn said(response: &Value) -> &str {
    response["candidates"][0]["content"]["parts"][0]["text"]
        .as_str()
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gemini_client_hears_any_provider_as_it_asked_to() {
    let (open, own) = (
        Sim::openai("open").model(Model::new("m")).build(),
        Sim::gemini("gem").model(Model::new("m")).build(),
    );
    let (gateway, _servers) = gateway([
        ("open", Dialect::OpenAiChat, &open),
        ("gem", Dialect::Gemini, &own),
    ])
    .await;
    for route in ["open", "gem"] {
        let door = |verb: &str| format!("{}/v1beta/models/{route}:{verb}", gateway.url());
        let whole = post(&door("generateContent"), &gemini()).await;
        assert_eq!(whole.status, 200, "{}", whole.text());
        assert_eq!(said(&whole.json()), "Grüße aus Köln", "{route}");

        // Without `alt=sse` a stream is one JSON array.
        let array = post(&door("streamGenerateContent"), &gemini()).await;
        assert_eq!(array.headers["content-type"], "application/json");
        let pieces: Vec<Value> = serde_json::from_str(&array.text()).unwrap();
        assert!(pieces.len() > 1, "{route}: {pieces:?}");
        assert_eq!(
            pieces.iter().map(said).collect::<String>(),
            "Grüße aus Köln"
        );

        let events = post(&door("streamGenerateContent?alt=sse"), &gemini()).await;
        assert!(
            events.headers["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/event-stream")
        );
        let text = events.text();
        let pieces = text.lines().filter_map(|line| line.strip_prefix("data: "));
        let pieces: Vec<Value> = pieces
            .map(|data| serde_json::from_str(data).unwrap())
            .collect();
        assert_eq!(
            pieces.iter().map(said).collect::<String>(),
            "Grüße aus Köln"
        );
    }
    let gone = format!("{}/v1beta/models/none:generateContent", gateway.url());
    let gone = post(&gone, &gemini()).await;
    assert_eq!(
        (gone.status.as_u16(), &gone.json()["error"]["status"]),
        (404, &json!("NOT_FOUND"))
    );
    let counted = format!("{}/v1beta/models/gem:countTokens", gateway.url());
    let counted = post(&counted, &gemini()).await;
    let tokens = counted.json()["totalTokens"].as_u64();
    assert!(
        tokens.is_some_and(|tokens| tokens > 0),
        "{}",
        counted.text()
    );
    let embed = format!("{}/v1beta/models/gem:embedContent", gateway.url());
    let text = json!({"content": {"parts": [{"text": "some text"}]}});
    let embedded = post(&embed, &text).await;
    let values = &embedded.json()["embedding"]["values"];
    assert!(
        values.as_array().is_some_and(|all| !all.is_empty()),
        "{}",
        embedded.text()
    );
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_array_that_breaks_off_is_still_an_array_and_says_so() {
    let late = Sim::openai("open").model(Model::new("m")).build();
    let after_chunks = late.dialect().opening_events() + 2;
    late.faults().always(Fault::ErrorInStream { after_chunks });
    let other = Sim::gemini("gem").model(Model::new("m")).build();
    let (gateway, _servers) = gateway([
        ("open", Dialect::OpenAiChat, &late),
        ("gem", Dialect::Gemini, &other),
    ])
    .await;
    let url = format!("{}/v1beta/models/open:streamGenerateContent", gateway.url());
    let array = post(&url, &gemini()).await;
    let pieces: Vec<Value> = serde_json::from_str(&array.text()).unwrap();
    let last = pieces.last().unwrap();
    assert!(
        pieces.len() > 1 && last["error"]["status"].is_string(),
        "{pieces:?}"
    );
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn azures_clients_name_the_model_in_the_path_and_losses_are_told_on_request() {
    let (open, anth) = (
        Sim::openai("open").model(Model::new("m")).build(),
        Sim::anthropic("anth").model(Model::new("m")).build(),
    );
    let (gateway, _servers) = gateway([
        ("open", Dialect::OpenAiChat, &open),
        ("anth", Dialect::Anthropic, &anth),
    ])
    .await;
    let body = json!({"messages": [{"role": "user", "content": SAY}], "seed": 7});
    for (route, losses) in [("open", "none"), ("anth", "dropped /seed")] {
        let url = format!(
            "{}/openai/deployments/{route}/chat/completions?api-version=2024-10-21",
            gateway.url()
        );
        let client = with_wish(&url, "report", &body).await;
        assert_eq!(client.0, 200, "{route}: {}", client.2);
        assert!(client.2.contains("Grüße aus Köln"), "{route}: {}", client.2);
        assert!(client.1.contains(losses), "{route}: {}", client.1);
    }
    let url = format!("{}/v1/chat/completions", gateway.url());
    let mut named = body.clone();
    named["model"] = json!("anth");
    let strict = with_wish(&url, "strict", &named).await;
    assert_eq!(strict.0, 400, "{}", strict.2);
    assert!(strict.2.contains("/seed"), "{}", strict.2);
    gateway.stop().await;
}

/// Status, what is said of losses, and body of a request that wants to know of them.
async fn with_wish(url: &str, wish: &str, body: &Value) -> (u16, String, String) {
    let headers = [
        ("content-type", "application/json"),
        ("x-towerman-losses", wish),
    ];
    let answer = send(url, Method::POST, &headers, body.to_string()).await;
    let losses = answer.headers.get("x-towerman-losses");
    let losses = losses.map_or("", |value| value.to_str().unwrap());
    (answer.status.as_u16(), losses.to_owned(), answer.text())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cohere_embeds_at_its_own_door_whoever_serves_it() {
    let (open, none, own) = (
        Sim::openai("open").model(Model::new("m")).build(),
        Sim::anthropic("none").model(Model::new("m")).build(),
        Sim::cohere("co").model(Model::new("m")).build(),
    );
    let (gateway, _servers) = gateway([
        ("open", Dialect::OpenAiChat, &open),
        ("none", Dialect::Anthropic, &none),
        ("co", Dialect::Cohere, &own),
    ])
    .await;
    let embed = format!("{}/v2/embed", gateway.url());
    let body = |model: &str| {
        json!({"model": model, "input_type": "search_query", "embedding_types": ["float"],
            "texts": ["some text", "and more"]})
    };
    let embedded = post(&embed, &body("co")).await;
    let vectors = &embedded.json()["embeddings"]["float"];
    let count = vectors.as_array().map(Vec::len);
    assert_eq!(count, Some(2), "{}", embedded.text());
    let metered = &gateway.ledger.lines()[0];
    assert!(
        metered.usage.input > 0 && metered.usage.output == 0,
        "{metered:?}"
    );
    let elsewhere = post(&embed, &body("open")).await;
    assert_eq!(elsewhere.json()["embeddings"]["float"], *vectors);
    let nowhere = post(&embed, &body("none")).await;
    assert_eq!(nowhere.status, 400, "{}", nowhere.text());
    assert!(nowhere.json()["message"].is_string());
    gateway.stop().await;
}
