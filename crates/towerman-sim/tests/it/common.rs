//! A small client: asks in any dialect, and reads SSE strictly.

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use towerman_sim::{Dialect, Sim, SimBody, SimError};

pub use crate::native::{post, terminated, text};

pub const DIALECTS: [Dialect; Dialect::ALL.len()] = Dialect::ALL;

pub fn sim(dialect: Dialect) -> Sim {
    Sim::speaking(dialect, "alpha").build()
}

/// A request body that says this, as some dialects take it; [`post`] words it for the others.
pub fn ask(text: &str, stream: bool) -> Value {
    json!({
        "model": "m", "max_tokens": 1000, "stream": stream,
        "messages": [{"role": "user", "content": text}],
    })
}

/// Sends it in memory, and leaves the body to the caller.
pub async fn open(sim: &Sim, body: &Value) -> Result<Response<SimBody>, SimError> {
    sim.service()
        .oneshot(post(sim.dialect(), "http://sim", body))
        .await
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .unwrap_or_else(|| panic!("no {name}"))
            .to_str()
            .unwrap()
    }
}

pub async fn read(response: Response<SimBody>) -> Reply {
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Reply {
        status: head.status,
        headers: head.headers,
        bytes,
    }
}

/// Sends it in memory, and reads the whole response.
pub async fn send(sim: &Sim, body: &Value) -> Reply {
    read(open(sim, body).await.unwrap()).await
}

/// All data that came before the body ended, and how it ended.
pub async fn drain(response: Response<SimBody>) -> (Vec<Bytes>, Result<(), SimError>) {
    let mut body = response.into_body();
    let mut chunks = Vec::new();
    loop {
        match body.frame().await {
            None => return (chunks, Ok(())),
            Some(Ok(frame)) => chunks.push(frame.into_data().unwrap()),
            Some(Err(error)) => return (chunks, Err(error)),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Event {
    pub name: Option<String>,
    pub data: Value,
}

/// Reads a stream that must be made of whole, well-formed events; `[DONE]` becomes a string.
pub fn events(bytes: &[u8]) -> Vec<Event> {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(
        text.ends_with("\n\n"),
        "the last event is not whole: {text:?}"
    );
    text.trim_end_matches('\n')
        .split("\n\n")
        .filter(|block| !block.starts_with(':'))
        .map(|block| {
            let mut name = None;
            let mut data = None;
            for line in block.lines() {
                match line.split_once(": ").unwrap() {
                    ("event", value) => assert!(name.replace(value.to_owned()).is_none()),
                    ("data", value) => assert!(data.replace(value).is_none()),
                    other => panic!("{other:?}"),
                }
            }
            let data = data.unwrap();
            let data = if data == "[DONE]" {
                json!(data)
            } else {
                serde_json::from_str(data).unwrap()
            };
            if let Some(name) = &name {
                assert_eq!(data["type"], *name);
            }
            Event { name, data }
        })
        .collect()
}

/// Waits, in real time, for what another task is about to do.
pub async fn eventually(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(4)).await;
    }
    panic!("never: {what}");
}
