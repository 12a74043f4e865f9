//! A host that takes what is signed for it, and answers as Claude on Bedrock does.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    frames::{chunk, exception},
    sigv4::{self, Account},
};

/// A request that was taken: its path, and its body as it came.
pub(crate) type Taken = (String, Bytes);

pub(crate) struct Host {
    pub(crate) url: String,
    pub(crate) taken: Arc<Mutex<Vec<Taken>>>,
    _tasks: JoinSet<()>,
}

impl Host {
    pub(crate) async fn start(account: Account) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (account, taken) = (Arc::new(account), Arc::default());
        let mut tasks = JoinSet::new();
        let shared = Arc::clone(&taken);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (account, taken) = (Arc::clone(&account), Arc::clone(&shared));
                connections.spawn(async move {
                    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                        let (account, taken) = (Arc::clone(&account), Arc::clone(&taken));
                        async move { Ok::<_, Infallible>(answer(request, &account, &taken).await) }
                    });
                    let http = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                    let _ = http.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self {
            url,
            taken,
            _tasks: tasks,
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    account: &Account,
    taken: &Mutex<Vec<Taken>>,
) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    if let Some(why) = sigv4::refuse(account, &head, &body) {
        let message = format!("The request signature we calculated does not match: {why}");
        let error = json!({ "message": message });
        return Response::builder()
            .status(403)
            .header("content-type", "application/json")
            .header("x-amzn-errortype", "InvalidSignatureException")
            .body(error.to_string().into())
            .unwrap();
    }
    let path = head.uri.path().to_owned();
    taken.lock().unwrap().push((path.clone(), body));
    let (kind, body) = if path.ends_with("/invoke") {
        ("application/json", message().to_string().into_bytes())
    } else {
        ("application/vnd.amazon.eventstream", stream(&path))
    };
    let response = Response::builder().header("content-type", kind);
    response.body(Full::from(body)).unwrap()
}

fn message() -> Value {
    json!({
        "id": "msg_bdrk_1", "type": "message", "role": "assistant", "model": "claude-haiku",
        "content": [{ "type": "text", "text": "Hello there" }],
        "stop_reason": "end_turn", "stop_sequence": null,
        "usage": { "input_tokens": 14, "output_tokens": 10 },
    })
}

/// The events of a stream, as Claude says them.
pub(crate) fn events() -> Vec<Value> {
    let mut begun = message();
    begun["content"] = json!([]);
    begun["stop_reason"] = Value::Null;
    let delta = |text: &str| {
        json!({ "type": "content_block_delta", "index": 0,
                "delta": { "type": "text_delta", "text": text } })
    };
    let block = json!({ "type": "text", "text": "" });
    vec![
        json!({ "type": "message_start", "message": begun }),
        json!({ "type": "content_block_start", "index": 0, "content_block": block }),
        delta("Hello"),
        delta(" there"),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "usage": { "output_tokens": 10 },
                "delta": { "stop_reason": "end_turn", "stop_sequence": null } }),
        json!({ "type": "message_stop",
                "amazon-bedrock-invocationMetrics": { "inputTokenCount": 14 } }),
    ]
}

/// A stream, whole or as the model's name wants it to go wrong.
fn stream(path: &str) -> Vec<u8> {
    let mut frames: Vec<_> = events().iter().map(chunk).collect();
    if path.contains("throttled") {
        frames.truncate(3);
        frames.push(exception("throttlingException", "Too many tokens"));
    } else if path.contains("garbled") {
        frames.truncate(4);
        *frames[3].last_mut().unwrap() ^= 1;
    } else if path.contains("cut") {
        frames.truncate(4);
        frames[3].truncate(20);
    }
    frames.concat()
}
