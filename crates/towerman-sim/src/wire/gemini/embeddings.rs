//! Vectors, one or many.

use serde_json::value::RawValue;

use super::{
    error::invalid,
    fields::Fields,
    request::{body, content_text},
};
use crate::{
    object::{Raw, object},
    tokens::count_tokens,
    trouble::Problem,
    wire::{
        Aside, Request,
        vector::{self, DIMENSIONS, MOST},
    },
};

const FIELDS: [&str; 6] = [
    "model",
    "content",
    "taskType",
    "title",
    "outputDimensionality",
    "embedContentConfig",
];

/// `:embedContent`
pub(super) fn one(request: &Request<'_>) -> Result<Aside, Problem> {
    let (values, tokens) = vector(request, body(request)?, "")?;
    let usage = object! { "promptTokenCount": tokens };
    Ok(aside(
        request,
        tokens,
        object! { "embedding": values, "usageMetadata": usage },
    ))
}

/// `:batchEmbedContents`
pub(super) fn many(request: &Request<'_>) -> Result<Aside, Problem> {
    let fields = Fields::read(body(request)?, "", &["requests"])?;
    let mut embeddings = Vec::new();
    let mut tokens = 0;
    for (at, raw) in fields.list("requests").into_iter().enumerate() {
        let place = format!("requests[{at}]");
        let named: Option<String> = Fields::read(raw, &place, &[])?.get("model")?;
        if named
            .as_deref()
            .and_then(|name| name.strip_prefix("models/"))
            != request.call.model.as_deref()
        {
            return Err(invalid(format!(
                "* BatchEmbedContentsRequest.{place}.model: unexpected model name format\n"
            )));
        }
        let (values, size) = vector(request, raw, &place)?;
        embeddings.push(values);
        tokens += size;
    }
    if embeddings.is_empty() {
        return Err(invalid(
            "* BatchEmbedContentsRequest.requests: at least one request is required\n",
        ));
    }
    Ok(aside(request, tokens, object! { "embeddings": embeddings }))
}

fn aside(request: &Request<'_>, tokens: u64, body: Raw) -> Aside {
    Aside {
        model: request.call.model.clone().unwrap_or_default(),
        tokens,
        billed: true,
        body: body.0,
    }
}

/// The `ContentEmbedding` of one request, and the tokens of its text.
fn vector(request: &Request<'_>, raw: &RawValue, place: &str) -> Result<(Raw, u64), Problem> {
    let known = if request.rules.strict {
        &FIELDS[..]
    } else {
        &[]
    };
    let fields = Fields::read(raw, place, known)?;
    let content = fields.raw("content");
    let content = content
        .ok_or_else(|| invalid("* EmbedContentRequest.content: contents is not specified\n"))?;
    let text = content_text(content, &fields.at("content"))?;
    let dimensions = fields.get("outputDimensionality")?.unwrap_or(DIMENSIONS);
    if !(1..=MOST).contains(&dimensions) {
        return Err(invalid(format!(
            "* EmbedContentRequest.output_dimensionality: {dimensions} is out of range\n"
        )));
    }
    let values = vector::listed(&vector::of(text.as_bytes(), dimensions));
    Ok((object! { "values": values }, count_tokens(&text)))
}
