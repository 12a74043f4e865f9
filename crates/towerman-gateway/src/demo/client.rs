//! A client that checks what it gets.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client as Pool, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use towerman::core::{BoxError, Dialect, Priority};

/// What one request asks for.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) dialect: Dialect,
    pub(super) route: &'static str,
    pub(super) stream: bool,
    pub(super) priority: Priority,
    pub(super) session: String,
    pub(super) system: String,
    /// User and assistant turns, alternating, the last one the user's.
    pub(super) turns: Vec<String>,
}

/// What one request got.
#[derive(Debug)]
pub(super) struct Answer {
    /// What the model said.
    pub(super) text: String,
    /// The id that the provider gave the answer, whatever the dialect.
    pub(super) id: String,
    /// From sending the request to having all of the answer.
    pub(super) took: Duration,
}

/// A pooled client of one gateway.
#[derive(Clone)]
pub(super) struct Client {
    pool: Pool<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
}

impl Client {
    pub(super) fn new(address: SocketAddr) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        Self {
            pool: Pool::builder(TokioExecutor::new()).build(tcp),
            address,
        }
    }

    /// Sends one request and reads its answer to the end.
    pub(super) async fn ask(&self, wish: &Wish) -> Result<Answer, BoxError> {
        let uri: Uri = format!("http://{}{}", self.address, wish.dialect.path()).parse()?;
        let request = Request::post(uri)
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-priority", wish.priority.as_str())
            .header("x-session-id", &wish.session)
            .body(Full::from(wish.body().to_string()))?;
        let sent = Instant::now();
        let response = self.pool.request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        let took = sent.elapsed();
        if status != StatusCode::OK {
            return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
        }
        let (text, id) = if wish.stream {
            streamed(wish.dialect, &body)?
        } else {
            whole(wish.dialect, &body)?
        };
        if text.is_empty() {
            Err("an empty answer".into())
        } else {
            Ok(Answer { text, id, took })
        }
    }
}

impl Wish {
    fn body(&self) -> Value {
        let turns = self
            .turns
            .iter()
            .zip(["user", "assistant"].into_iter().cycle());
        let messages = turns.map(|(content, role)| json!({ "role": role, "content": content }));
        match self.dialect {
            Dialect::Anthropic => json!({
                "model": self.route,
                "max_tokens": 256,
                "system": [{ "type": "text", "text": self.system, "cache_control": { "type": "ephemeral" } }],
                "messages": messages.collect::<Vec<_>>(),
                "stream": self.stream,
            }),
            _ => {
                let system = json!({ "role": "system", "content": self.system });
                json!({
                    "model": self.route,
                    "messages": std::iter::once(system).chain(messages).collect::<Vec<_>>(),
                    "stream": self.stream,
                })
            }
        }
    }
}

/// The text of an answer, and its id.
fn whole(dialect: Dialect, body: &[u8]) -> Result<(String, String), BoxError> {
    let answer: Value = serde_json::from_slice(body)?;
    let text = match dialect {
        Dialect::Anthropic => &answer["content"][0]["text"],
        _ => &answer["choices"][0]["message"]["content"],
    };
    Ok((words(text), words(&answer["id"])))
}

/// The text of a stream, which must be complete, and its id.
fn streamed(dialect: Dialect, body: &[u8]) -> Result<(String, String), BoxError> {
    let (mut text, mut id, mut complete) = (String::new(), String::new(), false);
    for data in String::from_utf8_lossy(body)
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
    {
        if data == "[DONE]" {
            complete = true;
            continue;
        }
        let event: Value = serde_json::from_str(data)?;
        if event.get("error").is_some() {
            return Err(format!("an error in the stream: {}", event["error"]["message"]).into());
        }
        let (delta, name) = match dialect {
            Dialect::Anthropic => (&event["delta"]["text"], &event["message"]["id"]),
            _ => (&event["choices"][0]["delta"]["content"], &event["id"]),
        };
        text.push_str(&words(delta));
        if id.is_empty() {
            id = words(name);
        }
        complete |= event["type"] == "message_stop";
    }
    if complete {
        Ok((text, id))
    } else {
        Err("a stream that broke off".into())
    }
}

fn words(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
