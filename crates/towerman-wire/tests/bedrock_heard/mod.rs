//! What an answer says, read by code that shares nothing with the codec.

use serde_json::{Value, json};

use super::frames;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Heard {
    pub(crate) text: String,
    pub(crate) thinking: String,
    /// Signatures, and thoughts that nobody can read.
    pub(crate) seals: Vec<String>,
    /// Ids, names and inputs.
    pub(crate) calls: Vec<(String, String, Value)>,
    pub(crate) finish: String,
    /// Input that no cache held, output, read from a cache, written to one.
    pub(crate) usage: [u64; 4],
    pub(crate) done: bool,
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn input(spelt: &str) -> Value {
    serde_json::from_str(if spelt.is_empty() { "{}" } else { spelt }).unwrap()
}

fn counts(usage: &Value, names: [&str; 4]) -> [u64; 4] {
    names.map(|name| usage[name].as_u64().unwrap_or_default())
}

/// An id of letters and digits: Claude's API takes no others.
pub(crate) fn for_claude(id: &str) -> String {
    let spelt = |letter: char| match letter.is_ascii_alphanumeric() || "_-".contains(letter) {
        true => letter.to_string(),
        false => format!("-{:02x}", u32::from(letter)),
    };
    id.chars().map(spelt).collect()
}

impl Heard {
    fn seal(&mut self, seal: &Value) {
        self.seals.extend(
            seal.as_str()
                .filter(|seal| !seal.is_empty())
                .map(str::to_owned),
        );
    }

    /// Of a whole answer.
    pub(crate) fn converse(body: &Value) -> Self {
        let mut heard = Self::default();
        for block in body["output"]["message"]["content"].as_array().unwrap() {
            heard.text += text(&block["text"]);
            for cited in block["citationsContent"]["content"]
                .as_array()
                .into_iter()
                .flatten()
            {
                heard.text += text(&cited["text"]);
            }
            let thought = &block["reasoningContent"];
            heard.thinking += text(&thought["reasoningText"]["text"]);
            heard.seal(&thought["reasoningText"]["signature"]);
            heard.seal(&thought["redactedContent"]);
            let call = &block["toolUse"];
            if call.is_object() {
                let (id, name) = (text(&call["toolUseId"]), text(&call["name"]));
                heard
                    .calls
                    .push((id.into(), name.into(), call["input"].clone()));
            }
        }
        heard.end(&body["stopReason"]);
        heard.count(&body["usage"]);
        heard
    }

    /// Of frames.
    pub(crate) fn events(bytes: &[u8]) -> Self {
        let mut heard = Self::default();
        let mut pieces: Vec<(Value, String)> = Vec::new();
        for (kind, name, said) in frames::read(bytes) {
            assert_eq!(kind, "event", "{name}");
            let (call, delta) = (&said["start"]["toolUse"], &said["delta"]);
            if call.is_object() {
                let (id, name) = (text(&call["toolUseId"]), text(&call["name"]));
                heard.calls.push((id.into(), name.into(), Value::Null));
                pieces.push((said["contentBlockIndex"].clone(), String::new()));
            }
            heard.text += text(&delta["text"]);
            heard.thinking += text(&delta["reasoningContent"]["text"]);
            heard.seal(&delta["reasoningContent"]["signature"]);
            heard.seal(&delta["reasoningContent"]["redactedContent"]);
            if let Some(piece) = delta["toolUse"]["input"].as_str() {
                let last = pieces.last_mut().unwrap();
                assert_eq!(last.0, said["contentBlockIndex"]);
                last.1 += piece;
            }
            match &*name {
                "messageStop" => heard.end(&said["stopReason"]),
                "metadata" => heard.count(&said["usage"]),
                _ => {}
            }
        }
        for (call, (_, piece)) in heard.calls.iter_mut().zip(pieces) {
            call.2 = input(&piece);
        }
        heard
    }

    fn end(&mut self, reason: &Value) {
        assert!(!self.done, "it ends once");
        self.done = true;
        // Whose filter it was is not told.
        self.finish = text(reason).replace("guardrail_intervened", "content_filtered");
    }

    fn count(&mut self, usage: &Value) {
        let names = [
            "inputTokens",
            "outputTokens",
            "cacheReadInputTokens",
            "cacheWriteInputTokens",
        ];
        self.usage = counts(usage, names);
    }

    /// Of Claude's own dialect.
    pub(crate) fn claude(body: &Value) -> Self {
        let mut heard = Self::default();
        for block in body["content"].as_array().unwrap() {
            heard.block(block);
        }
        heard.told(&body["stop_reason"], &body["usage"]);
        heard
    }

    fn block(&mut self, block: &Value) {
        self.text += text(&block["text"]);
        self.thinking += text(&block["thinking"]);
        self.seal(&block["signature"]);
        self.seal(&block["data"]);
        if block["type"] == "tool_use" {
            let (id, name) = (text(&block["id"]), text(&block["name"]));
            self.calls
                .push((id.into(), name.into(), block["input"].clone()));
        }
    }

    fn told(&mut self, reason: &Value, usage: &Value) {
        self.done = true;
        self.finish = text(reason).replace("refusal", "content_filtered");
        let names = [
            "input_tokens",
            "output_tokens",
            "cache_read_input_tokens",
            "cache_creation_input_tokens",
        ];
        self.usage = counts(usage, names);
    }

    /// Of its events.
    pub(crate) fn claudes(events: &[Value]) -> Self {
        let (mut heard, mut piece) = (Self::default(), String::new());
        for event in events {
            let delta = &event["delta"];
            match text(&event["type"]) {
                "content_block_start" => heard.block(&event["content_block"]),
                "content_block_delta" => {
                    heard.text += text(&delta["text"]);
                    heard.thinking += text(&delta["thinking"]);
                    heard.seal(&delta["signature"]);
                    piece += text(&delta["partial_json"]);
                }
                "content_block_stop" if !piece.is_empty() => {
                    heard.calls.last_mut().unwrap().2 = input(&std::mem::take(&mut piece));
                }
                "message_delta" => heard.told(&delta["stop_reason"], &event["usage"]),
                _ => {}
            }
        }
        assert_eq!(events.last().unwrap()["type"], "message_stop");
        heard
    }

    /// Of OpenAI's chat: an answer, or the chunks of one.
    pub(crate) fn chat(all: &[Value]) -> Self {
        let mut heard = Self::default();
        for said in all {
            let choice = &said["choices"][0];
            for message in [&choice["message"], &choice["delta"]] {
                heard.text += text(&message["content"]);
                heard.thinking += text(&message["reasoning_content"]);
                for call in message["tool_calls"].as_array().into_iter().flatten() {
                    let function = &call["function"];
                    if let Some(id) = call["id"].as_str() {
                        heard
                            .calls
                            .push((id.into(), text(&function["name"]).into(), json!("")));
                    }
                    let last = &mut heard.calls.last_mut().unwrap().2;
                    *last = format!("{}{}", text(last), text(&function["arguments"])).into();
                }
            }
            if let Some(reason) = choice["finish_reason"].as_str() {
                heard.done = true;
                heard.finish = reason.into();
            }
            let usage = &said["usage"];
            if usage.is_object() {
                let prompt = counts(usage, ["prompt_tokens", "completion_tokens", "", ""]);
                let details = &usage["prompt_tokens_details"];
                let cached = counts(details, ["", "", "cached_tokens", "cache_write_tokens"]);
                let input = prompt[0] - cached[2] - cached[3];
                heard.usage = [input, prompt[1], cached[2], cached[3]];
            }
        }
        for (.., told) in &mut heard.calls {
            *told = input(text(told));
        }
        heard
    }

    /// As a client of Claude hears it.
    pub(crate) fn for_claude(mut self) -> Self {
        for (id, ..) in &mut self.calls {
            *id = for_claude(id);
        }
        self
    }

    /// What there is of it for a client of OpenAI's chat.
    pub(crate) fn for_chat(mut self) -> Self {
        self.seals.clear();
        self.finish = match &*self.finish {
            "end_turn" => "stop",
            "max_tokens" => "length",
            "tool_use" => "tool_calls",
            "content_filtered" => "content_filter",
            other => panic!("{other}"),
        }
        .into();
        self
    }
}
