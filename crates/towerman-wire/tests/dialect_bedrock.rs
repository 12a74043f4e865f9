//! Recorded traffic of Bedrock's Converse, read and written again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bedrock_heard;
#[path = "../src/dialect/bedrock_converse/tests/frames.rs"]
mod frames;
mod recorded_support;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bedrock_heard::Heard;
use recorded_support::{Exchange, Said, chunked, folders};
use serde_json::{Value, json};
use towerman_core::Dialect::{self, Anthropic, OpenAiChat};
use towerman_wire::translate::{self, Gather, Options, Stream};

const D: Dialect = Dialect::BedrockConverse;

/// A successful answer. Streams are kept as their bytes, or as what their frames say.
fn said(exchange: &Exchange) -> Option<Said> {
    let response = &exchange.response;
    if let Some(bytes) = response["eventstream_b64"].as_str() {
        return Some(Said::Stream(STANDARD.decode(bytes).unwrap()));
    }
    let Some(chunks) = response["chunks"].as_array() else {
        return exchange.said();
    };
    let frame = |chunk: &Value| {
        let event: Value = match chunk.as_str() {
            Some(text) => serde_json::from_str(text).unwrap(),
            None => chunk.clone(),
        };
        let (name, payload) = event.as_object().unwrap().iter().next().unwrap();
        frames::event(name, payload)
    };
    Some(Said::Stream(chunks.iter().flat_map(frame).collect()))
}

fn options() -> Options {
    Options {
        include_usage: true,
        id: "i".into(),
        model: "m".into(),
        ..Options::default()
    }
}

fn run(to: Dialect, bytes: &[u8], size: usize) -> Vec<u8> {
    let (mut stream, mut out) = (Stream::new(D, to, &options()), Vec::new());
    for chunk in chunked(bytes, size) {
        stream.push(chunk, &mut out);
    }
    stream.finish(&mut out);
    out
}

fn respond(to: Dialect, body: &[u8]) -> Value {
    let told = translate::response(D, to, body, &options()).unwrap();
    serde_json::from_slice(&told).unwrap()
}

#[test]
fn answers_keep_what_they_say() {
    let (mut whole, mut calls, mut thoughts) = (0, 0, 0);
    let all = folders(D);
    for exchange in &all {
        let name = &exchange.name;
        let Some(Said::Whole(body)) = said(exchange) else {
            continue;
        };
        let said = Heard::converse(&exchange.response["body"]);
        assert!(said.done, "{name}");
        assert_eq!(Heard::converse(&respond(D, &body)), said, "{name}");
        let claude = Heard::claude(&respond(Anthropic, &body));
        assert_eq!(claude, said.clone().for_claude(), "{name}");
        let chat = Heard::chat(&[respond(OpenAiChat, &body)]);
        assert_eq!(chat, said.clone().for_chat(), "{name}");
        let stream = translate::retell(D, D, &body, &options()).unwrap();
        assert_eq!(Heard::events(&stream), said, "{name}");
        whole += 1;
        calls += said.calls.len();
        thoughts += usize::from(!said.thinking.is_empty());
    }
    println!("{whole} answers, {calls} calls, {thoughts} thoughts");
    assert!(
        all.is_empty() || (whole >= 44 && calls >= 20 && thoughts >= 5),
        "{whole} {calls} {thoughts}"
    );
}

#[test]
fn streams_keep_what_they_say_however_they_are_cut() {
    let (mut streams, mut frames) = (0, 0);
    let all = folders(D);
    for exchange in &all {
        let name = &exchange.name;
        let Some(Said::Stream(bytes)) = said(exchange) else {
            continue;
        };
        let said = Heard::events(&bytes);
        assert!(said.done, "{name}");
        let mut places = bytes.windows(11);
        let end = places.position(|name| name == b"messageStop").unwrap();
        for to in [D, Anthropic, OpenAiChat] {
            let whole = run(to, &bytes, bytes.len());
            for size in [1, 7, 64, 1000] {
                assert_eq!(run(to, &bytes, size), whole, "{name} {to} {size}");
            }
            // Torn where the reason to stop would stand, it has no ending.
            let torn = run(to, &bytes[..end], bytes.len());
            let torn = String::from_utf8_lossy(&torn).into_owned();
            let ends = ["messageStop", "message_stop", "[DONE]"];
            assert!(!ends.iter().any(|end| torn.contains(end)), "{name} {to}");
            let heard = match to {
                D => Heard::events(&whole),
                Anthropic => Heard::claudes(&data(&whole)),
                _ => Heard::chat(&data(&whole)),
            };
            let expected = match (to, said.clone()) {
                (D, said) => said,
                (Anthropic, said) => said.for_claude(),
                (_, said) => said.for_chat(),
            };
            assert_eq!(heard, expected, "{name} {to}");
        }
        let mut gather = Gather::new(D, D, &options());
        gather.push(&bytes).unwrap();
        let gathered = serde_json::from_slice(&gather.finish().unwrap()).unwrap();
        assert_eq!(Heard::converse(&gathered), said, "{name}");
        streams += 1;
        frames += self::frames::read(&bytes).len();
    }
    println!("{streams} streams, {frames} frames");
    assert!(
        all.is_empty() || (streams >= 26 && frames >= 600),
        "{streams} {frames}"
    );
}

/// The data of server-sent events, up to the mark of their end.
fn data(sse: &[u8]) -> Vec<Value> {
    let lines = std::str::from_utf8(sse).unwrap().lines();
    let data = lines.filter_map(|line| line.strip_prefix("data: "));
    let data = data.take_while(|data| *data != "[DONE]");
    data.map(|data| serde_json::from_str(data).unwrap())
        .collect()
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
        let translated = translate::request(D, D, &body, "m").unwrap();
        assert!(translated.losses.list().is_empty(), "{name}");
        let there: Value = serde_json::from_slice(&translated.body).unwrap();
        assert_eq!(there, *request, "{name}");
        kept += 1;
    }
    println!("{kept} requests");
    assert!(all.is_empty() || kept >= 58, "{kept}");
}

/// Blocks of one kind, wherever they stand in the conversation.
fn blocks<'a>(request: &'a Value, kind: &'static str) -> impl Iterator<Item = &'a Value> {
    let messages = request["messages"].as_array().unwrap().iter();
    let blocks = messages.flat_map(|message| message["content"].as_array().unwrap());
    blocks.filter_map(move |block| block.get(kind))
}

#[test]
fn requests_say_the_same_to_another_provider() {
    let (mut told, mut bound) = (0, 0);
    let all = folders(D);
    for (name, request) in requests(&all) {
        let body = serde_json::to_vec(request).unwrap();
        let translated = match translate::request(D, Anthropic, &body, "m") {
            Ok(translated) => translated,
            Err(fault) => {
                // Guardrails, results of a search and files in AWS have no place elsewhere.
                let spelt = request.to_string();
                let only = [
                    "guardrailConfig",
                    "guardContent",
                    "searchResult",
                    "s3Location",
                ];
                let is_bound = only.iter().any(|word| spelt.contains(word));
                assert!(is_bound, "{name} {fault:?}");
                bound += 1;
                continue;
            }
        };
        let claude: Value = serde_json::from_slice(&translated.body).unwrap();
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let tools = list(&request["toolConfig"]["tools"]).into_iter();
        let tools = tools.filter_map(|tool| tool.get("toolSpec").cloned());
        let tools = tools.map(|tool| json!([tool["name"], tool["inputSchema"]["json"]]));
        let there = list(&claude["tools"]).into_iter();
        let there = there.map(|tool| json!([tool["name"], tool["input_schema"]]));
        assert!(there.eq(tools), "{name}");
        let of = |kind: &str| {
            let messages = list(&claude["messages"]).into_iter();
            let blocks = messages.flat_map(|message| list(&message["content"]));
            blocks
                .filter(|block| block["type"] == kind)
                .collect::<Vec<_>>()
        };
        let id = |id: &Value| bedrock_heard::for_claude(id.as_str().unwrap());
        let calls = blocks(request, "toolUse")
            .map(|call| json!([id(&call["toolUseId"]), call["name"], call["input"]]));
        let there = of("tool_use").into_iter();
        let there = there.map(|call| json!([call["id"], call["name"], call["input"]]));
        assert!(there.eq(calls), "{name}");
        let results = blocks(request, "toolResult")
            .map(|result| json!([id(&result["toolUseId"]), result["status"] == "error"]));
        let there = of("tool_result").into_iter();
        let there = there.map(|result| json!([result["tool_use_id"], result["is_error"] == true]));
        assert!(there.eq(results), "{name}");
        let images = blocks(request, "image").map(|image| image["source"]["bytes"].clone());
        let there = of("image")
            .into_iter()
            .map(|image| image["source"]["data"].clone());
        assert!(there.eq(images), "{name}");
        let spelt = claude.to_string();
        for text in blocks(request, "text").filter(|text| !text.as_str().unwrap().trim().is_empty())
        {
            assert!(spelt.contains(&text.to_string()), "{name} {text}");
        }
        let points = request.to_string().matches("\"cachePoint\"").count();
        assert!(
            spelt.matches("\"cache_control\"").count() >= points.min(1),
            "{name}"
        );
        told += 1;
    }
    println!("{told} requests, {bound} bound");
    assert!(
        all.is_empty() || (told >= 50 && bound <= 8),
        "{told} {bound}"
    );
}
