//! What the simulated providers write has the shape of what was recorded: no member that the real
//! ones do not write in that place.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use towerman_sim::{Dialect, Sim};

use crate::{
    common::{DIALECTS, Event, send},
    native,
    recorded::{folder, recordings},
};

/// Members that hold what a client or a model made up.
const OPAQUE: [&str; 7] = [
    "args",
    "arguments",
    "input",
    "tools",
    "metadata",
    "text",
    "instructions",
];

/// Every place in which the value has a member.
fn places(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let place = format!("{at}.{name}");
                if !OPAQUE.contains(&name.as_str()) {
                    places(value, &place, found);
                }
                found.insert(place);
            }
        }
        Value::Array(items) => {
            for item in items {
                places(item, &format!("{at}[]"), found);
            }
        }
        _ => {}
    }
}

fn streamed(dialect: Dialect, events: &[Event], found: &mut BTreeSet<String>) {
    for event in events {
        let name = event.name.as_deref().unwrap_or_default();
        // An item is what its type says.
        let kind = match dialect {
            Dialect::OpenAiResponses => event.data["item"]["type"].as_str().unwrap_or_default(),
            _ => "",
        };
        places(&event.data, &format!("{name} {kind}"), found);
    }
}

/// The places of all recorded answers.
fn recorded(dialect: Dialect) -> Option<BTreeSet<String>> {
    let name = match dialect {
        Dialect::OpenAi => "openai-chat",
        Dialect::Anthropic => "anthropic",
        Dialect::Gemini => "gemini",
        Dialect::OpenAiResponses => "openai-responses",
        Dialect::BedrockConverse => "bedrock-converse",
        Dialect::Ollama => "ollama",
        Dialect::Cohere => "cohere",
        other => panic!("{other:?}"),
    };
    let mut found = BTreeSet::new();
    let (whole, answers) = (recordings()?, recordings()?.join("../response-only"));
    for exchange in [folder(&whole, name), folder(&answers, name)].concat() {
        let response = &exchange["response"];
        // Answers without their question are good ones.
        if response.get("status").is_some_and(|status| *status != 200) {
            continue;
        }
        if let Some(body) = response.get("body") {
            places(body, "", &mut found);
        } else if let Some(frames) = response["eventstream_b64"].as_str() {
            let bytes = STANDARD.decode(frames).unwrap();
            streamed(dialect, &crate::frames::read(&bytes), &mut found);
        } else if let Some(chunks) = response["chunks"].as_array() {
            let events: Vec<_> = chunks
                .iter()
                .filter_map(|chunk| unframed(dialect, chunk))
                .collect();
            streamed(dialect, &events, &mut found);
        } else if let Some(lines) = response["ndjson"].as_str() {
            for line in lines.lines().filter(|line| !line.is_empty()) {
                places(&serde_json::from_str(line).unwrap(), " ", &mut found);
            }
        } else if let Some(text) = response["sse"].as_str() {
            let text = text.replace("\r\n", "\n");
            for block in text.split("\n\n").filter(|block| !block.is_empty()) {
                let line = |mark| block.lines().find_map(|line| line.strip_prefix(mark));
                let Some(data) = line("data: ").filter(|data| *data != "[DONE]") else {
                    continue;
                };
                let event = Event {
                    name: line("event: ").map(str::to_owned),
                    data: serde_json::from_str(data).unwrap(),
                };
                streamed(dialect, &[event], &mut found);
            }
        }
    }
    Some(found)
}

/// A chunk that was recorded without what told it from the next.
fn unframed(dialect: Dialect, chunk: &Value) -> Option<Event> {
    let data: Value = serde_json::from_str(chunk.as_str()?).ok()?;
    match dialect {
        Dialect::BedrockConverse => {
            let (name, data) = data.as_object()?.iter().next()?;
            Some(Event {
                name: Some(name.clone()),
                data: data.clone(),
            })
        }
        _ => Some(Event {
            name: data["type"].as_str().map(str::to_owned),
            data,
        }),
    }
}

/// A question with a tool, in the dialect's own words.
pub fn with_tools(dialect: Dialect, said: &str, stream: bool) -> Value {
    let parameters = json!({"type": "object"});
    let function = json!({"name": "time", "parameters": parameters});
    let chat = json!([{"role": "user", "content": said}]);
    let mut body = match dialect {
        Dialect::Gemini => json!({"contents": [{"role": "user", "parts": [{"text": said}]}],
            "generationConfig": {"thinkingConfig": {"includeThoughts": true}},
            "tools": [{"functionDeclarations": [function]}]}),
        Dialect::OpenAiResponses => {
            json!({"model": "m", "input": chat, "reasoning": {"summary": "auto"},
            "tools": [{"type": "function", "name": "time", "parameters": parameters}]})
        }
        Dialect::BedrockConverse => {
            json!({"messages": [{"role": "user", "content": [{"text": said}]}],
            "additionalModelRequestFields": {"thinking": {"type": "enabled"}},
            "toolConfig": {"tools": [{"toolSpec": {"name": "time", "inputSchema": {"json": parameters}}}]}})
        }
        Dialect::Anthropic => json!({"model": "m", "max_tokens": 500, "messages": chat,
            "thinking": {"type": "enabled", "budget_tokens": 1024},
            "tools": [{"name": "time", "input_schema": parameters}]}),
        _ => {
            json!({"model": "m", "messages": chat, "tools": [{"type": "function", "function": function}]})
        }
    };
    body["stream"] = json!(stream);
    body
}

/// What is written that no recording has, and why that is right.
fn unseen(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        // No recorded stream met a cache, or had its thoughts signed.
        Dialect::Gemini => &[
            ".cachedContentTokenCount",
            ".cacheTokensDetails",
            ".cacheTokensDetails[].modality",
            ".cacheTokensDetails[].tokenCount",
        ],
        Dialect::BedrockConverse => &[
            ".reasoningContent.signature",
            ".usage.cacheReadInputTokenCount",
            ".usage.cacheReadInputTokens",
            ".usage.cacheWriteInputTokenCount",
            ".usage.cacheWriteInputTokens",
        ],
        // Whole answers name their calls; the streams are from before that.
        Dialect::Ollama => &[".tool_calls[].id"],
        _ => &[],
    }
}

#[tokio::test]
async fn nothing_is_written_that_was_never_seen() {
    for dialect in DIALECTS {
        let Some(known) = recorded(dialect) else {
            return;
        };
        let mut written = BTreeSet::new();
        for sim in [
            Sim::speaking(dialect, "alpha").build(),
            Sim::speaking(dialect, "alpha").thinking().build(),
        ] {
            for said in [
                "hi".to_owned(),
                "tool:time {} tool:time {}".to_owned(),
                "x".repeat(6000),
            ] {
                // The second time, the prompt may be cached.
                for stream in [false, true, true] {
                    let reply = send(&sim, &with_tools(dialect, &said, stream)).await;
                    assert_eq!(reply.status, 200);
                    if stream {
                        let events = native::events(dialect, &reply.bytes);
                        streamed(dialect, &events, &mut written);
                    } else {
                        places(&reply.json(), "", &mut written);
                    }
                }
            }
        }
        let unknown: Vec<_> = written
            .difference(&known)
            .filter(|place| !unseen(dialect).iter().any(|end| place.ends_with(end)))
            .collect();
        assert!(written.len() > 20);
        assert!(unknown.is_empty(), "{dialect:?}: {unknown:#?}");
    }
}
