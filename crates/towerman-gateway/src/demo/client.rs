//! A client that checks what it gets.

use std::net::SocketAddr;

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

    /// Sends one request and reads its answer to the end. The text that the model said.
    pub(super) async fn ask(&self, wish: &Wish) -> Result<String, BoxError> {
        let uri: Uri = format!("http://{}{}", self.address, wish.dialect.path()).parse()?;
        let request = Request::post(uri)
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-priority", wish.priority.as_str())
            .header("x-session-id", &wish.session)
            .body(Full::from(wish.body().to_string()))?;
        let response = self.pool.request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if status != StatusCode::OK {
            return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
        }
        let text = if wish.stream {
            streamed(wish.dialect, &body)?
        } else {
            whole(wish.dialect, &body)?
        };
        if text.is_empty() {
            Err("an empty answer".into())
        } else {
            Ok(text)
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

fn whole(dialect: Dialect, body: &[u8]) -> Result<String, BoxError> {
    let answer: Value = serde_json::from_slice(body)?;
    let text = match dialect {
        Dialect::Anthropic => &answer["content"][0]["text"],
        _ => &answer["choices"][0]["message"]["content"],
    };
    Ok(text.as_str().unwrap_or_default().to_owned())
}

/// The text of a stream, which must be complete.
fn streamed(dialect: Dialect, body: &[u8]) -> Result<String, BoxError> {
    let (mut text, mut complete) = (String::new(), false);
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
        let delta = match dialect {
            Dialect::Anthropic => &event["delta"]["text"],
            _ => &event["choices"][0]["delta"]["content"],
        };
        text.push_str(delta.as_str().unwrap_or_default());
        complete |= event["type"] == "message_stop";
    }
    if complete {
        Ok(text)
    } else {
        Err("a stream that broke off".into())
    }
}
