//! What an answer says, read from the recording by code that shares nothing with the translator.

mod anthropic;
mod chat;
mod cohere;
mod completions;
mod converse;
mod gemini;
mod ollama;
mod responses;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use towerman::core::Dialect;

/// What one side takes from an answer: the first one, where several were asked for.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Heard {
    pub(crate) text: String,
    /// Why the model or a filter would not go on, in words.
    pub(crate) refusal: String,
    pub(crate) thought: String,
    pub(crate) calls: Vec<Called>,
    /// `stop`, `length`, `tool_calls`, `content_filter`, or what nobody knows.
    pub(crate) finish: String,
    pub(crate) usage: Option<Counts>,
    pub(crate) model: String,
    /// The provider said in its answer that it failed.
    pub(crate) failed: bool,
    /// The stream came to its end.
    pub(crate) complete: bool,
}

/// A tool's call.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub(crate) struct Called {
    /// Where the dialect gives one.
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) input: Value,
}

/// Tokens. What a dialect does not count is absent.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
pub(crate) struct Counts {
    /// All of it, caches included.
    pub(crate) prompt: u64,
    pub(crate) cached: Option<u64>,
    /// All of it, reasoning included.
    pub(crate) output: u64,
    pub(crate) reasoning: Option<u64>,
}

impl Heard {
    /// It calls a tool with text that is no JSON.
    pub(crate) fn free(&self) -> bool {
        self.calls.iter().any(|call| call.input.is_string())
    }
}

/// A whole answer; `None` if it is no answer of the dialect.
pub(crate) fn whole(dialect: Dialect, body: &Value) -> Option<Heard> {
    let heard = match dialect {
        Dialect::OpenAiChat => chat::whole(body),
        Dialect::OpenAiCompletions => completions::whole(body),
        Dialect::OpenAiResponses => responses::whole(body),
        Dialect::Anthropic => anthropic::whole(body),
        Dialect::Gemini => gemini::events(std::slice::from_ref(body)),
        Dialect::Ollama => ollama::events(std::slice::from_ref(body)),
        Dialect::Cohere => cohere::whole(body),
        Dialect::BedrockConverse => converse::whole(body),
    };
    heard.map(settle)
}

/// The events of a stream; `None` if it is none of the dialect.
pub(crate) fn stream(dialect: Dialect, events: &[Value]) -> Option<Heard> {
    let heard = match dialect {
        Dialect::OpenAiChat => chat::stream(events),
        Dialect::OpenAiCompletions => completions::stream(events),
        Dialect::OpenAiResponses => responses::stream(events),
        Dialect::Anthropic => anthropic::stream(events),
        Dialect::Gemini => gemini::events(events),
        Dialect::Ollama => ollama::events(events),
        Dialect::Cohere => cohere::stream(events),
        Dialect::BedrockConverse => converse::stream(events),
    };
    heard.map(settle)
}

/// Where dialects have different words for one thing: an answer that calls a tool, or refuses,
/// stops for that, also where the provider says no more than that it stopped.
fn settle(mut heard: Heard) -> Heard {
    if !heard.calls.is_empty() && heard.finish == "stop" {
        heard.finish = "tool_calls".into();
    }
    if !heard.refusal.is_empty() && heard.finish == "stop" {
        heard.finish = "content_filter".into();
    }
    // Some hosts count more of the prompt as cached than there was.
    if let Some(usage) = &mut heard.usage {
        usage.cached = usage.cached.map(|cached| cached.min(usage.prompt));
    }
    heard
}

// === what the readers share ===

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The id that a provider gave, if it gave one.
fn id(value: &Value) -> Option<String> {
    value
        .as_str()
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
}

/// Arguments in a string: no text is no argument, and what is no JSON stays text.
fn arguments(spelt: &str) -> Value {
    match spelt.trim() {
        "" | "null" => json!({}),
        said => serde_json::from_str(said).unwrap_or_else(|_| spelt.into()),
    }
}

/// One number is one number, with and without a point.
pub(crate) fn numbers(value: &Value) -> Value {
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
