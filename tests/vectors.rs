//! Embeddings from any provider that has them, to a client of any other.
#![allow(clippy::unwrap_used)]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::StatusCode;
use serde_json::{Value, json};
use towerman::core::{
    Dialect,
    policy::{Draft, ProviderDraft, RouteDraft},
};
use towerman_sim::{Model, Sim};
use towerman_tests::{Answer, Gateway, post};

const DIALECTS: [Dialect; 4] = [
    Dialect::OpenAiChat,
    Dialect::Gemini,
    Dialect::Cohere,
    Dialect::Ollama,
];

fn sim(dialect: Dialect) -> Sim {
    let builder = match dialect {
        Dialect::OpenAiChat => Sim::openai("p"),
        Dialect::Gemini => Sim::gemini("p"),
        Dialect::Cohere => Sim::cohere("p"),
        _ => Sim::ollama("p"),
    };
    builder.model(Model::new("m")).build()
}

/// A client's request for vectors of four numbers: one text alone, or several.
fn ask(dialect: Dialect, texts: &[&str]) -> (String, Value) {
    let one = |text: &&str| json!({"model": "models/vectors", "content": {"parts": [{"text": text}]}, "outputDimensionality": 4});
    let input = match texts {
        [only] => json!(only),
        all => json!(all),
    };
    match (dialect, texts) {
        (Dialect::OpenAiChat, _) => (
            "/v1/embeddings".into(),
            json!({"model": "vectors", "input": input, "dimensions": 4}),
        ),
        (Dialect::Gemini, [only]) => ("/v1beta/models/vectors:embedContent".into(), one(only)),
        (Dialect::Gemini, all) => (
            "/v1beta/models/vectors:batchEmbedContents".into(),
            json!({"requests": all.iter().map(one).collect::<Vec<_>>()}),
        ),
        (Dialect::Cohere, all) => (
            "/v2/embed".into(),
            json!({"model": "vectors", "texts": all, "input_type": "search_query", "output_dimension": 4}),
        ),
        _ => (
            "/api/embed".into(),
            json!({"model": "vectors", "input": input, "dimensions": 4}),
        ),
    }
}

/// The vectors that the client reads.
fn read(dialect: Dialect, answer: &Answer, single: bool) -> Vec<Vec<f32>> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let body = answer.json();
    let list = match dialect {
        Dialect::OpenAiChat => {
            assert_eq!(body["object"], "list");
            assert!(body["usage"]["total_tokens"].is_u64() && body["model"].is_string());
            let data = body["data"].as_array().unwrap();
            data.iter().map(|one| one["embedding"].clone()).collect()
        }
        Dialect::Gemini if single => json!([body["embedding"]["values"]]),
        Dialect::Gemini => {
            let all = body["embeddings"].as_array().unwrap();
            all.iter().map(|one| one["values"].clone()).collect()
        }
        Dialect::Cohere => {
            assert!(body["id"].is_string(), "{body}");
            assert_eq!(body["response_type"], "embeddings_by_type");
            body["embeddings"]["float"].clone()
        }
        _ => body["embeddings"].clone(),
    };
    serde_json::from_value(list).unwrap()
}

#[tokio::test]
async fn every_client_has_vectors_of_every_provider() {
    for provider in DIALECTS {
        let sim = sim(provider);
        let server = sim.serve().await.unwrap();
        let draft = Draft::new()
            .provider(ProviderDraft::url("p", provider, server.base_url()))
            .route(RouteDraft::new("vectors", ["p/m"]));
        let gateway = Gateway::start(draft).await;
        let mut heard = Vec::new();
        for client in DIALECTS {
            for texts in [&["a text"][..], &["a text", "another"]] {
                let (path, body) = ask(client, texts);
                let answer = post(&format!("{}{path}", gateway.url()), &body).await;
                let vectors = read(client, &answer, texts.len() == 1);
                assert_eq!(vectors.len(), texts.len(), "{client} of {provider}");
                assert!(vectors.iter().all(|vector| vector.len() == 4));
                heard.push(vectors);
            }
        }
        // All heard the same, in the order of their texts.
        assert!(heard.chunks(2).all(|pair| pair == &heard[..2]));
        assert_eq!(heard[0][0], heard[1][0]);
        assert_ne!(heard[1][0], heard[1][1]);

        let lines = gateway.ledger.lines();
        assert_eq!(lines.len(), 2 * DIALECTS.len());
        let billed: u64 = lines
            .iter()
            .map(|line| {
                serde_json::to_value(line).unwrap()["input"]
                    .as_u64()
                    .unwrap()
            })
            .sum();
        let book = sim.book().totals();
        assert_eq!(book.lines, lines.len() as u64);
        // A list of Gemini's says nothing of tokens: those are estimated, and marked so.
        if provider != Dialect::Gemini {
            assert_eq!(billed, book.uncached_input, "{provider}");
        }
    }
}

#[tokio::test]
async fn base64_and_numbers_are_the_same_vector() {
    for provider in DIALECTS {
        let server = sim(provider).serve().await.unwrap();
        let draft = Draft::new()
            .provider(ProviderDraft::url("p", provider, server.base_url()))
            .route(RouteDraft::new("vectors", ["p/m"]));
        let gateway = Gateway::start(draft).await;
        let (path, mut body) = ask(Dialect::OpenAiChat, &["a text"]);
        let url = format!("{}{path}", gateway.url());
        let listed = read(Dialect::OpenAiChat, &post(&url, &body).await, true);
        body["encoding_format"] = "base64".into();
        let answer = post(&url, &body).await.json();
        let packed = answer["data"][0]["embedding"].as_str().unwrap().to_owned();
        let bytes = STANDARD.decode(packed).unwrap();
        let floats = bytes
            .chunks_exact(4)
            .map(|four| f32::from_le_bytes(four.try_into().unwrap()));
        assert_eq!(listed, [floats.collect::<Vec<_>>()], "{provider}");
    }
}

#[tokio::test]
async fn what_another_provider_cannot_embed_is_refused_by_its_place() {
    let sim = sim(Dialect::Gemini);
    let server = sim.serve().await.unwrap();
    let draft = Draft::new()
        .provider(ProviderDraft::url("p", Dialect::Gemini, server.base_url()))
        .route(RouteDraft::new("vectors", ["p/m"]));
    let gateway = Gateway::start(draft).await;
    let (path, mut body) = ask(Dialect::OpenAiChat, &["a text"]);
    for (input, place) in [
        (json!([1, 2, 3]), "/input"),
        (json!([[1], [2]]), "/input"),
        (json!(["a", ""]), "/input/1"),
        (json!(["a", {}]), "/input/1"),
    ] {
        body["input"] = input;
        let answer = post(&format!("{}{path}", gateway.url()), &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text());
        assert_eq!(answer.json()["error"]["param"], place);
    }
    let (path, mut body) = ask(Dialect::Cohere, &["a text"]);
    body["embedding_types"] = json!(["int8"]);
    let answer = post(&format!("{}{path}", gateway.url()), &body).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text());
    assert!(
        answer.text().contains("/embedding_types"),
        "{}",
        answer.text()
    );
    assert_eq!(sim.received().len(), 0);
}
