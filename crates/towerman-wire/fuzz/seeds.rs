//! What inputs are made from.

use std::{env, fs, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use towerman_core::Dialect;
use towerman_wire::translate::{self, Options, Stream};

use crate::frames;

/// What a target eats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Food {
    Requests,
    Answers,
    Streams,
    /// Embeddings and counts, asked for and answered.
    Asides,
}

/// Seeds by kind and dialect.
#[derive(Debug, Default)]
pub(crate) struct Seeds(Vec<Seed>);

#[derive(Debug)]
struct Seed {
    food: Food,
    dialect: Dialect,
    bytes: Vec<u8>,
}

/// Where the recorded traffic of a dialect lies.
const FOLDERS: [(Dialect, &str); 10] = [
    (Dialect::OpenAiChat, "openai-chat"),
    (Dialect::OpenAiChat, "openrouter"),
    (Dialect::Anthropic, "anthropic"),
    (Dialect::OpenAiResponses, "openai-responses"),
    (Dialect::OpenAiResponses, "xai-responses"),
    (Dialect::OpenAiCompletions, "openai-completions"),
    (Dialect::Gemini, "gemini"),
    (Dialect::BedrockConverse, "bedrock-converse"),
    (Dialect::Cohere, "cohere"),
    (Dialect::Ollama, "ollama"),
];

/// The longest seed: large ones are slow, and say nothing that small ones do not.
const LARGEST: usize = 16 << 10;

const REQUESTS: [&str; 8] = [
    r#"{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"hé\ud83d\ude00"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}],"stream":true,"stream_options":{"include_usage":false},"max_completion_tokens":9}"#,
    r#"{"messages":[{"role":"user","content":"weather?"},{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"w","arguments":"{\"city\":\"K\"}"}}]},{"role":"tool","tool_call_id":"c1","content":"21"}],"tools":[{"type":"function","function":{"name":"w","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}],"tool_choice":"auto","model":"m"}"#,
    r#"{"model":"m","messages":[{"role":"user","content":"a"}],"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"type":"object"},"strict":true}},"reasoning_effort":"low","stop":["a","b"],"temperature":1.5,"seed":7,"user":"u"}"#,
    r#"{"model":"m","max_tokens":10,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]}],"stop_sequences":["x"],"metadata":{"user_id":"u"},"stream":true}"#,
    r#"{"model":"m","max_tokens":10,"messages":[{"role":"user","content":"w?"},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"tool_use","id":"t1","name":"w","input":{"city":"K"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"21"}]}]}],"tools":[{"name":"w","input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":"w"}}"#,
    r#"{"model":"m","max_tokens":10,"thinking":{"type":"enabled","budget_tokens":1024},"output_config":{"effort":"low","format":{"type":"json_schema","schema":{}}},"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}"#,
    r#"{"input":["a","b"],"model":"m","dimensions":4,"encoding_format":"base64"}"#,
    r#" { "model" : "m" , "messages" : [ [ [ [ ] ] ] , { } ] , "x" : { "y" : [ 1e5 , -0.1 , null ] } } "#,
];

const ANSWERS: [&str; 6] = [
    r#"{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi","tool_calls":[{"id":"c1","type":"function","function":{"name":"w","arguments":"{}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"prompt_tokens_details":{"cached_tokens":1}}}"#,
    r#"{"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"text","text":"hi"},{"type":"tool_use","id":"t","name":"w","input":{"a":1}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":2,"cache_read_input_tokens":1,"cache_creation_input_tokens":0}}"#,
    r#"{"error":{"message":"Rate limit reached for m in organization org-x. Please try again in 1.2s.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#,
    r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}"#,
    r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,-0.2]}],"model":"e","usage":{"prompt_tokens":1,"total_tokens":1}}"#,
    "<!DOCTYPE html>\n<html><head><title>502</title></head><body>Bad gateway</body></html>",
];

const STREAMS: [&str; 4] = [
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\ndata: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hé\"},\"finish_reason\":null}]}\n\ndata: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\ndata: [DONE]\n\n",
    "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"w\",\"arguments\":\"\"}}]}}]}\r\n\r\n: keep-alive\r\n\r\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,\"id\":\"c2\",\"function\":{\"name\":\"v\",\"arguments\":\"{\\\"a\\\"\"}},{\"index\":0,\"function\":{\"arguments\":\"{}\"}}]}}]}\r\n\r\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\":1}\"}}]},\"finish_reason\":\"tool_calls\"}]}\r\n\r\n",
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"w\",\"input\":{}}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"a\\\":1}\"}}\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":9}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    "\u{feff}event: error\rdata: {\"type\":\"error\",\rdata: \"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\r\rid: 7\nretry: 10\n\ndata: {\"error\":{\"message\":\"broke\",\"type\":\"server_error\"}}\n\n",
];

const ASIDES: [&str; 13] = [
    r#"{"model":"m","input":["a","b"],"dimensions":4,"encoding_format":"base64","user":"u"}"#,
    r#"{"model":"m","input":"a","keep_alive":"5m","truncate":true}"#,
    r#"{"content":{"role":"user","parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":4,"title":"t"}"#,
    r#"{"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]}},{"model":"models/m","content":{"parts":[{"text":"b"}]},"embedContentConfig":{"taskType":"CLUSTERING"}}]}"#,
    r#"{"model":"m","texts":["a"],"inputs":[{"content":[{"type":"text","text":"b"}]}],"input_type":"search_query","embedding_types":["float"],"output_dimension":4}"#,
    r#"{"object":"list","data":[{"object":"embedding","index":1,"embedding":[0.5,-1e-3]},{"index":0,"embedding":"AAAAPw=="}],"model":"m","usage":{"prompt_tokens":2,"total_tokens":2}}"#,
    r#"{"embedding":{"values":[0.5,1]},"usageMetadata":{"promptTokenCount":2}}"#,
    r#"{"embeddings":[{"values":[0.5,1]},{"values":[]}]}"#,
    r#"{"id":"i","embeddings":{"float":[[0.5,1e400]]},"meta":{"billed_units":{"input_tokens":2}}}"#,
    r#"{"model":"m","embeddings":[[0.5,1],[2,3]],"prompt_eval_count":2}"#,
    r#"{"model":"m","system":"s","messages":[{"role":"user","content":"a"}],"tools":[{"name":"w","input_schema":{"type":"object"}}]}"#,
    r#"{"generateContentRequest":{"model":"models/m","contents":[{"role":"user","parts":[{"text":"a"}]}],"systemInstruction":{"parts":[{"text":"s"}]}}}"#,
    r#"{"input_tokens":14,"totalTokens":14}"#,
];

// === impl Seeds ===

impl Seeds {
    /// All that there are.
    pub(crate) fn load() -> Self {
        let mut seeds = Self::default();
        for (food, texts) in [
            (Food::Requests, &REQUESTS[..]),
            (Food::Answers, &ANSWERS[..]),
            (Food::Streams, &STREAMS[..]),
        ] {
            texts.iter().for_each(|text| seeds.everywhere(food, text));
        }
        // Each is of a dialect, and eaten by all.
        for text in ASIDES {
            seeds.add(Food::Asides, Dialect::OpenAiChat, text.into());
        }
        match recordings() {
            Some(shared) => FOLDERS
                .iter()
                .for_each(|(dialect, folder)| seeds.record(*dialect, &shared.join(folder))),
            None => println!("RECORDED TRAFFIC NOT USED AS SEEDS: none found; set TOWERMAN_SHARED"),
        }
        seeds.0.retain(|seed| seed.bytes.len() <= LARGEST);
        seeds
    }

    pub(crate) fn of(&self, food: Food, dialect: Option<Dialect>) -> Vec<Vec<u8>> {
        let fits = |seed: &&Seed| dialect.is_none_or(|dialect| seed.dialect == dialect);
        let seeds = self.0.iter().filter(|seed| seed.food == food).filter(fits);
        seeds.map(|seed| seed.bytes.clone()).collect()
    }

    fn add(&mut self, food: Food, dialect: Dialect, bytes: Vec<u8>) {
        self.0.push(Seed {
            food,
            dialect,
            bytes,
        });
    }

    /// What was written for one dialect, in every other one too: each has seeds, whatever is
    /// recorded.
    fn everywhere(&mut self, food: Food, text: &str) {
        let from = if text.contains("message_start") || text.contains("max_tokens") {
            Dialect::Anthropic
        } else {
            Dialect::OpenAiChat
        };
        self.add(food, from, text.into());
        for to in Dialect::ALL.into_iter().filter(|to| *to != from) {
            let told = match food {
                Food::Asides => None,
                Food::Requests => translate::request(from, to, text.as_bytes(), "m")
                    .ok()
                    .map(|told| told.body.to_vec()),
                Food::Answers => {
                    translate::response(from, to, text.as_bytes(), &Options::default())
                        .ok()
                        .map(|body| body.to_vec())
                }
                Food::Streams => {
                    let mut stream = Stream::new(from, to, &Options::default());
                    let mut told = Vec::new();
                    stream.push(text.as_bytes(), &mut told);
                    stream.finish(&mut told);
                    if to == Dialect::BedrockConverse {
                        told = frames::to_text(&told);
                    }
                    Some(told)
                }
            };
            // What a dialect cannot say is a seed all the same: of its refusals.
            self.add(food, to, told.unwrap_or_else(|| text.into()));
        }
    }

    fn record(&mut self, dialect: Dialect, folder: &std::path::Path) {
        let files = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: Vec<_> = files.map(|file| file.path()).collect();
        paths.sort();
        for path in paths {
            let text = fs::read(&path).unwrap();
            let Ok(exchange) = serde_json::from_slice::<Value>(&text) else {
                continue;
            };
            let request = &exchange["request"]["body"];
            let answer = &exchange["response"];
            self.add(Food::Requests, dialect, request.to_string().into());
            let framed = answer["eventstream_b64"].as_str();
            let framed = framed.map(|framed| {
                let bytes = STANDARD.decode(framed).expect("base64");
                String::from_utf8_lossy(&frames::to_text(&bytes)).into_owned()
            });
            let lines = ["sse", "ndjson"].map(|member| answer[member].as_str());
            match lines.into_iter().flatten().next().or(framed.as_deref()) {
                Some(events) => self.add(Food::Streams, dialect, events.into()),
                None => self.add(Food::Answers, dialect, answer["body"].to_string().into()),
            }
        }
    }
}

fn recordings() -> Option<PathBuf> {
    let shared = env::var_os("TOWERMAN_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    Some(shared.join("wire/recorded")).filter(|folder| folder.is_dir())
}
