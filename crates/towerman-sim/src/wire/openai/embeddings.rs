//! Embeddings: the same text has the same vector, and another text another.

use serde::Deserialize;
use serde_json::Value;

use super::request::missing;
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
    input: Option<Value>,
    dimensions: Option<u64>,
    encoding_format: Option<String>,
}

pub(super) fn answer(body: &[u8]) -> Result<Aside, Problem> {
    let body: Body = serde_json::from_slice(body)
        .map_err(|error| Problem::invalid(error.to_string()).code("invalid_type"))?;
    let model = body.model.filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| Problem::invalid("you must provide a model parameter"))?;
    let texts = texts(&body.input.ok_or_else(|| missing("input"))?)?;
    let dimensions = body.dimensions.unwrap_or(DIMENSIONS);
    if !(1..=MOST).contains(&dimensions) {
        let message = format!("Invalid value for 'dimensions' = {dimensions}.");
        return Err(Problem::invalid(message).param("dimensions"));
    }
    let packed = body.encoding_format.as_deref() == Some("base64");
    let data: Vec<_> = (0..)
        .zip(&texts)
        .map(|(index, text): (u64, _)| {
            let vector = vector::of(&text.0, dimensions);
            let vector = if packed {
                vector::packed(&vector)
            } else {
                vector::listed(&vector)
            };
            object! { "object": "embedding", "index": index, "embedding": vector }
        })
        .collect();
    let tokens = texts.iter().map(|text| text.1).sum();
    let usage = object! { "prompt_tokens": tokens, "total_tokens": tokens };
    let answer =
        object! { "object": "list", "data": data, "model": model.as_str(), "usage": usage };
    Ok(Aside {
        model,
        tokens,
        billed: true,
        body: answer.0,
    })
}

/// The texts of an input, as bytes, with their tokens: strings, or tokens themselves.
fn texts(input: &Value) -> Result<Vec<(Vec<u8>, u64)>, Problem> {
    let one = |value: &Value| match value {
        Value::String(text) if !text.is_empty() => {
            Some((text.as_bytes().to_vec(), count_tokens(text)))
        }
        Value::Array(tokens) if !tokens.is_empty() => {
            let words: Option<Vec<_>> = tokens.iter().map(Value::as_u64).collect();
            let bytes = words?.into_iter().flat_map(u64::to_le_bytes).collect();
            Some((bytes, tokens.len() as u64))
        }
        _ => None,
    };
    let texts = match input {
        Value::Array(many) if many.first().is_none_or(|first| !first.is_number()) => {
            many.iter().map(one).collect()
        }
        single => one(single).map(|text| vec![text]),
    };
    texts
        .filter(|texts| !texts.is_empty())
        .ok_or_else(|| Problem::invalid("'$.input' is invalid.").param("input"))
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use serde_json::json;

    use super::*;

    fn asked(input: &Value, more: &str) -> Result<Value, Problem> {
        let body = format!(r#"{{"model":"m","input":{input}{more}}}"#);
        answer(body.as_bytes()).map(|aside| serde_json::from_str(&aside.body).unwrap())
    }

    #[test]
    fn equal_texts_have_equal_vectors_of_length_one() {
        let told = asked(&json!(["a", "b", "a"]), "").unwrap();
        let vectors: Vec<Vec<f64>> = (0..3)
            .map(|at| serde_json::from_value(told["data"][at]["embedding"].clone()).unwrap())
            .collect();
        assert_eq!(vectors[0], vectors[2]);
        assert_ne!(vectors[0], vectors[1]);
        for vector in vectors {
            let length: f64 = vector.iter().map(|x| x * x).sum();
            assert_eq!(vector.len(), 16);
            assert!((length - 1.0).abs() < 1e-5, "{length}");
        }
        assert_eq!(
            told["usage"],
            json!({"prompt_tokens": 3, "total_tokens": 3})
        );
    }

    #[test]
    fn every_form_of_input_and_of_output() {
        for (input, count, tokens) in [
            (json!("hello"), 1, 2),
            (json!([1, 2, 3]), 1, 3),
            (json!([[1, 2], [3]]), 2, 3),
        ] {
            let told = asked(&input, r#","dimensions":4"#).unwrap();
            assert_eq!(told["data"].as_array().unwrap().len(), count);
            assert_eq!(told["usage"]["total_tokens"], tokens);
            assert_eq!(told["data"][0]["embedding"].as_array().unwrap().len(), 4);
        }
        let packed = asked(&json!("a"), r#","encoding_format":"base64""#).unwrap();
        let bytes = STANDARD.decode(packed["data"][0]["embedding"].as_str().unwrap());
        assert_eq!(bytes.unwrap().len(), 64);
        for wrong in [
            json!(""),
            json!([]),
            json!(7),
            json!([""]),
            json!([{}]),
            json!([[-1]]),
        ] {
            assert!(asked(&wrong, "").is_err(), "{wrong}");
        }
        assert!(asked(&json!("a"), r#","dimensions":0"#).is_err());
    }
}
