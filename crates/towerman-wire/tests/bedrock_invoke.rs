//! Claude's bodies on AWS Bedrock, as they were recorded: Anthropic's, but for what the path says.

#![allow(clippy::unwrap_used, clippy::panic)]

mod recorded_support;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use towerman_core::{Body, Dialect, Profile};
use towerman_wire::{
    ask, edit,
    observe::Observer,
    profile,
    translate::{self, Job, Options},
};

/// The recordings of Claude, by their number.
fn claude() -> Vec<(String, Value)> {
    let all = recorded_support::files("bedrock-invoke");
    let claude = |exchange: &Value| {
        let body = &exchange["request"]["body"];
        body["anthropic_version"].is_string()
    };
    let some: Vec<_> = all.into_iter().filter(|(_, all)| claude(all)).collect();
    assert!(some.is_empty() || some.len() == 5, "{}", some.len());
    some
}

fn row() -> &'static Profile {
    profile::find("anthropic-bedrock").unwrap()
}

fn streams(exchange: &Value) -> bool {
    let path = exchange["request"]["path"].as_str().unwrap();
    path.ends_with("/invoke-with-response-stream")
}

async fn read(body: Body) -> Value {
    serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap()
}

#[tokio::test]
async fn what_anthropics_clients_say_becomes_what_bedrock_was_sent() {
    for (name, exchange) in claude() {
        let sent = &exchange["request"]["body"];
        let mut said = sent.clone();
        let members = said.as_object_mut().unwrap();
        members.remove("anthropic_version");
        members.insert("model".into(), "claude".into());
        members.insert("stream".into(), streams(&exchange).into());
        let said = Bytes::from(said.to_string());
        let ask = ask::read(Dialect::Anthropic, &said).unwrap();
        let (body, losses) = edit::forward(&ask, &said, "x:0", row()).unwrap();
        assert_eq!(&read(body).await, sent, "{name}");
        assert!(losses.is_empty(), "{name}: the path says what is left out");
    }
}

#[tokio::test]
async fn what_other_clients_say_arrives_without_model_and_stream() {
    let said = json!({ "model": "m", "stream": true, "max_tokens": 5,
                       "messages": [{ "role": "user", "content": "Hi" }] });
    for name in ["anthropic-bedrock", "anthropic-vertex"] {
        let profile = profile::find(name).unwrap();
        let job = Job::new(Dialect::OpenAiChat, Dialect::Anthropic, "x:0");
        let mut told = translate::translate(&job, said.to_string().as_bytes()).unwrap();
        let body = edit::bent(told.body, profile, &mut told.losses).unwrap();
        let body = read(body).await;
        let bedrock = name == "anthropic-bedrock";
        assert_eq!(body.get("model"), None, "{name}");
        assert_eq!(body.get("stream").is_none(), bedrock, "{name}");
        let version = body["anthropic_version"].as_str().unwrap();
        assert_eq!(version.starts_with("bedrock-"), bedrock, "{name}");
        assert!(told.losses.is_empty());
    }
}

#[test]
fn whole_answers_are_anthropics() {
    for (name, exchange) in claude() {
        if streams(&exchange) {
            continue;
        }
        let answer = &exchange["response"]["body"];
        let body = Bytes::from(answer.to_string());
        let (from, to) = (Dialect::Anthropic, Dialect::OpenAiChat);
        let told = translate::response(from, to, &body, &Options::default()).unwrap();
        let told: Value = serde_json::from_slice(&told).unwrap();
        let said = &told["choices"][0]["message"];
        let first = &answer["content"][0];
        if first["type"] == "tool_use" {
            let call = &said["tool_calls"][0]["function"];
            assert_eq!(call["name"], first["name"], "{name}");
        } else {
            assert_eq!(said["content"], first["text"], "{name}");
        }
        let mut observer = Observer::new(Some(from), StatusCode::OK, Some("application/json"));
        observer.push(&body);
        observer.finish();
        let usage = observer.learned().usage.unwrap();
        assert_eq!(
            usage.output,
            answer["usage"]["output_tokens"].as_u64().unwrap()
        );
        assert!(observer.learned().complete, "{name}");
    }
}
