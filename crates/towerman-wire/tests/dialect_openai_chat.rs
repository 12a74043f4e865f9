//! Recorded traffic of OpenAI's chat dialect and its hosts, read and written again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod recorded_support;
mod translate_support;

use std::slice::from_ref;

use recorded_support::{Said, chunked, folders};
use serde_json::Value;
use towerman_core::Dialect;
use towerman_wire::translate::{self, Options, Stream};
use translate_support::{Answer, events, read_answer, read_stream};

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
        drop_nothing(side);
        let object = side.as_object_mut().unwrap();
        // Usage is always asked for.
        if let Some(options) = object.get_mut("stream_options") {
            options.as_object_mut().unwrap().remove("include_usage");
        }
        object.retain(|key, value| key != "stream_options" || value != &serde_json::json!({}));
        // These are what happens anyway.
        object.retain(|key, value| !matches!(&**key, "stream" | "logprobs") || value != false);
        // Mistral has another word for it.
        if object.get("tool_choice") == Some(&"any".into()) {
            object.insert("tool_choice".into(), "required".into());
        }
        // Some clients do not say that a tool is a function.
        if let Some(choice) = object.get_mut("tool_choice").and_then(Value::as_object_mut) {
            choice.entry("type").or_insert("function".into());
        }
        if let Some(stop) = object.get_mut("stop").filter(|stop| stop.is_string()) {
            *stop = Value::Array(vec![stop.take()]);
        }
        let tools = object.get_mut("tools").and_then(Value::as_array_mut);
        for tool in tools.into_iter().flatten() {
            let tool = tool.as_object_mut().unwrap();
            tool.entry("type").or_insert("function".into());
        }
        // Without tools there is nothing to choose from.
        if !object.contains_key("tools") {
            object.remove("tool_choice");
            object.remove("parallel_tool_calls");
        }
        for message in object["messages"].as_array_mut().unwrap() {
            // A lone text is a string, and nothing is no content.
            let message = message.as_object_mut().unwrap();
            let content = message.entry("content").or_insert(Value::Null);
            if let Some([part]) = content.as_array().map(Vec::as_slice)
                && part["type"] == "text"
                && part.as_object().unwrap().len() == 2
            {
                *content = part["text"].clone();
            }
            if content == "" {
                *content = Value::Null;
            }
        }
    }
}

/// Nulls and empty lists are nothing, and a number is the same with and without a point.
fn drop_nothing(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let arguments = |key: &str| matches!(key, "parameters" | "schema");
            let nothing =
                |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
            members.retain(|key, value| arguments(key) || !nothing(value));
            let others = members.iter_mut().filter(|(key, _)| !arguments(key));
            others.for_each(|(_, value)| drop_nothing(value));
        }
        Value::Array(elements) => elements.iter_mut().for_each(drop_nothing),
        Value::Number(number) => *value = number.as_f64().unwrap().into(),
        _ => {}
    }
}

/// What the messages or deltas of the first choice say of reasoning, and what their chunks count:
/// prompt, read from caches, output, reasoning.
fn aside(chunks: &[Value]) -> (String, [u64; 4]) {
    let mut thinking = String::new();
    let mut counts = [0; 5];
    for chunk in chunks {
        for usage in [&chunk["usage"], &chunk["x_groq"]["usage"]] {
            let count = |pointers: &[&str]| {
                let found = pointers.iter().filter_map(|at| usage.pointer(at)?.as_u64());
                found.max().unwrap_or_default()
            };
            let new = [
                count(&["/prompt_tokens"]),
                count(&[
                    "/prompt_tokens_details/cached_tokens",
                    "/prompt_cache_hit_tokens",
                    "/num_cached_tokens",
                ]),
                count(&["/completion_tokens"]),
                count(&["/completion_tokens_details/reasoning_tokens"]),
                count(&["/total_tokens"]),
            ];
            for (count, new) in counts.iter_mut().zip(new) {
                *count = new.max(*count);
            }
        }
        let choices = chunk["choices"].as_array().into_iter().flatten();
        for choice in choices.filter(|choice| choice["index"].as_u64().unwrap_or(0) == 0) {
            let said = match &choice["delta"] {
                Value::Object(_) if choice["message"].is_null() || chunks.len() > 1 => {
                    &choice["delta"]
                }
                _ => &choice["message"],
            };
            let details = said["reasoning_details"].as_array().into_iter().flatten();
            let details: String = details
                .map(|detail| texts(&detail["text"]) + &texts(&detail["summary"]))
                .collect();
            let names = [&said["reasoning_content"], &said["reasoning"]];
            let named = names.map(texts).into_iter().chain([details]);
            thinking += &named
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_default();
            let parts = said["content"].as_array().into_iter().flatten();
            parts.for_each(|part| thinking += &texts(&part["thinking"]));
        }
    }
    let [prompt, cached, output, reasoning, total] = counts;
    // Some count reasoning beside the output, as their total proves.
    let beside = reasoning > 0 && total == prompt + output + reasoning;
    let output = output + if beside { reasoning } else { 0 };
    (
        thinking,
        [prompt, cached.min(prompt), output, reasoning.min(output)],
    )
}

fn texts(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(|part| texts(&part["text"])).collect(),
        _ => String::new(),
    }
}

/// The data of every event.
fn chunks(sse: &str) -> Vec<Value> {
    let data = events(sse).into_iter().map(|(_, data)| data);
    data.filter(|data| !data.starts_with("[DONE]"))
        .map(|data| serde_json::from_str(&data).unwrap())
        .collect()
}

#[test]
fn answers_keep_what_they_say() {
    let mut wrong = Vec::new();
    let (mut answers, mut streams, mut failed) = (0, 0, Vec::new());
    for exchange in folders(CHAT) {
        let name = &exchange.name;
        match exchange.said() {
            Some(Said::Whole(body)) => {
                let Ok(told) = translate::response(CHAT, CHAT, &body, &Options::default()) else {
                    failed.push(exchange.name);
                    continue;
                };
                let (here, there): (Value, Value) = (
                    serde_json::from_slice(&body).unwrap(),
                    serde_json::from_slice(&told).unwrap(),
                );
                let (heard, said) = (from_ref(&there), from_ref(&here));
                assert_eq!(aside(heard), aside(said), "{name}");
                answers += 1;
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
                    assert!(told.contains("\"error\":{"), "{name}: {told}");
                    failed.push(exchange.name);
                    continue;
                }
                let text = String::from_utf8(bytes).unwrap();
                assert_eq!(aside(&chunks(&told)), aside(&chunks(&text)), "{name}");
                streams += 1;
                let mut heard = read_stream(CHAT, &told);
                let said = read_stream(CHAT, &text);
                // Some streams change their name in the middle; a client hears the first.
                heard.id.clone_from(&said.id);
                check(name, &heard, &said, &mut wrong);
            }
            None => {}
        }
    }
    println!("{answers} answers, {streams} streams; failed: {failed:?}");
    assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong.join("\n"));
    // Two streams break off with an error, and one body is that of another API.
    let known = ["groq/036", "openrouter/044", "mistral/014"];
    for name in &failed {
        assert!(known.iter().any(|known| name.ends_with(known)), "{name}");
    }
    assert!(answers + streams == 0 || (answers > 300 && streams > 100));
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
    // It knows no legacy call.
    if name.ends_with("openai-chat/134") {
        said.calls.clone_from(&heard.calls);
    }
    // Reasoning and counts have many names, and are compared beside it.
    said.thinking.clone_from(&heard.thinking);
    said.usage = heard.usage;
    // What has no id is given one.
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
