//! Recorded traffic of Gemini, through the neutral form and back, read on both sides by an
//! independent reader.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod recorded_support;

use recorded_support::{Exchange, Said, chunked, folders};
use serde_json::{Map, Value, json};
use towerman_core::{Dialect, FaultKind};
use towerman_wire::translate::{self, Options, Stream};

const D: Dialect = Dialect::Gemini;

/// What is no answer of `generateContent`, and why.
const OTHERS: [(&str, &str); 18] = [
    ("response-only/gemini/001", "an error"),
    (
        "response-only/gemini/018",
        "a stream of the Interactions API",
    ),
    (
        "response-only/gemini/019",
        "an answer of the Interactions API",
    ),
    (
        "response-only/gemini/020",
        "a stream of the Interactions API",
    ),
    (
        "response-only/gemini/021",
        "an answer of the Interactions API",
    ),
    (
        "response-only/gemini/022",
        "a stream of the Interactions API",
    ),
    (
        "response-only/gemini/023",
        "an answer of the Interactions API",
    ),
    (
        "response-only/gemini/024",
        "a stream of the Interactions API",
    ),
    (
        "response-only/gemini/025",
        "an answer of the Interactions API",
    ),
    (
        "response-only/gemini/026",
        "a stream of the Interactions API",
    ),
    (
        "response-only/gemini/029",
        "a stream of the Interactions API",
    ),
    (
        "response-only/gemini/030",
        "an answer of the Interactions API",
    ),
    (
        "response-only/gemini/031",
        "a stream of the Interactions API",
    ),
    (
        "response-only/gemini/032",
        "an answer of the Interactions API",
    ),
    ("response-only/gemini/033", "a cached prompt"),
    ("response-only/gemini/059", "a cached prompt"),
    (
        "response-only/gemini/051",
        "its blank lines were lost: no event ends",
    ),
    (
        "recorded/vertex-gemini/020",
        "its role is none: the provider refused it, too",
    ),
];

fn is_other(exchange: &Exchange) -> bool {
    OTHERS.iter().any(|(name, _)| *name == exchange.name)
}

/// Names in camel case, except where they are the client's own; nulls and empty objects of
/// settings are absence; a lone object is a list of one where the API reads it so.
fn bare(value: &Value, key: &str) -> Value {
    match value {
        // Whatever clients put there is theirs.
        _ if matches!(
            key,
            "args"
                | "response"
                | "parameters"
                | "parametersJsonSchema"
                | "responseJsonSchema"
                | "responseSchema"
                | "labels"
        ) =>
        {
            numbers(value)
        }
        Value::Object(object) if matches!(key, "parts" | "tools") => json!([object_of(object)]),
        Value::Object(object) => object_of(object),
        Value::Array(list) => list.iter().map(|one| bare(one, "")).collect(),
        other => numbers(other),
    }
}

fn object_of(object: &Map<String, Value>) -> Value {
    // Tools that the provider runs are told as they were spelt.
    let members = object.iter().filter(|(_, value)| !value.is_null());
    members
        .map(|(key, value)| {
            let key = camel(key);
            let value = bare(value, &key);
            (key, value)
        })
        .collect::<Map<_, _>>()
        .into()
}

fn camel(key: &str) -> String {
    let mut words = key.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (head, tail) = word.split_at(1.min(word.len()));
        name + &head.to_uppercase() + tail
    })
}

fn numbers(value: &Value) -> Value {
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| (key.clone(), numbers(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(list) => list.iter().map(numbers).collect(),
        Value::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    }
}

/// What says nothing.
fn without_nothing(mut request: Value) -> Value {
    let object = request.as_object_mut().unwrap();
    object.remove("model");
    for name in ["generationConfig", "tools", "toolConfig"] {
        if object
            .get(name)
            .is_some_and(|value| value == &json!({}) || value == &json!([]))
        {
            object.remove(name);
        }
    }
    request
}

#[test]
fn requests_are_written_as_they_were_read() {
    let all = folders(D);
    let mut kept = 0;
    for exchange in all.iter().filter(|exchange| !is_other(exchange)) {
        let Some(request) = &exchange.request else {
            continue;
        };
        let name = &exchange.name;
        let body = serde_json::to_vec(request).unwrap();
        let written = translate::request(D, D, &body, "other")
            .unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let losses = written.losses.list();
        assert!(losses.is_empty(), "{name}: {losses:?}");
        let written: Value = serde_json::from_slice(&written.body).unwrap();
        assert_eq!(
            without_nothing(bare(&written, "")),
            without_nothing(bare(request, "")),
            "{name}"
        );
        kept += 1;
    }
    assert!(kept > 90 || all.is_empty(), "{kept}");
    println!("{kept} requests");
}

/// What a client takes from an answer.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    text: String,
    thoughts: String,
    seals: Vec<String>,
    calls: Vec<(Option<String>, String, Value)>,
    media: Vec<Value>,
    urls: Vec<String>,
    finish: String,
    prompt: u64,
    cached: u64,
    output: u64,
    reasoning: u64,
    model: String,
    id: String,
}

impl Heard {
    fn take(&mut self, response: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for name in ["modelVersion", "responseId"] {
            let said = text(&response[name]);
            let place = match name {
                "modelVersion" => &mut self.model,
                _ => &mut self.id,
            };
            if place.is_empty() {
                *place = said;
            }
        }
        for candidate in response["candidates"].as_array().into_iter().flatten() {
            if candidate["index"].as_u64().unwrap_or_default() != 0 {
                continue;
            }
            for part in candidate["content"]["parts"]
                .as_array()
                .into_iter()
                .flatten()
            {
                let said = text(&part["text"]);
                if part["thought"] == true {
                    self.thoughts += &said;
                } else {
                    self.text += &said;
                }
                if let Some(call) = part.get("functionCall") {
                    if call["willContinue"] == true || call.get("name").is_none() {
                        self.piece(call);
                    }
                    if call.get("args").is_none() {
                        self.seal(part);
                        continue;
                    }
                    let id = call["id"].as_str().map(str::to_owned);
                    self.calls
                        .push((id, text(&call["name"]), numbers(&call["args"])));
                }
                if let Some(data) = part.get("inlineData") {
                    self.media.push(data.clone());
                }
                self.seal(part);
            }
            let chunks = candidate["groundingMetadata"]["groundingChunks"].as_array();
            for chunk in chunks.into_iter().flatten() {
                let url = text(&chunk["web"]["uri"]);
                if !url.is_empty() && !self.urls.contains(&url) {
                    self.urls.push(url);
                }
            }
            let finish = text(&candidate["finishReason"]);
            if !finish.is_empty() {
                self.finish = finish;
            }
        }
        if response["promptFeedback"]["blockReason"].is_string() {
            self.finish = "SAFETY".into();
        }
        let usage = &response["usageMetadata"];
        let count = |name: &str| usage[name].as_u64().unwrap_or_default();
        let prompt = count("promptTokenCount") + count("toolUsePromptTokenCount");
        self.prompt = self.prompt.max(prompt);
        self.cached = self.cached.max(count("cachedContentTokenCount"));
        // Without what was thought.
        self.output = self.output.max(count("candidatesTokenCount"));
        self.reasoning = self.reasoning.max(count("thoughtsTokenCount"));
    }

    fn seal(&mut self, part: &Value) {
        // Seals of what nobody but Gemini could be told go with it.
        let tool = ["toolCall", "toolResponse", "executableCode"];
        if let Some(seal) = part["thoughtSignature"].as_str()
            && !tool.iter().any(|name| part.get(name).is_some())
        {
            self.seals.push(seal.to_owned());
        }
    }

    /// A piece of a call, which comes so where the client asked for it: its texts by their paths.
    fn piece(&mut self, call: &Value) {
        if let Some(name) = call["name"].as_str() {
            self.calls.push((None, name.to_owned(), json!({})));
        }
        for piece in call["partialArgs"].as_array().into_iter().flatten() {
            let path = piece["jsonPath"].as_str().unwrap();
            let args = &mut self.calls.last_mut().unwrap().2[path];
            let said = args.as_str().unwrap_or_default().to_owned();
            *args = json!(said + piece["stringValue"].as_str().unwrap());
        }
    }

    /// As it was told by the provider: reasons of filters become one.
    fn there(mut self) -> Self {
        if self.finish == "MODEL_ARMOR" {
            self.finish = "SAFETY".into();
        }
        if self.finish == "UNEXPECTED_TOOL_CALL" {
            self.finish = "OTHER".into();
        }
        self
    }

    /// As it is told to the client: calls without an id have one.
    fn here(mut self, there: &Self) -> Self {
        for (call, said) in self.calls.iter_mut().zip(&there.calls) {
            let id = call.0.clone().unwrap_or_default();
            assert!(!id.is_empty());
            if said.0.is_none() {
                call.0 = None;
            }
            if said
                .2
                .as_object()
                .unwrap()
                .keys()
                .any(|key| key.starts_with('$'))
            {
                let mut flat = Map::new();
                flatten(&call.2, "$".into(), &mut flat);
                call.2 = flat.into();
            }
        }
        self
    }
}

fn flatten(value: &Value, path: String, into: &mut Map<String, Value>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                flatten(value, format!("{path}.{key}"), into);
            }
        }
        Value::Array(list) => {
            for (i, value) in list.iter().enumerate() {
                flatten(value, format!("{path}[{i}]"), into);
            }
        }
        other => {
            into.insert(path, other.clone());
        }
    }
}

fn read(response: &Value) -> Heard {
    let mut heard = Heard::default();
    heard.take(response);
    heard
}

#[test]
fn answers_keep_what_a_client_takes_from_them() {
    let all = folders(D);
    let mut kept = 0;
    for exchange in all.iter().filter(|exchange| !is_other(exchange)) {
        let Some(Said::Whole(body)) = exchange.said() else {
            continue;
        };
        let name = &exchange.name;
        let response: Value = serde_json::from_slice(&body).unwrap();
        let written = translate::response(D, D, &body, &Options::default())
            .unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let written: Value = serde_json::from_slice(&written).unwrap();
        let there = read(&response).there();
        let mut here = read(&written).here(&there);
        if there.seals.len() == here.seals.len() + 1 && there.calls.is_empty() {
            // Two seals behind each other prove the same part.
            here.seals.clone_from(&there.seals);
        }
        assert_eq!(here, there, "{name}");
        kept += 1;
    }
    assert!(kept > 60 || all.is_empty(), "{kept}");
    println!("{kept} answers");
}

#[test]
fn errors_are_no_answers() {
    for exchange in folders(D) {
        let body = &exchange.response["body"];
        if body["error"].is_object() {
            let body = body.to_string();
            let fault = translate::response(D, D, body.as_bytes(), &Options::default());
            let kind = match exchange.response["body"]["error"]["code"].as_u64() {
                Some(429) => FaultKind::RateLimited,
                _ => FaultKind::BadGateway,
            };
            assert_eq!(fault.unwrap_err().kind(), kind, "{}", exchange.name);
        }
    }
}

fn events(bytes: &str) -> Vec<Value> {
    let lines = bytes.lines().filter_map(|line| line.strip_prefix("data:"));
    lines
        .map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

fn translated(sse: &[u8], size: usize) -> String {
    let (mut stream, mut out) = (Stream::new(D, D, &Options::default()), Vec::new());
    for chunk in chunked(sse, size) {
        stream.push(chunk, &mut out);
    }
    stream.finish(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn streams_fold_to_the_same_answer() {
    let all = folders(D);
    let mut kept = 0;
    for exchange in all.iter().filter(|exchange| !is_other(exchange)) {
        let Some(Said::Stream(sse)) = exchange.said() else {
            continue;
        };
        let name = &exchange.name;
        let out = translated(&sse, sse.len());
        assert_eq!(out, translated(&sse, 7), "{name}");
        assert_eq!(out, translated(&sse, 1), "{name}");
        let mut there = Heard::default();
        for event in events(std::str::from_utf8(&sse).unwrap()) {
            there.take(&event);
        }
        let there = there.there();
        let mut here = Heard::default();
        let told = events(&out);
        for event in &told {
            here.take(event);
        }
        assert_eq!(here.here(&there), there, "{name}");
        let ends = told
            .iter()
            .filter(|event| event["candidates"][0]["finishReason"].is_string());
        assert_eq!(ends.count(), 1, "{name}");
        kept += 1;
    }
    assert!(kept > 35 || all.is_empty(), "{kept}");
    println!("{kept} streams");
}
