//! What an answer or a request says, read by code that shares nothing with the translator.

// Each test binary uses a part of it.
#![allow(dead_code, unreachable_pub)]

use serde_json::{Value, json};
use towerman_core::Dialect;

/// What an answer says, in words that both dialects share.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    pub id: String,
    pub model: String,
    pub text: String,
    pub thinking: String,
    /// Id, name, input.
    pub calls: Vec<(String, String, Value)>,
    pub stop: String,
    pub usage: Tokens,
}

/// Prompt (all of it), read from cache, written to cache, output, reasoning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens(pub u64, pub u64, pub u64, pub u64, pub u64);

pub fn read_answer(dialect: Dialect, body: &Value) -> Answer {
    match dialect {
        Dialect::Anthropic => anthropic_answer(body),
        _ => openai_answer(body),
    }
}

pub fn read_stream(dialect: Dialect, sse: &str) -> Answer {
    match dialect {
        Dialect::Anthropic => anthropic_stream(sse),
        _ => openai_stream(sse),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn arguments(spelt: &str) -> Value {
    if spelt.trim().is_empty() {
        return json!({});
    }
    serde_json::from_str(spelt).expect("arguments are JSON")
}

fn openai_stop(reason: &str) -> String {
    match reason {
        "stop" | "function_call" => "stop",
        other => other,
    }
    .to_owned()
}

fn anthropic_stop(reason: &str) -> String {
    match reason {
        "end_turn" | "stop_sequence" => "stop",
        "max_tokens" | "model_context_window_exceeded" | "pause_turn" => "length",
        "tool_use" => "tool_calls",
        "refusal" => "content_filter",
        other => panic!("unknown stop reason {other}"),
    }
    .to_owned()
}

fn openai_usage(usage: &Value) -> Tokens {
    Tokens(
        number(&usage["prompt_tokens"]),
        number(&usage["prompt_tokens_details"]["cached_tokens"]),
        number(&usage["prompt_tokens_details"]["cache_write_tokens"]),
        number(&usage["completion_tokens"]),
        number(&usage["completion_tokens_details"]["reasoning_tokens"]),
    )
}

fn anthropic_usage(usage: &Value) -> Tokens {
    let read = number(&usage["cache_read_input_tokens"]);
    let written = number(&usage["cache_creation_input_tokens"]);
    Tokens(
        number(&usage["input_tokens"]) + read + written,
        read,
        written,
        number(&usage["output_tokens"]),
        number(&usage["output_tokens_details"]["thinking_tokens"]),
    )
}

fn openai_answer(body: &Value) -> Answer {
    let choice = &body["choices"][0];
    let message = &choice["message"];
    let calls = message["tool_calls"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    Answer {
        id: text(&body["id"]),
        model: text(&body["model"]),
        text: text(&message["content"]) + &text(&message["refusal"]),
        thinking: text(&message["reasoning_content"]),
        calls: calls
            .iter()
            .map(|call| {
                if call["type"] == "custom" {
                    let custom = &call["custom"];
                    return (
                        text(&call["id"]),
                        text(&custom["name"]),
                        custom["input"].clone(),
                    );
                }
                let function = &call["function"];
                let input = arguments(function["arguments"].as_str().unwrap_or_default());
                (text(&call["id"]), text(&function["name"]), input)
            })
            .collect(),
        stop: openai_stop(&text(&choice["finish_reason"])),
        usage: openai_usage(&body["usage"]),
    }
}

fn anthropic_answer(body: &Value) -> Answer {
    let mut answer = Answer {
        id: text(&body["id"]),
        model: text(&body["model"]),
        stop: anthropic_stop(body["stop_reason"].as_str().unwrap()),
        usage: anthropic_usage(&body["usage"]),
        ..Answer::default()
    };
    for block in body["content"].as_array().unwrap() {
        match block["type"].as_str().unwrap() {
            "text" => answer.text += block["text"].as_str().unwrap(),
            "thinking" => answer.thinking += block["thinking"].as_str().unwrap(),
            "tool_use" => answer.calls.push((
                text(&block["id"]),
                text(&block["name"]),
                block["input"].clone(),
            )),
            _ => {}
        }
    }
    answer.text += &text(&body["stop_details"]["explanation"]);
    answer
}

/// Name and data of every event, by the simplest rules that well-made streams obey.
pub fn events(sse: &str) -> Vec<(String, String)> {
    let field = |event: &str, name: &str| -> String {
        event
            .lines()
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(|value| value.strip_prefix(' ').unwrap_or(value).to_owned())
            .collect()
    };
    sse.replace("\r\n", "\n")
        .split("\n\n")
        .map(|event| (field(event, "event"), field(event, "data")))
        .filter(|(_, data)| !data.is_empty())
        .collect()
}

fn openai_stream(sse: &str) -> Answer {
    let mut answer = Answer::default();
    let mut calls: Vec<(u64, String, String, String)> = Vec::new();
    for (_, data) in events(sse) {
        if data.trim().starts_with("[DONE]") {
            break;
        }
        let chunk: Value = serde_json::from_str(&data).unwrap();
        if chunk["usage"].is_object() {
            answer.usage = openai_usage(&chunk["usage"]);
        }
        for choice in chunk["choices"].as_array().unwrap() {
            if choice["index"] != 0 {
                continue;
            }
            answer.id = text(&chunk["id"]);
            answer.model = text(&chunk["model"]);
            let delta = &choice["delta"];
            answer.text += &text(&delta["content"]);
            answer.text += &text(&delta["refusal"]);
            answer.thinking += &text(&delta["reasoning_content"]);
            for call in delta["tool_calls"].as_array().unwrap_or(&Vec::new()) {
                let index = number(&call["index"]);
                let function = &call["function"];
                if !call["id"].is_null() {
                    let name = text(&function["name"]);
                    calls.push((index, text(&call["id"]), name, String::new()));
                }
                let known = calls.iter_mut().find(|known| known.0 == index).unwrap();
                known.3 += &text(&function["arguments"]);
            }
            if let Some(reason) = choice["finish_reason"].as_str() {
                answer.stop = openai_stop(reason);
            }
        }
    }
    answer.calls = calls
        .into_iter()
        .map(|(_, id, name, spelt)| (id, name, arguments(&spelt)))
        .collect();
    answer
}

fn anthropic_stream(sse: &str) -> Answer {
    let mut answer = Answer::default();
    let mut open = (Value::Null, String::new());
    for (_, data) in events(sse) {
        let event: Value = serde_json::from_str(&data).unwrap();
        match event["type"].as_str().unwrap() {
            "message_start" => {
                answer.id = text(&event["message"]["id"]);
                answer.model = text(&event["message"]["model"]);
                answer.usage = anthropic_usage(&event["message"]["usage"]);
            }
            "content_block_start" => {
                open = (event["content_block"].clone(), String::new());
                if open.0["type"] == "text" {
                    answer.text += &text(&open.0["text"]);
                }
            }
            "content_block_delta" => {
                let delta = &event["delta"];
                match delta["type"].as_str().unwrap() {
                    "text_delta" => answer.text += delta["text"].as_str().unwrap(),
                    "thinking_delta" => answer.thinking += delta["thinking"].as_str().unwrap(),
                    "input_json_delta" => open.1 += delta["partial_json"].as_str().unwrap(),
                    _ => {}
                }
            }
            "content_block_stop" if open.0["type"] == "tool_use" => {
                let (block, spelt) = &open;
                let input = arguments(spelt);
                answer
                    .calls
                    .push((text(&block["id"]), text(&block["name"]), input));
            }
            "message_delta" => {
                answer.stop = anthropic_stop(event["delta"]["stop_reason"].as_str().unwrap());
                answer.text += &text(&event["delta"]["stop_details"]["explanation"]);
                let Tokens(prompt, read, written, ..) = answer.usage;
                let mut usage = event["usage"].clone();
                // What a delta leaves out stands as the start said it.
                for (name, known) in [
                    ("input_tokens", prompt - read - written),
                    ("cache_read_input_tokens", read),
                    ("cache_creation_input_tokens", written),
                ] {
                    if usage[name].is_null() {
                        usage[name] = known.into();
                    }
                }
                answer.usage = anthropic_usage(&usage);
            }
            _ => {}
        }
    }
    answer
}

/// Panics unless the bytes are a whole, strict stream of the dialect.
pub fn check_grammar(dialect: Dialect, sse: &str, include_usage: bool) {
    match dialect {
        Dialect::Anthropic => check_anthropic(sse),
        _ => check_openai(sse, include_usage),
    }
}

fn check_anthropic(sse: &str) {
    let events = events(sse);
    let mut begun = 0;
    let mut open = None;
    let mut stage = "start";
    for (name, data) in &events {
        let event: Value = serde_json::from_str(data).unwrap();
        assert_eq!(event["type"], **name, "the name is the type");
        let index = event["index"].as_u64();
        stage = match (stage, &**name) {
            ("start", "message_start") => {
                assert_eq!(event["message"]["content"], json!([]));
                assert_eq!(event["message"]["stop_reason"], Value::Null);
                assert!(event["message"]["usage"]["input_tokens"].is_u64());
                "blocks"
            }
            ("blocks", "content_block_start") => {
                assert_eq!(open, None, "one block at a time");
                assert_eq!(index, Some(begun));
                begun += 1;
                open = index;
                "blocks"
            }
            ("blocks", "content_block_delta") => {
                assert!(open.is_some() && index == open, "a delta of the open block");
                "blocks"
            }
            ("blocks", "content_block_stop") => {
                assert!(open.is_some() && index == open);
                open = None;
                "blocks"
            }
            ("blocks", "message_delta") => {
                assert_eq!(open, None, "all blocks are closed");
                assert!(event["usage"]["output_tokens"].is_u64());
                "stopping"
            }
            ("stopping", "message_stop") => "stopped",
            (stage, name) => panic!("{name} while {stage} in\n{sse}"),
        };
    }
    assert_eq!(stage, "stopped", "in\n{sse}");
}

fn check_openai(sse: &str, include_usage: bool) {
    let mut events = events(sse);
    assert_eq!(
        events.pop().map(|(_, data)| data).as_deref(),
        Some("[DONE]")
    );
    let chunks: Vec<Value> = events
        .iter()
        .map(|(name, data)| {
            assert_eq!(name, "", "chunks have no name");
            serde_json::from_str(data).unwrap()
        })
        .collect();
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    for (i, chunk) in chunks.iter().enumerate() {
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert_eq!(chunk["id"], chunks[0]["id"]);
        assert!(i == 0 || chunk["choices"][0]["delta"]["role"].is_null());
        assert_eq!(chunk.get("usage").is_some(), include_usage);
    }
    let finished: Vec<usize> = (0..chunks.len())
        .filter(|i| chunks[*i]["choices"][0]["finish_reason"].is_string())
        .collect();
    let last = chunks.len() - 1;
    if include_usage {
        assert_eq!(finished, [last - 1]);
        assert_eq!(chunks[last]["choices"], json!([]));
        assert!(chunks[last]["usage"].is_object());
    } else {
        assert_eq!(finished, [last]);
    }
}

/// What a request says: texts by role, calls, results, tools and limits.
#[derive(Debug, Default, PartialEq)]
pub struct Request {
    pub system: String,
    pub user: String,
    pub assistant: String,
    pub media: Vec<String>,
    pub calls: Vec<(String, String, Value)>,
    pub results: Vec<(String, String)>,
    /// Name, description, schema.
    pub tools: Vec<(String, String, Value)>,
    pub stop: Vec<String>,
    pub temperature: Option<f64>,
    pub stream: bool,
    pub schema: Value,
}

pub fn read_request(dialect: Dialect, body: &Value) -> Request {
    match dialect {
        Dialect::Anthropic => anthropic_request(body),
        _ => openai_request(body),
    }
}

/// A text, unless there is nothing in it.
fn said(text: &Value) -> &str {
    text.as_str()
        .filter(|text| !text.trim().is_empty())
        .unwrap_or_default()
}

/// The texts and media of content in either dialect.
fn content(content: &Value, media: &mut Vec<String>) -> String {
    let Some(parts) = content.as_array() else {
        return said(content).to_owned();
    };
    let mut out = String::new();
    for part in parts {
        let url = match part["type"].as_str().unwrap() {
            "text" => {
                out += said(&part["text"]);
                continue;
            }
            "image_url" => text(&part["image_url"]["url"]),
            "file" => text(&part["file"]["file_data"]),
            "document" if part["source"]["type"] == "text" => {
                out += said(&part["source"]["data"]);
                continue;
            }
            "image" | "document" => {
                let source = &part["source"];
                match source["type"].as_str().unwrap() {
                    "url" => text(&source["url"]),
                    _ => format!(
                        "data:{};base64,{}",
                        said(&source["media_type"]),
                        said(&source["data"])
                    ),
                }
            }
            _ => continue,
        };
        media.push(url);
    }
    out
}

fn openai_request(body: &Value) -> Request {
    let mut request = Request::default();
    for message in body["messages"].as_array().unwrap() {
        let said = content(&message["content"], &mut request.media);
        match message["role"].as_str().unwrap() {
            "system" | "developer" => request.system += &said,
            "user" => request.user += &said,
            "tool" => request.results.push((text(&message["tool_call_id"]), said)),
            _ => request.assistant += &said,
        }
        for call in message["tool_calls"].as_array().unwrap_or(&Vec::new()) {
            let function = &call["function"];
            let input = arguments(function["arguments"].as_str().unwrap());
            request
                .calls
                .push((text(&call["id"]), text(&function["name"]), input));
        }
    }
    for tool in body["tools"].as_array().unwrap_or(&Vec::new()) {
        let function = &tool["function"];
        let mut schema = function["parameters"].clone();
        if schema["type"].is_null() {
            schema["type"] = "object".into();
        }
        let named = (text(&function["name"]), text(&function["description"]));
        request.tools.push((named.0, named.1, schema));
    }
    let stop = &body["stop"];
    request.stop = match stop.as_array() {
        Some(list) => list.iter().map(text).collect(),
        None => stop.as_str().map(str::to_owned).into_iter().collect(),
    };
    request.stop.retain(|stop| !stop.trim().is_empty());
    request.temperature = body["temperature"].as_f64().map(|t| t.min(1.0));
    request.stream = body["stream"] == true;
    request.schema = body["response_format"]["json_schema"]["schema"].clone();
    request
}

fn anthropic_request(body: &Value) -> Request {
    let mut request = Request {
        system: content(&body["system"], &mut Vec::new()),
        ..Request::default()
    };
    for message in body["messages"].as_array().unwrap() {
        let said = content(&message["content"], &mut request.media);
        match message["role"].as_str().unwrap() {
            "system" => request.system += &said,
            "user" => request.user += &said,
            _ => request.assistant += &said,
        }
        for block in message["content"].as_array().unwrap_or(&Vec::new()) {
            match block["type"].as_str().unwrap() {
                "tool_use" => request.calls.push((
                    text(&block["id"]),
                    text(&block["name"]),
                    block["input"].clone(),
                )),
                "tool_result" => {
                    let said = content(&block["content"], &mut request.media);
                    request.results.push((text(&block["tool_use_id"]), said));
                }
                _ => {}
            }
        }
    }
    for tool in body["tools"].as_array().unwrap_or(&Vec::new()) {
        let named = (text(&tool["name"]), text(&tool["description"]));
        request
            .tools
            .push((named.0, named.1, tool["input_schema"].clone()));
    }
    let stop = body["stop_sequences"].as_array();
    request.stop = stop.unwrap_or(&Vec::new()).iter().map(text).collect();
    request.temperature = body["temperature"].as_f64();
    request.stream = body["stream"] == true;
    let (new, old) = (&body["output_config"]["format"], &body["output_format"]);
    request.schema = if new.is_null() { old } else { new }["schema"].clone();
    request
}
