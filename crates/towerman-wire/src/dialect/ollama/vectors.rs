//! `POST /api/embed`.

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
    neutral::{Fields, Notes, Raw, Text},
    vectors::{self, Answer, Told, Vector, Wanted, count, input, texts},
};

#[derive(Debug)]
pub(super) struct Vectors;

impl vectors::Codec for Vectors {
    fn read_request<'a>(&self, body: &'a str) -> Result<Wanted<'a>, Fault> {
        let mut fields = Fields::body(body)?;
        fields.take("model");
        let (texts, single) = texts(fields.need("input", "", "a string or an array")?, "/input")?;
        let mut wanted = Wanted {
            texts,
            single,
            list: "/input",
            cuts: Some(fields.get("truncate", "", "true or false")?.unwrap_or(true)),
            dimensions: fields.set("/dimensions", "a number")?,
            ..Wanted::default()
        };
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
            notes.dropped(at, "dropped: Ollama has nothing like it")?;
        }
        let mut body = Object::default();
        body.put("model", Text::Said(to.model.into()));
        body.put("input", input(wanted.texts, wanted.single));
        body.maybe("dimensions", wanted.dimensions.map(|set| set.value));
        body.maybe("truncate", wanted.cuts);
        write(&body)
    }

    fn read_answer<'a>(&self, body: &'a [u8]) -> Option<Answer<'a>> {
        let said: Said<'_> = serde_json::from_slice(body).ok()?;
        let vectors = said.embeddings.into_iter().map(Vector::read);
        Some(Answer {
            vectors: vectors.collect::<Option<_>>()?,
            id: None,
            model: said.model,
            tokens: said.prompt_eval_count,
        })
    }

    fn write_answer(&self, answer: Answer<'_>, told: &Told) -> Result<Bytes, Fault> {
        let model = answer.model.unwrap_or_else(|| told.model.as_str().into());
        let vectors = answer.vectors.into_iter().map(Vector::listed).collect();
        let mut body = Object::default();
        body.put("model", Text::Said(model));
        body.put("embeddings", Node::List(vectors));
        body.maybe("prompt_eval_count", answer.tokens);
        write(&body)
    }
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    embeddings: Vec<Raw<'a>>,
    #[serde(borrow, default)]
    model: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "count")]
    prompt_eval_count: Option<u64>,
}
