//! Vectors of one text or of several.

use serde::Deserialize;

use super::{error::invalid, request::malformed};
use crate::{
    object::object,
    tokens::count_tokens,
    trouble::Problem,
    wire::{
        Aside,
        vector::{self, DIMENSIONS, MOST},
    },
};

#[derive(Deserialize)]
struct Body {
    model: Option<String>,
    input: Option<Input>,
    dimensions: Option<u64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    One(String),
    Many(Vec<String>),
}

pub(super) fn answer(body: &[u8]) -> Result<Aside, Problem> {
    let body: Body = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
    let model = body.model.filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| invalid("model is required"))?;
    let texts = match body.input {
        None => Vec::new(),
        Some(Input::One(text)) => vec![text],
        Some(Input::Many(texts)) => texts,
    };
    let dimensions = body.dimensions.unwrap_or(DIMENSIONS).clamp(1, MOST);
    let vectors: Vec<_> = texts
        .iter()
        .map(|text| vector::listed(&vector::of(text.as_bytes(), dimensions)))
        .collect();
    let tokens = texts.iter().map(|text| count_tokens(text)).sum();
    let body = object! {
        "model": &model,
        "embeddings": vectors,
        "total_duration": 14_143_917u64,
        "load_duration": 1_019_500u64,
        "prompt_eval_count": tokens,
    };
    Ok(Aside {
        model,
        tokens,
        billed: true,
        body: body.0,
    })
}
