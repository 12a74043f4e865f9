//! Reads a `GenerateContentRequest`, and refuses what the real API refuses.

mod config;
mod history;
mod parts;
mod tools;

use serde_json::value::RawValue;

use super::{error::invalid, fields::Fields};
use crate::{
    ask::Ask,
    object::object,
    prompt::Prompt,
    trouble::Problem,
    wire::{Aside, Form, Request},
};

const FIELDS: [&str; 12] = [
    "model",
    "contents",
    "systemInstruction",
    "tools",
    "toolConfig",
    "generationConfig",
    "safetySettings",
    "cachedContent",
    "labels",
    "modelArmorConfig",
    "serviceTier",
    "store",
];

/// The body as JSON.
pub(super) fn body<'a>(request: &Request<'a>) -> Result<&'a RawValue, Problem> {
    serde_json::from_slice(request.body).map_err(|error| {
        invalid(format!(
            "Invalid JSON payload received. Unexpected token.\n{error}"
        ))
    })
}

pub(super) fn read(request: &Request<'_>) -> Result<Ask, Problem> {
    generate(request, body(request)?, &FIELDS)
}

/// `:countTokens`: of contents, or of a whole request.
pub(super) fn count(request: &Request<'_>) -> Result<Aside, Problem> {
    let raw = body(request)?;
    let fields = Fields::read(raw, "", &["contents", "generateContentRequest"])?;
    let ask = match fields.raw("generateContentRequest") {
        Some(inner) => generate(request, inner, &FIELDS)?,
        None => generate(request, raw, &["contents"])?,
    };
    let tokens = ask.prompt.tokens;
    let details = object! { "modality": "TEXT", "tokenCount": tokens };
    Ok(Aside {
        model: ask.model,
        tokens,
        billed: false,
        body: object! { "totalTokens": tokens, "promptTokensDetails": vec![details] }.0,
    })
}

/// The texts of a content, one a line.
pub(super) fn content_text(raw: &RawValue, place: &str) -> Result<String, Problem> {
    let content = parts::read(raw, place, true, &mut Prompt::new(""))?;
    Ok(content.text)
}

fn generate(request: &Request<'_>, raw: &RawValue, known: &[&str]) -> Result<Ask, Problem> {
    let strict = request.rules.strict;
    let fields = Fields::read(raw, "", if strict { known } else { &[] })?;
    let model = request.call.model.clone().unwrap_or_default();

    let mut prompt = Prompt::new(&model);
    let declared = tools::read(&fields, strict, &mut prompt)?;
    let (choice, tools) = tools::choice(&fields, declared)?;
    if let Some(system) = fields.raw("systemInstruction") {
        // Its role says nothing.
        parts::read(system, "system_instruction", strict, &mut prompt)?;
    }
    let history = history::read(&fields.list("contents"), &request.rules, &mut prompt)?;
    let config = config::read(&fields, strict)?;
    Ok(Ask {
        choices: config.choices,
        max_tokens: config.max_tokens,
        stops: config.stops,
        tools,
        choice,
        schema: config.schema,
        thoughts: config.thoughts,
        said: history.said,
        results: history.results,
        ..Ask::new(model, request.call.form.unwrap_or(Form::Whole), prompt)
    })
}
