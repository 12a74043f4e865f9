//! Reads content that is a text or a list of blocks, as `system` and messages have it.

use serde_json::{Value, value::RawValue};

use super::{caching, required};
use crate::{
    json::{Members, compact},
    prompt::Prompt,
    trouble::Problem,
};

/// What the rest of the request depends on.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// Its texts, one a line.
    pub(super) text: String,
    /// The ids of the tools that it calls.
    pub(super) calls: Vec<String>,
    /// The ids of the calls that it answers, and the answers.
    pub(super) results: Vec<(String, String)>,
}

pub(super) fn read(raw: &RawValue, place: &str, prompt: &mut Prompt) -> Result<Content, Problem> {
    if let Ok(text) = serde_json::from_str::<String>(raw.get()) {
        prompt.text(&text);
        prompt.end_block(None);
        return Ok(Content {
            text,
            ..Content::default()
        });
    }
    let blocks: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| {
        Problem::invalid(format!("{place}: Input should be a valid string or list"))
    })?;
    let mut content = Content::default();
    let mut texts = Vec::new();
    for (at, raw) in blocks.into_iter().enumerate() {
        let block: Value = serde_json::from_str(raw.get()).unwrap_or_default();
        let place = format!("{place}.{at}");
        let field = |name: &str| {
            block[name]
                .as_str()
                .ok_or_else(|| required(&format!("{place}.{name}")))
        };
        match field("type")? {
            "text" => {
                let text = field("text")?;
                if text.is_empty() {
                    return Err(Problem::invalid(
                        "messages: text content blocks must be non-empty",
                    ));
                }
                prompt.text(text);
                texts.push(text.to_owned());
            }
            "tool_use" => {
                prompt.text(field("name")?);
                prompt.text(
                    &member(raw, "input").ok_or_else(|| required(&format!("{place}.input")))?,
                );
                content.calls.push(field("id")?.to_owned());
            }
            "tool_result" => {
                let id = field("tool_use_id")?.to_owned();
                let result = result(&block["content"]);
                prompt.text(&result);
                content.results.push((id, result));
            }
            "image" | "document" => prompt.attachment(&uncontrolled(raw)),
            "thinking" => prompt.text(field("thinking")?),
            _ => prompt.text(&uncontrolled(raw)),
        }
        prompt.end_block(caching::mark(
            block.get("cache_control"),
            &format!("{place}.cache_control"),
        )?);
    }
    content.text = texts.join("\n");
    Ok(content)
}

/// One member of an object, compact, its keys in the order they came in.
fn member(raw: &RawValue, name: &str) -> Option<String> {
    let members: Members<'_> = serde_json::from_str(raw.get()).ok()?;
    members
        .0
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| compact(value.get()))
}

/// A block, compact, without its breakpoint: moving that does not change what is cached.
fn uncontrolled(raw: &RawValue) -> String {
    serde_json::from_str::<Members<'_>>(raw.get()).map_or_else(
        |_| compact(raw.get()),
        |members| members.without("cache_control"),
    )
}

/// The text of a tool's result; what is not text in it is quoted as JSON.
fn result(content: &Value) -> String {
    match content {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts: Vec<_> = parts
                .iter()
                .map(|part| {
                    part["text"]
                        .as_str()
                        .map_or_else(|| part.to_string(), str::to_owned)
                })
                .collect();
            texts.join("\n")
        }
        other => other.to_string(),
    }
}
