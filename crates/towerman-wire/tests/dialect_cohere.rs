//! Recorded traffic of Cohere's second API, read and written again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod recorded_support;

use recorded_support::{Exchange, Said, chunked, folders};
use serde_json::{Value, json};
use towerman_core::Dialect::{self, OpenAiChat};
use towerman_wire::translate::{self, Options, Stream};

const D: Dialect = Dialect::Cohere;

/// What an answer says, read by code that shares nothing with the codec.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    text: String,
    /// Thoughts and plans.
    thinking: String,
    /// Names and arguments.
    calls: Vec<(String, Value)>,
    /// Ids of calls.
    ids: Vec<String>,
    /// Where what is cited begins and ends, and its sources.
    cites: Vec<Value>,
    finish: String,
    /// Input, output, cached, reasoning.
    usage: [u64; 4],
    done: bool,
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn arguments(value: &str) -> Value {
    serde_json::from_str(if value.is_empty() { "{}" } else { value }).unwrap()
}

impl Heard {
    /// Of Cohere's own.
    fn whole(body: &Value) -> Self {
        let (mut heard, message) = (Self::default(), &body["message"]);
        heard.thinking += text(&message["tool_plan"]);
        for piece in message["content"].as_array().into_iter().flatten() {
            heard.text += text(&piece["text"]);
            heard.thinking += text(&piece["thinking"]);
        }
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let function = &call["function"];
            let arguments = arguments(text(&function["arguments"]));
            heard
                .calls
                .push((text(&function["name"]).into(), arguments));
            heard.ids.push(text(&call["id"]).into());
        }
        for cite in message["citations"].as_array().into_iter().flatten() {
            heard.cite(cite);
        }
        heard.end(&body["finish_reason"], &body["usage"]);
        heard
    }

    fn cite(&mut self, cite: &Value) {
        let mut cite = cite.clone();
        cite.as_object_mut().unwrap().remove("content_index");
        self.cites.push(cite);
    }

    fn end(&mut self, reason: &Value, usage: &Value) {
        // The sequence itself is not said, and so not told.
        let reason = text(reason).replace("STOP_SEQUENCE", "COMPLETE");
        let count = |value: &Value| value.as_u64().unwrap_or_default();
        let tokens = &usage["tokens"];
        self.finish = reason;
        self.done = true;
        self.usage = [
            count(&tokens["input_tokens"]),
            count(&tokens["output_tokens"]),
            count(&usage["cached_tokens"]),
            count(&tokens["reasoning_tokens"]),
        ];
    }

    fn stream(bytes: &str) -> Self {
        let mut heard = Self::default();
        let mut pieces: Vec<(u64, String)> = Vec::new();
        for data in data(bytes) {
            let message = &data["delta"]["message"];
            let (content, call) = (&message["content"], &message["tool_calls"]);
            match text(&data["type"]) {
                "content-start" | "content-delta" => {
                    heard.text += text(&content["text"]);
                    heard.thinking += text(&content["thinking"]);
                }
                "tool-plan-delta" => heard.thinking += text(&message["tool_plan"]),
                "tool-call-start" => {
                    heard
                        .calls
                        .push((text(&call["function"]["name"]).into(), Value::Null));
                    heard.ids.push(text(&call["id"]).into());
                    pieces.push((data["index"].as_u64().unwrap(), String::new()));
                }
                "tool-call-delta" => {
                    let last = pieces.last_mut().unwrap();
                    assert_eq!(Some(last.0), data["index"].as_u64());
                    last.1 += text(&call["function"]["arguments"]);
                }
                "citation-start" => heard.cite(&message["citations"]),
                "message-end" => {
                    heard.end(&data["delta"]["finish_reason"], &data["delta"]["usage"])
                }
                _ => {}
            }
        }
        for ((_, told), (_, piece)) in heard.calls.iter_mut().zip(pieces) {
            *told = arguments(&piece);
        }
        heard
    }

    /// Of OpenAI's chat: an answer, or the chunks of one.
    fn chat(bytes: &str) -> Self {
        let mut heard = Self::default();
        let all: Vec<Value> = match serde_json::from_str(bytes) {
            Ok(whole) => vec![whole],
            Err(_) => data(bytes).collect(),
        };
        for said in &all {
            let choice = &said["choices"][0];
            let message = [&choice["message"], &choice["delta"]];
            for message in message {
                heard.text += text(&message["content"]);
                heard.thinking += text(&message["reasoning_content"]);
                for call in message["tool_calls"].as_array().into_iter().flatten() {
                    let function = &call["function"];
                    if let Some(id) = call["id"].as_str() {
                        heard.ids.push(id.into());
                        let call = (text(&function["name"]).into(), json!(""));
                        heard.calls.push(call);
                    }
                    let last = &mut heard.calls.last_mut().unwrap().1;
                    *last = format!("{}{}", text(last), text(&function["arguments"])).into();
                }
            }
            if let Some(reason) = choice["finish_reason"].as_str() {
                heard.finish = match reason {
                    "stop" => "COMPLETE",
                    "length" => "MAX_TOKENS",
                    "tool_calls" => "TOOL_CALL",
                    other => panic!("{other}"),
                }
                .into();
                heard.done = true;
            }
            let (usage, count) = (&said["usage"], |value: &Value| value.as_u64());
            if let Some(prompt) = count(&usage["prompt_tokens"]) {
                heard.usage = [
                    prompt,
                    count(&usage["completion_tokens"]).unwrap(),
                    count(&usage["prompt_tokens_details"]["cached_tokens"]).unwrap_or_default(),
                    count(&usage["completion_tokens_details"]["reasoning_tokens"])
                        .unwrap_or_default(),
                ];
            }
        }
        for (_, told) in &mut heard.calls {
            *told = arguments(text(told));
        }
        heard
    }
}

/// The data of events, up to the mark of their end.
fn data(events: &str) -> impl Iterator<Item = Value> {
    let data = events
        .lines()
        .filter_map(|line| line.strip_prefix("data: "));
    let data = data.take_while(|data| *data != "[DONE]");
    data.map(|data| serde_json::from_str(data).unwrap())
}

fn run(to: Dialect, bytes: &[u8], size: usize) -> String {
    let options = Options {
        include_usage: true,
        ..Options::default()
    };
    let (mut stream, mut out) = (Stream::new(D, to, &options), Vec::new());
    for chunk in chunked(bytes, size) {
        stream.push(chunk, &mut out);
    }
    stream.finish(&mut out);
    String::from_utf8(out).unwrap()
}

fn respond(to: Dialect, body: &[u8]) -> String {
    let told = translate::response(D, to, body, &Options::default()).unwrap();
    String::from_utf8(told.to_vec()).unwrap()
}

#[test]
fn answers_and_streams_keep_what_they_say() {
    let (mut whole, mut streams, mut cites) = (0, 0, 0);
    let all = folders(D);
    for exchange in &all {
        let name = &exchange.name;
        let (said, own, chat) = match exchange.said() {
            None => continue,
            Some(Said::Whole(body)) => {
                whole += 1;
                let own = serde_json::from_str(&respond(D, &body)).unwrap();
                let said = Heard::whole(&exchange.response["body"]);
                (said, Heard::whole(&own), respond(OpenAiChat, &body))
            }
            Some(Said::Stream(bytes)) => {
                streams += 1;
                let own = run(D, &bytes, bytes.len());
                assert!(own.ends_with("data: [DONE]\n\n"), "{name}");
                for to in [D, OpenAiChat] {
                    let whole = run(to, &bytes, bytes.len());
                    assert!(
                        [1, 7, 64]
                            .iter()
                            .all(|size| run(to, &bytes, *size) == whole)
                    );
                }
                let said = Heard::stream(std::str::from_utf8(&bytes).unwrap());
                let chat = run(OpenAiChat, &bytes, bytes.len());
                assert!(chat.ends_with("data: [DONE]\n\n"), "{name}");
                (said, Heard::stream(&own), chat)
            }
        };
        assert!(said.done && said.usage[0] > 0, "{name}");
        assert_eq!(own, said, "{name}");
        let chat = Heard::chat(&chat);
        cites += said.cites.len();
        let expected = Heard {
            // What has no address cannot be cited there.
            cites: Vec::new(),
            ..said
        };
        assert_eq!(chat, expected, "{name}");
    }
    println!("{whole} answers, {streams} streams, {cites} citations");
    assert!(
        all.is_empty() || (whole >= 30 && streams >= 12 && cites >= 20),
        "{whole} {streams} {cites}"
    );
}

/// Without what says nothing: nulls, and `stream` being off.
fn plain(body: &mut Value) {
    match body {
        Value::Object(members) => {
            members.retain(|_, value| !value.is_null());
            members.values_mut().for_each(plain);
        }
        Value::Array(elements) => elements.iter_mut().for_each(plain),
        Value::Number(number) => *body = number.as_f64().unwrap().into(),
        _ => {}
    }
}

fn requests(all: &[Exchange]) -> impl Iterator<Item = (&str, &Value)> {
    let said = all
        .iter()
        .filter_map(|one| Some((&*one.name, one.request.as_ref()?)));
    said.filter(|(_, request)| request["messages"].is_array())
}

#[test]
fn requests_come_back_as_they_were() {
    let mut kept = 0;
    let all = folders(D);
    for (name, request) in requests(&all) {
        let body = serde_json::to_vec(request).unwrap();
        let model = request["model"].as_str().unwrap();
        let translated = translate::request(D, D, &body, model).unwrap();
        assert!(translated.losses.list().is_empty(), "{name}");
        let mut there: Value = serde_json::from_slice(&translated.body).unwrap();
        let mut here = request.clone();
        here["stream"] = here["stream"].as_bool().unwrap_or_default().into();
        plain(&mut here);
        plain(&mut there);
        assert_eq!(there, here, "{name}");
        kept += 1;
    }
    assert!(all.is_empty() || kept >= 39, "{kept}");
}

#[test]
fn requests_say_the_same_to_another_provider() {
    let mut told = 0;
    let all = folders(D);
    for (name, request) in requests(&all) {
        let body = serde_json::to_vec(request).unwrap();
        let translated = translate::request(D, OpenAiChat, &body, "m").unwrap();
        let chat: Value = serde_json::from_slice(&translated.body).unwrap();
        let names = |body: &Value| -> Vec<Value> {
            let tools = body["tools"].as_array().into_iter().flatten();
            tools.map(|tool| tool["function"].clone()).collect()
        };
        assert_eq!(names(&chat), names(request), "{name}");
        let of = |body: &Value, role: &str| -> Vec<Value> {
            let messages = body["messages"].as_array().unwrap().iter();
            messages
                .filter(|message| message["role"] == role)
                .cloned()
                .collect()
        };
        let ids = |body: &Value| -> Vec<Value> {
            let results = of(body, "tool").into_iter();
            results
                .map(|message| message["tool_call_id"].clone())
                .collect()
        };
        assert_eq!(ids(&chat), ids(request), "{name}");
        let calls = |body: &Value| -> Vec<Value> {
            let turns = of(body, "assistant").into_iter();
            let calls = turns.flat_map(|turn| turn["tool_calls"].as_array().cloned());
            calls.flatten().collect()
        };
        assert_eq!(calls(&chat), calls(request), "{name}");
        let all = chat.to_string();
        for document in request["documents"].as_array().into_iter().flatten() {
            let text = document["data"]["text"].to_string();
            assert!(all.contains(text.trim_matches('"')), "{name}: {all}");
        }
        told += 1;
    }
    assert!(all.is_empty() || told >= 39, "{told}");
}
