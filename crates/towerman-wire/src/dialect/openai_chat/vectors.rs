//! `POST /v1/embeddings`.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use towerman_core::Fault;

use crate::{
    dialect::{
        To,
        node::{Node, Object},
        write,
    },
    neutral::{Fields, Notes, Raw, Text, refuse},
    vectors::{self, Answer, Told, Vector, Wanted, count, input, texts},
};

#[derive(Debug)]
pub(super) struct Vectors;

impl vectors::Codec for Vectors {
    fn read_request<'a>(&self, body: &'a str) -> Result<Wanted<'a>, Fault> {
        let mut fields = Fields::body(body)?;
        fields.take("model");
        let input: Raw<'a> = fields.need("input", "", "a string or an array")?;
        let mut wanted = Wanted {
            list: "/input",
            // Whoever speaks this dialect refuses what is too long.
            cuts: Some(false),
            dimensions: fields.set("/dimensions", "a number")?,
            ..Wanted::default()
        };
        // Mistral's words.
        let length = fields.set("/output_dimension", "a number")?;
        wanted.dimensions = wanted.dimensions.or(length);
        let kind = fields.string("output_dtype", "")?;
        if kind.is_some_and(|kind| kind != "float") {
            return Err(refuse("/output_dtype", "must be float for this model"));
        }
        wanted.packed = match fields.string("encoding_format", "")?.as_deref() {
            None | Some("float") => false,
            Some("base64") => true,
            Some(_) => return Err(refuse("/encoding_format", "must be float or base64")),
        };
        (wanted.texts, wanted.single) = texts(input, "/input")?;
        wanted.leave(fields, "");
        Ok(wanted)
    }

    fn write_request(
        &self,
        wanted: Wanted<'_>,
        to: &To<'_>,
        notes: &mut Notes,
    ) -> Result<Bytes, Fault> {
        if let Some((_, at)) = wanted.purpose {
            notes.dropped(
                at,
                "dropped: this model makes the same vectors for everything",
            )?;
        }
        let format = if wanted.packed { "base64" } else { "float" };
        let mut body = Object::default();
        body.put("model", Text::Said(to.model.into()));
        body.put("input", input(wanted.texts, wanted.single));
        body.maybe("dimensions", wanted.dimensions.map(|set| set.value));
        body.put("encoding_format", format);
        write(&body)
    }

    fn read_answer<'a>(&self, body: &'a [u8]) -> Option<Answer<'a>> {
        let mut said: Said<'_> = serde_json::from_slice(body).ok()?;
        // Most come in order; whoever does not say the order means it.
        said.data.sort_by_key(|one| one.index.unwrap_or_default());
        let vectors = said.data.iter().map(|one| Vector::read(one.embedding));
        Some(Answer {
            vectors: vectors.collect::<Option<_>>()?,
            id: None,
            model: said.model,
            tokens: said.usage.and_then(|usage| usage.prompt_tokens),
        })
    }

    fn write_answer(&self, answer: Answer<'_>, told: &Told) -> Result<Bytes, Fault> {
        let data = (0u64..).zip(answer.vectors).map(|(index, vector)| {
            let object = Object::default().with("object", "embedding");
            let object = object.with("index", index);
            Node::Object(object.with("embedding", vector.told(told)))
        });
        let tokens = answer.tokens.unwrap_or_default();
        let usage = Object::default().with("prompt_tokens", tokens);
        let model = answer.model.unwrap_or_else(|| told.model.as_str().into());
        write(
            &Object::default()
                // OpenAI has none here, but Mistral's clients read none without.
                .with(
                    "id",
                    Text::Said(answer.id.unwrap_or_else(|| told.id.as_str().into())),
                )
                .with("object", "list")
                .with("data", Node::List(data.collect()))
                .with("model", Text::Said(model))
                .with("usage", usage.with("total_tokens", tokens)),
        )
    }
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    data: Vec<One<'a>>,
    #[serde(borrow, default)]
    model: Option<Cow<'a, str>>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct One<'a> {
    #[serde(borrow)]
    embedding: Raw<'a>,
    #[serde(default, deserialize_with = "count")]
    index: Option<u64>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default, deserialize_with = "count")]
    prompt_tokens: Option<u64>,
}
