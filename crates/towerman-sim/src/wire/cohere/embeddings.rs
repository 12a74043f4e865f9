//! Vectors of several texts, in each of the types that are asked for.

use serde::Deserialize;
use serde_json::Value;

use super::error::{invalid, malformed};
use crate::{
    hash,
    object::{Raw, object},
    tokens::{PER_ATTACHMENT, count_tokens},
    trouble::Problem,
    wire::{
        Aside,
        vector::{self, DIMENSIONS, MOST},
    },
};

#[derive(Deserialize)]
struct Body {
    model: Option<String>,
    input_type: Option<String>,
    texts: Option<Vec<String>>,
    images: Option<Vec<String>>,
    inputs: Option<Vec<Value>>,
    embedding_types: Option<Vec<String>>,
    output_dimension: Option<u64>,
}

/// The most that one request can embed.
const MOST_TEXTS: usize = 96;

const PURPOSES: [&str; 5] = [
    "search_document",
    "search_query",
    "classification",
    "clustering",
    "image",
];

pub(super) fn answer(body: &[u8]) -> Result<Aside, Problem> {
    let id = hash::uuid(hash::of(body));
    let body: Body = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
    let model = body.model.filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| invalid("invalid request: model is required"))?;
    let purpose = body.input_type.as_deref();
    if !purpose.is_some_and(|purpose| PURPOSES.contains(&purpose)) {
        return Err(invalid(
            "invalid request: valid input_type must be provided with the provided model",
        ));
    }
    let dimensions = body.output_dimension.unwrap_or(DIMENSIONS);
    if !(1..=MOST).contains(&dimensions) {
        return Err(invalid("invalid request: output_dimension is not valid"));
    }
    let texts = body.texts.unwrap_or_default();
    let others: Vec<_> = body
        .images
        .into_iter()
        .flatten()
        .chain(
            body.inputs
                .into_iter()
                .flatten()
                .map(|input| input.to_string()),
        )
        .collect();
    let all: Vec<_> = texts.iter().chain(&others).collect();
    if all.is_empty() || all.len() > MOST_TEXTS {
        return Err(invalid(format!(
            "invalid request: total number of texts must be at least 1 and at most {MOST_TEXTS} - received {}",
            all.len()
        )));
    }
    let vectors: Vec<_> = all
        .iter()
        .map(|text| vector::of(text.as_bytes(), dimensions))
        .collect();
    let types = body
        .embedding_types
        .unwrap_or_else(|| vec!["float".to_owned()]);
    let embeddings = embeddings(&vectors, &types)?;
    let tokens = texts.iter().map(|text| count_tokens(text)).sum::<u64>()
        + others.len() as u64 * PER_ATTACHMENT;
    let units = object! { "input_tokens": tokens };
    let body = object! {
        "id": id,
        "texts": texts,
        "embeddings": embeddings,
        "meta": object! { "api_version": object! { "version": "2" }, "billed_units": units },
        "response_type": "embeddings_by_type",
    };
    Ok(Aside {
        model,
        tokens,
        billed: true,
        body: body.0,
    })
}

fn embeddings(vectors: &[Vec<f32>], types: &[String]) -> Result<Raw, Problem> {
    let of = |write: &dyn Fn(&[f32]) -> Raw| vectors.iter().map(|vector| write(vector)).collect();
    let mut members = Vec::new();
    for kind in types {
        let list: Vec<Raw> = match kind.as_str() {
            "float" => of(&vector::listed),
            "base64" => of(&vector::packed),
            "int8" => of(&|vector| bytes(vector, 0.0)),
            "uint8" => of(&|vector| bytes(vector, 128.0)),
            "binary" | "ubinary" => of(&|vector| bits(vector, kind == "binary")),
            _ => {
                return Err(invalid(format!(
                    "invalid request: embedding_types '{kind}' is not valid"
                )));
            }
        };
        let list: Vec<_> = list.iter().map(|item| item.0.as_str()).collect();
        members.push(format!("\"{kind}\":[{}]", list.join(",")));
    }
    Ok(Raw(format!("{{{}}}", members.join(","))))
}

/// A number of eight bits each.
fn bytes(vector: &[f32], zero: f32) -> Raw {
    let numbers: Vec<_> = vector
        .iter()
        .map(|x| (x * 127.0 + zero).round().to_string())
        .collect();
    Raw(format!("[{}]", numbers.join(",")))
}

/// One bit each: whether it is positive. Eight of them are a number, signed or not.
fn bits(vector: &[f32], signed: bool) -> Raw {
    let byte = |eight: &[f32]| {
        let bits = eight.iter().map(|x| u8::from(*x > 0.0));
        bits.fold(0u8, |byte, bit| (byte << 1) | bit)
    };
    let numbers: Vec<_> = vector
        .chunks(8)
        .map(|eight| i16::from(byte(eight)) - if signed { 128 } else { 0 })
        .map(|number| number.to_string())
        .collect();
    Raw(format!("[{}]", numbers.join(",")))
}
