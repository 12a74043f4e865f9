//! Reads the content blocks of a message, and of the system prompt.

use serde_json::{Value, value::RawValue};

use super::{super::error::invalid, cache_point};
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
    pub(super) calls: Vec<String>,
    /// The ids of the calls that it answers, and the answers.
    pub(super) results: Vec<(String, String)>,
}

pub(super) fn system(raw: &RawValue, at: usize, prompt: &mut Prompt) -> Result<(), Problem> {
    let block: Value = serde_json::from_str(raw.get()).unwrap_or_default();
    if let Some(point) = block.get("cachePoint") {
        return cache_point(point, prompt);
    }
    match block["text"].as_str() {
        Some("") => return Err(blank(&format!("SystemContentBlock object at system.{at}"))),
        Some(text) => prompt.text(text),
        None => prompt.text(&compact(raw.get())),
    }
    prompt.end_block(None);
    Ok(())
}

fn blank(object: &str) -> Problem {
    invalid(format!(
        "The text field in the {object} is blank. Add text to the text field, and try again."
    ))
}

pub(super) fn read(
    blocks: &[&RawValue],
    at: usize,
    prompt: &mut Prompt,
) -> Result<Content, Problem> {
    if blocks.is_empty() {
        return Err(invalid(format!(
            "The content field in the Message object at messages.{at} is empty. Add a ContentBlock object to the \
             content field and try again."
        )));
    }
    let mut content = Content::default();
    let mut texts = Vec::new();
    for (index, raw) in blocks.iter().enumerate() {
        let place = format!("messages.{at}.content.{index}");
        let members: Members<'_> = serde_json::from_str(raw.get())
            .map_err(|_| invalid(format!("The value at {place} is not a structure.")))?;
        let [(kind, inner)] = &members.0[..] else {
            return Err(invalid(format!(
                "The ContentBlock object at {place} must set exactly one member."
            )));
        };
        block(kind, inner, raw, &place, &mut content, &mut texts, prompt)?;
    }
    content.text = texts.join("\n");
    Ok(content)
}

fn block(
    kind: &str,
    inner: &RawValue,
    raw: &RawValue,
    place: &str,
    content: &mut Content,
    texts: &mut Vec<String>,
    prompt: &mut Prompt,
) -> Result<(), Problem> {
    let value: Value = serde_json::from_str(inner.get()).unwrap_or_default();
    let id = || {
        let id = value["toolUseId"].as_str();
        let fits = id.filter(|id| !id.is_empty() && id.len() <= 64);
        let fits = fits.filter(|id| {
            id.chars()
                .all(|c| c.is_ascii_alphanumeric() || "_.:-".contains(c))
        });
        fits.map(str::to_owned).ok_or_else(|| {
            invalid(format!(
                "1 validation error detected: Value at '{place}.{kind}.toolUseId' failed to satisfy constraint: \
                 Member must satisfy regular expression pattern: [a-zA-Z0-9_.:-]{{1,64}}"
            ))
        })
    };
    match kind {
        "cachePoint" => return cache_point(&value, prompt),
        "text" => {
            let text = value.as_str().unwrap_or_default();
            if text.is_empty() {
                return Err(blank(&format!("ContentBlock object at {place}")));
            }
            prompt.text(text);
            texts.push(text.to_owned());
        }
        "image" | "document" | "video" | "audio" => {
            let known = value["format"].is_string() && value["source"].is_object();
            if !known {
                return Err(invalid(format!(
                    "The {kind} object at {place} needs a format and a source."
                )));
            }
            prompt.attachment(&compact(raw.get()));
        }
        "toolUse" => {
            content.calls.push(id()?);
            prompt.text(value["name"].as_str().unwrap_or_default());
            match member(inner, "input") {
                Some(input) if input.starts_with('{') => prompt.text(&input),
                _ => {
                    return Err(invalid(format!(
                        "The format of the value at {place}.toolUse.input is invalid. Provide a json object for the \
                         field and try again."
                    )));
                }
            }
        }
        "toolResult" => {
            let result = result(&value["content"]);
            prompt.text(&result);
            content.results.push((id()?, result));
        }
        "reasoningContent" => {
            let text = value["reasoningText"]["text"].as_str();
            prompt.text(text.unwrap_or_default());
        }
        "guardContent" | "citationsContent" | "searchResult" => {
            prompt.text(&compact(inner.get()));
        }
        other => {
            let pointer = place.replace('.', "/");
            return Err(invalid(format!(
                "Malformed input request: #/{pointer}: extraneous key [{other}] is not permitted, please reformat \
                 your input and try again."
            )));
        }
    }
    prompt.end_block(None);
    Ok(())
}

/// One member of an object, compact, its keys in the order they came in.
fn member(raw: &RawValue, name: &str) -> Option<String> {
    let members: Members<'_> = serde_json::from_str(raw.get()).ok()?;
    let (_, value) = members.0.iter().find(|(key, _)| key == name)?;
    Some(compact(value.get()))
}

/// The text of a tool's result; what is not text in it is quoted as JSON.
fn result(content: &Value) -> String {
    let parts = content.as_array().map_or(&[][..], Vec::as_slice);
    let texts: Vec<_> = parts
        .iter()
        .map(|part| match (part["text"].as_str(), part.get("json")) {
            (Some(text), _) => text.to_owned(),
            (None, Some(json)) => json.to_string(),
            (None, None) => part.to_string(),
        })
        .collect();
    texts.join("\n")
}
