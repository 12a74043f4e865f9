//! Recorded traffic of Ollama's own API, read and written again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod recorded_support;

use recorded_support::{chunked, folders};
use serde_json::{Value, json};
use towerman_core::Dialect;
use towerman_wire::translate::{self, Options, Stream};

const D: Dialect = Dialect::Ollama;

/// What an answer says, read by code that shares nothing with the codec.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    text: String,
    thinking: String,
    calls: Vec<(String, Value)>,
    done: bool,
    reason: String,
    counts: (u64, u64),
}

impl Heard {
    fn take(&mut self, line: &Value) {
        let message = &line["message"];
        self.text += message["content"].as_str().unwrap_or_default();
        self.thinking += message["thinking"].as_str().unwrap_or_default();
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let function = &call["function"];
            let name = function["name"].as_str().unwrap().to_owned();
            self.calls.push((name, function["arguments"].clone()));
        }
        if line["done"] == true {
            let count = |name: &str| line[name].as_u64().unwrap_or_default();
            self.done = true;
            // Reasons that no other dialect knows are told as the plainest one.
            let reason = line["done_reason"].as_str();
            self.reason = reason
                .filter(|reason| *reason == "length")
                .unwrap_or("stop")
                .to_owned();
            self.counts = (count("prompt_eval_count"), count("eval_count"));
        }
    }

    fn of(lines: &str) -> Self {
        let mut heard = Self::default();
        for line in lines.lines().filter(|line| !line.trim().is_empty()) {
            heard.take(&serde_json::from_str(line).unwrap());
        }
        heard
    }
}

#[test]
fn answers_and_streams_keep_what_they_say() {
    let (mut whole, mut streams) = (0, 0);
    let all = folders(D);
    for exchange in all.iter().filter(|exchange| exchange.status() == 200) {
        let name = &exchange.name;
        if let Some(lines) = exchange.response["ndjson"].as_str() {
            let run = |size| {
                let options = Options::default();
                let (mut stream, mut out) = (Stream::new(D, D, &options), Vec::new());
                for chunk in chunked(lines.as_bytes(), size) {
                    stream.push(chunk, &mut out);
                }
                stream.finish(&mut out);
                String::from_utf8(out).unwrap()
            };
            let told = run(lines.len());
            assert_eq!(run(7), told, "{name}");
            assert_eq!(Heard::of(&told), Heard::of(lines), "{name}");
            streams += 1;
        } else if exchange.response["body"]["message"].is_object() {
            let body = exchange.response["body"].to_string();
            let told = translate::response(D, D, body.as_bytes(), &Options::default()).unwrap();
            let told = String::from_utf8(told.to_vec()).unwrap();
            assert_eq!(Heard::of(&told), Heard::of(&body), "{name}");
            whole += 1;
        }
    }
    println!("{whole} answers, {streams} streams");
    assert!(
        all.is_empty() || (whole >= 8 && streams >= 6),
        "{whole} {streams}"
    );
}

/// A number is the same with and without a point.
fn numbers(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(numbers),
        Value::Array(elements) => elements.iter_mut().for_each(numbers),
        Value::Number(number) => *value = number.as_f64().unwrap().into(),
        _ => {}
    }
}

#[test]
fn requests_come_back_as_they_were() {
    let mut kept = 0;
    let all = folders(D);
    for exchange in &all {
        let Some(request) = &exchange.request else {
            continue;
        };
        let body = serde_json::to_vec(request).unwrap();
        let model = request["model"].as_str().unwrap();
        let translated = translate::request(D, D, &body, model).unwrap();
        let mut there: Value = serde_json::from_slice(&translated.body).unwrap();
        let mut here = request.clone();
        for side in [&mut here, &mut there] {
            numbers(side);
            let object = side.as_object_mut().unwrap();
            object.entry("stream").or_insert(true.into());
            object.retain(|_, value| {
                !value.is_null()
                    && *value != ""
                    && *value != serde_json::json!({})
                    && *value != serde_json::json!([])
            });
            for message in object["messages"].as_array_mut().unwrap() {
                let message = message.as_object_mut().unwrap();
                message.retain(|_, value| !value.is_null());
                message.remove("tool_call_id");
                message.entry("content").or_insert("".into());
            }
        }
        // A result that named no tool is told its call's.
        let said = here["messages"].as_array().unwrap();
        let told = there["messages"].as_array_mut().unwrap();
        for (said, told) in said.iter().zip(told) {
            if said["tool_name"].is_null() {
                told.as_object_mut().unwrap().remove("tool_name");
            }
        }
        assert_eq!(there, here, "{}", exchange.name);
        kept += 1;
    }
    assert!(all.is_empty() || kept >= 5, "{kept}");
}

#[test]
fn calls_and_results_meet_by_id_by_name_or_in_order() {
    let body = serde_json::json!({"model": "m", "stream": false, "messages": [
        {"role": "user", "content": "hi", "images": ["/9j/AA"]},
        {"role": "assistant", "content": "", "tool_calls": [
            {"function": {"name": "a", "arguments": {"z": 1, "y": 2}}},
            {"function": {"name": "b", "arguments": {}}}]},
        {"role": "tool", "tool_name": "b", "content": "of b"},
        {"role": "tool", "content": "of a"}],
        "think": "high", "format": "json", "options": {"num_predict": 9, "stop": "x", "mirostat": 1}});
    let chat =
        translate::request(D, Dialect::OpenAiChat, body.to_string().as_bytes(), "m").unwrap();
    let chat: Value = serde_json::from_slice(&chat.body).unwrap();
    let (calls, messages) = (&chat["messages"][1]["tool_calls"], &chat["messages"]);
    assert_eq!(calls[0]["function"]["arguments"], r#"{"y":2,"z":1}"#);
    assert_eq!(messages[2]["tool_call_id"], calls[1]["id"]);
    assert_eq!(messages[3]["tool_call_id"], calls[0]["id"]);
    assert_ne!(calls[0]["id"], calls[1]["id"]);
    let image = &messages[0]["content"][1]["image_url"]["url"];
    assert_eq!(image, "data:image/jpeg;base64,/9j/AA");
    assert_eq!(chat["reasoning_effort"], "high");
    assert_eq!(chat["response_format"]["type"], "json_object");
    assert_eq!(
        (&chat["max_completion_tokens"], &chat["stop"]),
        (&9.into(), &serde_json::json!(["x"]))
    );

    let forced = serde_json::json!({"model": "m", "messages": [{"role": "user", "content": "hi"}],
        "tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "required"});
    let fault =
        translate::request(Dialect::OpenAiChat, D, forced.to_string().as_bytes(), "m").unwrap_err();
    assert_eq!(fault.named_param(), Some("/tool_choice"));
}

#[test]
fn a_stream_without_its_last_line_is_torn() {
    let line = r#"{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"Hi"},"done":false}"#;
    let run = |bytes: &str| {
        let options = Options::default();
        let (mut stream, mut out) = (Stream::new(D, Dialect::OpenAiChat, &options), Vec::new());
        stream.push(bytes.as_bytes(), &mut out);
        stream.finish(&mut out);
        String::from_utf8(out).unwrap()
    };
    let torn = run(&format!("{line}\n"));
    assert!(torn.contains("Hi") && !torn.contains("[DONE]"), "{torn}");
    let failed = run(&format!("{line}\n{{\"error\":\"sk-secret failed\"}}\n"));
    assert!(
        failed.contains("\"error\"") && !failed.contains("sk-secret"),
        "{failed}"
    );
}

#[test]
fn results_stand_in_the_order_of_their_calls() {
    let call = |id: &str, city: &str| {
        let arguments = json!({"city": city}).to_string();
        json!({"id": id, "type": "function", "function": {"name": "w", "arguments": arguments}})
    };
    let result =
        |id: &str, text: &str| json!({"role": "tool", "tool_call_id": id, "content": text});
    let ask = json!({"model": "m", "messages": [
        {"role": "user", "content": "?"},
        {"role": "assistant", "tool_calls": [call("c1", "Paris"), call("c2", "Rome")]},
        result("c2", "of Rome"),
        result("c1", "of Paris"),
        {"role": "user", "content": "and now?"},
    ]});
    let body = ask.to_string();
    let told = translate::request(Dialect::OpenAiChat, Dialect::Ollama, body.as_bytes(), "m");
    let told: Value = serde_json::from_slice(&told.unwrap().body).unwrap();
    let said = told["messages"].as_array().unwrap().iter();
    let said: Vec<_> = said.map(|message| &message["content"]).collect();
    assert_eq!(said, ["?", "", "of Paris", "of Rome", "and now?"]);
}
