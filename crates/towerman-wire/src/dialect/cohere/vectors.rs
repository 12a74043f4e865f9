//! `POST /v2/embed`.

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
    vectors::{self, Answer, Purpose, Told, Vector, Wanted, count, one_text},
};

/// The most texts at once.
const MOST: usize = 96;

/// Where the client says the type of the numbers.
const TYPES: &str = "/embedding_types";

#[derive(Debug)]
pub(super) struct Vectors;

impl vectors::Codec for Vectors {
    fn read_request<'a>(&self, body: &'a str) -> Result<Wanted<'a>, Fault> {
        let mut fields = Fields::body(body)?;
        fields.take("model");
        let mut wanted = Wanted {
            texts: texts(&mut fields)?,
            list: "/texts",
            cuts: Some(
                fields
                    .string("truncate", "")?
                    .is_none_or(|how| how != "NONE"),
            ),
            dimensions: fields.set("/output_dimension", "a number")?,
            ..Wanted::default()
        };
        if let Some(name) = fields.string("input_type", "")? {
            let purpose = Purpose::of_cohere(&name)
                .ok_or_else(|| refuse("/input_type", "is none that this model's API knows"))?;
            wanted.purpose = Some((purpose, "/input_type".to_owned()));
        }
        let types: Option<Vec<Cow<'a, str>>> =
            fields.get("embedding_types", "", "an array of strings")?;
        wanted.packed = match types.as_deref() {
            None | Some([]) => false,
            Some([one]) if one == "float" => false,
            Some([one]) if one == "base64" => true,
            Some(_) => {
                return Err(refuse(
                    TYPES,
                    "must be float or base64, and one of them, for this model",
                ));
            }
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
        wanted.at_most(MOST)?;
        let purpose = match wanted.purpose {
            None => {
                notes.mapped(
                    "/input",
                    "told as documents to be found: Cohere wants a purpose",
                );
                Purpose::Document.cohere().0
            }
            Some((purpose, at)) => {
                let (name, same) = purpose.cohere();
                if !same {
                    notes.mapped(at, "told as the nearest purpose that Cohere knows");
                }
                name
            }
        };
        let texts = wanted.texts.into_iter().map(Node::Text).collect();
        let mut body = Object::default();
        body.put("model", Text::Said(to.model.into()));
        body.put("texts", Node::List(texts));
        body.put("input_type", purpose);
        body.put("embedding_types", Node::List(vec!["float".into()]));
        body.maybe("output_dimension", wanted.dimensions.map(|set| set.value));
        // It cuts the end off unless it is told not to.
        body.maybe("truncate", (wanted.cuts == Some(false)).then_some("NONE"));
        write(&body)
    }

    fn read_answer<'a>(&self, body: &'a [u8]) -> Option<Answer<'a>> {
        let said: Said<'_> = serde_json::from_slice(body).ok()?;
        let list = said.embeddings.float.or(said.embeddings.base64)?;
        let units = said.meta.and_then(|meta| meta.billed_units);
        Some(Answer {
            vectors: list.into_iter().map(Vector::read).collect::<Option<_>>()?,
            id: said.id,
            model: None,
            tokens: units.and_then(|units| units.input_tokens),
        })
    }

    fn write_answer(&self, answer: Answer<'_>, told: &Told) -> Result<Bytes, Fault> {
        let kind = if told.packed { "base64" } else { "float" };
        let vectors = answer.vectors.into_iter().map(|vector| vector.told(told));
        let version = Object::default().with("version", "2");
        let mut meta = Object::default().with("api_version", version);
        meta.maybe(
            "billed_units",
            answer
                .tokens
                .map(|tokens| Object::default().with("input_tokens", tokens)),
        );
        let id = answer.id.unwrap_or_else(|| told.id.as_str().into());
        write(
            &Object::default()
                .with("id", Text::Said(id))
                .with(
                    "embeddings",
                    Object::default().with(kind, Node::List(vectors.collect())),
                )
                .with("meta", meta)
                .with("response_type", "embeddings_by_type"),
        )
    }
}

/// Texts, or inputs that are texts.
fn texts<'a>(fields: &mut Fields<'a>) -> Result<Vec<Text<'a>>, Fault> {
    fields.refuse("images", "", "are images, and this model's API takes texts")?;
    let mut texts = Vec::new();
    for (index, raw) in fields.list("texts", "")?.into_iter().enumerate() {
        texts.push(one_text(raw, &format!("/texts/{index}"))?);
    }
    for (index, raw) in fields.list("inputs", "")?.into_iter().enumerate() {
        let at = format!("/inputs/{index}/content");
        let parts: Vec<Raw<'a>> = Fields::read(raw, &format!("/inputs/{index}"))?
            .list("content", &format!("/inputs/{index}"))?;
        let [part] = parts[..] else {
            return Err(refuse(at, "must be one text for this model"));
        };
        let mut part = Fields::read(part, &format!("{at}/0"))?;
        let kind = part.string("type", &at)?;
        let text = part
            .take("text")
            .filter(|_| kind.as_deref() == Some("text"));
        let text = text.ok_or_else(|| {
            refuse(
                format!("{at}/0"),
                "is no text, and this model's API takes nothing else",
            )
        })?;
        texts.push(one_text(text, &format!("{at}/0/text"))?);
    }
    if texts.is_empty() {
        return Err(refuse("/texts", "must not be empty"));
    }
    Ok(texts)
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    embeddings: Lists<'a>,
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Lists<'a> {
    #[serde(borrow, default)]
    float: Option<Vec<Raw<'a>>>,
    #[serde(borrow, default)]
    base64: Option<Vec<Raw<'a>>>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    billed_units: Option<Units>,
}

#[derive(Deserialize)]
struct Units {
    #[serde(default, deserialize_with = "count")]
    input_tokens: Option<u64>,
}
