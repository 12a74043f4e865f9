//! Recorded requests: what the real APIs took is taken, and what they refused for its form is not.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use http::Request;
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use tower::ServiceExt;
use towerman_sim::Sim;

/// Where the recordings are, if they are here.
pub fn recordings() -> Option<PathBuf> {
    let shared = std::env::var_os("TOWERMAN_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let root = shared.join("wire/recorded");
    if root.is_dir() {
        return Some(root);
    }
    assert_ne!(
        std::env::var("CI").as_deref(),
        Ok("true"),
        "no recordings at {root:?}"
    );
    eprintln!("NO RECORDINGS at {root:?}: nothing was checked");
    None
}

/// The recorded exchanges of one folder, by file.
fn files(root: &Path, name: &str) -> BTreeMap<String, Value> {
    // Of some dialects there are answers without questions, and of others not.
    let files = fs::read_dir(root.join(name)).into_iter().flatten();
    files
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (
                name,
                serde_json::from_slice(&fs::read(&path).unwrap()).unwrap(),
            )
        })
        .collect()
}

/// The recorded exchanges of one folder.
pub fn folder(root: &Path, name: &str) -> Vec<Value> {
    files(root, name).into_values().collect()
}

async fn replay(sim: &Sim, exchange: &Value) -> (u16, Vec<u8>) {
    let request = &exchange["request"];
    let path = request["path"].as_str().unwrap();
    let mut replayed = Request::post(format!("http://sim{path}"));
    // Some recordings were made without headers.
    let version = request["headers"]["anthropic-version"].as_str();
    replayed = replayed.header("anthropic-version", version.unwrap_or("2023-06-01"));
    let body = Full::<bytes::Bytes>::from(request["body"].to_string());
    let response = sim
        .service()
        .oneshot(replayed.body(body).unwrap())
        .await
        .unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, bytes.to_vec())
}

/// Replays a folder; what was taken must be, but for these files.
async fn taken(sim: &Sim, name: &str, but: &[&str]) {
    taken_at(sim, name, "", but).await;
}

/// The same for those requests whose path has this part.
async fn taken_at(sim: &Sim, name: &str, part: &str, but: &[&str]) {
    let Some(root) = recordings() else { return };
    let mut count = 0;
    let mut refused = Vec::new();
    for (file, exchange) in files(&root, name) {
        let path = exchange["request"]["path"].as_str().unwrap();
        if exchange["response"]["status"] != 200 || !path.contains(part) {
            continue;
        }
        count += 1;
        let (status, bytes) = replay(sim, &exchange).await;
        if (status != 200) != but.contains(&file.as_str()) {
            refused.push(format!(
                "{file}: {status} {}",
                String::from_utf8_lossy(&bytes)
            ));
        }
    }
    assert!(count > 0);
    assert!(refused.is_empty(), "{name}: {refused:#?}");
    eprintln!("{name}: {count} requests");
}

#[tokio::test]
async fn openai_took_these() {
    let sim = Sim::openai("alpha").build();
    taken(&sim, "openai-chat", &[]).await;
    taken(&sim, "openai-embeddings", &[]).await;
    taken(&sim, "openai-completions", &[]).await;
}

#[tokio::test]
async fn anthropic_took_these() {
    let sim = Sim::anthropic("alpha").build();
    taken(&sim, "anthropic", &[]).await;
    taken(&sim, "anthropic-count-tokens", &[]).await;
}

#[tokio::test]
async fn gemini_took_these() {
    let sim = Sim::gemini("alpha").build();
    taken(&sim, "gemini", &[]).await;
    taken(&sim, "gemini-embeddings", &[]).await;
}

#[tokio::test]
async fn gemini_that_thinks_took_these() {
    let sim = Sim::gemini("alpha").thinking().build();
    // The models since Gemini 3 want their signatures back.
    taken_at(&sim, "gemini", "gemini-3", &[]).await;
}

#[tokio::test]
async fn openai_responses_took_these() {
    let sim = Sim::openai_responses("alpha").build();
    // It goes on from an answer that was stored.
    taken(&sim, "openai-responses", &["003.json"]).await;
}

#[tokio::test]
async fn bedrock_took_these() {
    let sim = Sim::bedrock("alpha").build();
    // A guardrail stepped in before anyone saw that two messages in a row are the user's.
    taken(&sim, "bedrock-converse", &["086.json"]).await;
}

#[tokio::test]
async fn ollama_took_these() {
    let sim = Sim::ollama("alpha").build();
    taken(&sim, "ollama", &[]).await;
}

#[tokio::test]
async fn cohere_took_these() {
    let sim = Sim::cohere("alpha").build();
    taken(&sim, "cohere", &[]).await;
    taken(&sim, "cohere-embed", &[]).await;
}
