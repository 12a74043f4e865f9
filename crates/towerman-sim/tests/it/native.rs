//! Puts a question into the words of any dialect, and reads its answers strictly.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use tower::ServiceExt;
use towerman_sim::{Dialect, Sim};

use crate::{
    common::{Event, Reply, read},
    frames,
};

/// The path and the body of a question as [`ask`](crate::common::ask) has it; a body that is the
/// dialect's own stays as it is, but for `model` and `stream` where the path says them.
pub fn worded(dialect: Dialect, body: &Value) -> (String, Value) {
    let mut body = body.clone();
    let model = body["model"].as_str().unwrap_or("m").to_owned();
    let stream = body["stream"] == true;
    let path = dialect.path_for(&model, stream);
    let text = body["messages"][0]["content"].clone();
    let limit = body.get("max_tokens").cloned();
    let Some(members) = body.as_object_mut() else {
        return (path, body);
    };
    match dialect {
        Dialect::Gemini => {
            members.remove("model");
            members.remove("stream");
            if members.remove("messages").is_some() {
                members.remove("max_tokens");
                members.insert(
                    "contents".into(),
                    json!([{"role": "user", "parts": [{"text": text}]}]),
                );
                members.insert("generationConfig".into(), json!({"maxOutputTokens": limit}));
            }
        }
        Dialect::BedrockConverse => {
            members.remove("model");
            members.remove("stream");
            if members.remove("max_tokens").is_some() {
                members.insert(
                    "messages".into(),
                    json!([{"role": "user", "content": [{"text": text}]}]),
                );
                members.insert("inferenceConfig".into(), json!({"maxTokens": limit}));
            }
        }
        Dialect::Ollama if limit.is_some() => {
            members.remove("max_tokens");
            members.insert("options".into(), json!({"num_predict": limit}));
        }
        Dialect::OpenAiResponses => {
            if let Some(messages) = members.remove("messages") {
                members.remove("max_tokens");
                members.insert("input".into(), messages);
                members.insert("max_output_tokens".into(), json!(limit));
            }
        }
        _ => {}
    }
    (path, body)
}

pub fn post(dialect: Dialect, origin: &str, body: &Value) -> Request<Full<Bytes>> {
    let (path, body) = worded(dialect, body);
    let mut request =
        Request::post(format!("{origin}{path}")).header("content-type", "application/json");
    if dialect == Dialect::Anthropic {
        request = request.header("anthropic-version", "2023-06-01");
    }
    request.body(Full::from(body.to_string())).unwrap()
}

/// Sends a body to a path as it is.
pub async fn raw(sim: &Sim, path: &str, body: &Value) -> Reply {
    let request = Request::post(format!("http://sim{path}"));
    let request = request.body(Full::from(body.to_string())).unwrap();
    read(sim.service().oneshot(request).await.unwrap()).await
}

/// Reads a stream that must be made of whole, well-formed chunks.
pub fn events(dialect: Dialect, bytes: &[u8]) -> Vec<Event> {
    match dialect {
        Dialect::Gemini => crlf(bytes),
        Dialect::BedrockConverse => frames::read(bytes),
        Dialect::Ollama => lines(bytes),
        _ => crate::common::events(bytes),
    }
}

/// Google's events, and the error that is none.
pub fn crlf(bytes: &[u8]) -> Vec<Event> {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.ends_with("\r\n\r\n"), "{text:?}");
    text.trim_end_matches("\r\n")
        .split("\r\n\r\n")
        .filter(|block| !block.starts_with(':'))
        .map(|block| {
            let (name, json) = match block.strip_prefix("data: ") {
                Some(json) => (None, json),
                None => (Some("error".to_owned()), block),
            };
            let data = serde_json::from_str(json).unwrap();
            Event { name, data }
        })
        .collect()
}

/// One object a line.
fn lines(bytes: &[u8]) -> Vec<Event> {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.ends_with('\n'), "{text:?}");
    text.lines()
        .filter(|line| !line.is_empty())
        .map(|line| Event {
            name: None,
            data: serde_json::from_str(line).unwrap(),
        })
        .collect()
}

/// What a stream says.
pub fn text(events: &[Event]) -> String {
    let said = |event: &Event| {
        let data = &event.data;
        [
            &data["choices"][0]["delta"]["content"],
            &data["delta"]["text"],
            &data["message"]["content"],
            &data["delta"]["message"]["content"]["text"],
            if data["type"] == "response.output_text.delta" {
                &data["delta"]
            } else {
                &Value::Null
            },
            &data["candidates"][0]["content"]["parts"][0]["text"],
        ]
        .into_iter()
        .find_map(|text| text.as_str().map(str::to_owned))
    };
    events.iter().filter_map(said).collect()
}

/// The stream ended the way its dialect ends a good one.
pub fn terminated(dialect: Dialect, events: &[Event]) -> bool {
    events.last().is_some_and(|last| match dialect {
        Dialect::OpenAi | Dialect::Cohere => last.data == "[DONE]",
        Dialect::OpenAiResponses => last.data["type"] == "response.completed",
        Dialect::Ollama => last.data["done"] == true,
        Dialect::BedrockConverse => last.name.as_deref() == Some("metadata"),
        Dialect::Gemini => last.data["candidates"][0]["finishReason"].is_string(),
        _ => last.data["type"] == "message_stop",
    })
}

/// What is written once in every chunk of a stream.
pub fn mark(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::BedrockConverse => ":event-type",
        Dialect::Ollama => "\"done\":",
        _ => "data: ",
    }
}

/// Input (all of it), cached input, output: of a whole answer, or of a stream's events.
pub fn usage(dialect: Dialect, events: &[Value]) -> (u64, u64, u64) {
    let last = |name: &str| {
        let mut found = events.iter().rev().map(|event| &event[name]);
        found.find(|usage| usage.is_object()).cloned().unwrap()
    };
    let of = |usage: &Value, path: &[&str]| {
        let value = path.iter().fold(usage, |value, name| &value[*name]);
        value.as_u64().unwrap_or(0)
    };
    match dialect {
        Dialect::OpenAi => {
            let usage = last("usage");
            let cached = of(&usage, &["prompt_tokens_details", "cached_tokens"]);
            let (input, output) = (
                of(&usage, &["prompt_tokens"]),
                of(&usage, &["completion_tokens"]),
            );
            assert_eq!(of(&usage, &["total_tokens"]), input + output);
            (input, cached, output)
        }
        Dialect::Cohere => {
            let mut found = events.iter().rev();
            let told = found
                .find_map(|event| {
                    let own = event.get("usage");
                    own.or_else(|| event.get("delta")?.get("usage"))
                })
                .unwrap();
            let cached = of(told, &["cached_tokens"]);
            let tokens = |name| of(told, &["tokens", name]);
            (tokens("input_tokens"), cached, tokens("output_tokens"))
        }
        Dialect::Ollama => {
            let told = events.last().unwrap();
            let (input, output) = (of(told, &["prompt_eval_count"]), of(told, &["eval_count"]));
            (input, 0, output)
        }
        Dialect::BedrockConverse => {
            let usage = last("usage");
            let cached = of(&usage, &["cacheReadInputTokens"]);
            let written = of(&usage, &["cacheWriteInputTokens"]);
            let input = of(&usage, &["inputTokens"]) + cached + written;
            let output = of(&usage, &["outputTokens"]);
            assert_eq!(of(&usage, &["totalTokens"]), input + output);
            (input, cached, output)
        }
        Dialect::OpenAiResponses => {
            let told = last_usage(events);
            let cached = of(&told, &["input_tokens_details", "cached_tokens"]);
            let (input, output) = (of(&told, &["input_tokens"]), of(&told, &["output_tokens"]));
            assert_eq!(of(&told, &["total_tokens"]), input + output);
            (input, cached, output)
        }
        Dialect::Gemini => {
            let usage = last("usageMetadata");
            let input = of(&usage, &["promptTokenCount"]);
            let output =
                of(&usage, &["candidatesTokenCount"]) + of(&usage, &["thoughtsTokenCount"]);
            assert_eq!(of(&usage, &["totalTokenCount"]), input + output);
            (input, of(&usage, &["cachedContentTokenCount"]), output)
        }
        _ => {
            let usage = last("usage");
            let cached = of(&usage, &["cache_read_input_tokens"]);
            let written = of(&usage, &["cache_creation_input_tokens"]);
            let input = of(&usage, &["input_tokens"]) + cached + written;
            (input, cached, of(&usage, &["output_tokens"]))
        }
    }
}

/// The usage of a Response, or of the one that the last event carries.
fn last_usage(events: &[Value]) -> Value {
    let last = events.last().unwrap();
    let response = last.get("response").unwrap_or(last);
    response["usage"].clone()
}

/// The id that the book has for an answer.
pub fn id(dialect: Dialect, reply: &Reply) -> Option<String> {
    let body = reply.json();
    match dialect {
        Dialect::Gemini => body["responseId"].as_str().map(str::to_owned),
        Dialect::BedrockConverse => Some(reply.header("x-amzn-requestid").to_owned()),
        _ => body["id"].as_str().map(str::to_owned),
    }
}

/// The dialect's name for what is wrong; empty where it has none.
pub fn kind(dialect: Dialect, reply: &Reply) -> String {
    if dialect == Dialect::BedrockConverse {
        let (kind, space) = reply.header("x-amzn-errortype").split_once(':').unwrap();
        assert!(space.starts_with("http://"));
        return kind.to_owned();
    }
    let body = reply.json();
    let name = match dialect {
        Dialect::Ollama | Dialect::Cohere => return String::new(),
        Dialect::Gemini => {
            let error = &body["error"];
            assert!(error["message"].is_string() && error["code"].is_u64());
            &error["status"]
        }
        _ => &body["error"]["type"],
    };
    name.as_str().unwrap().to_owned()
}
