//! `POST …:embedContent` and `…:batchEmbedContents`.

use bytes::Bytes;
use serde::Deserialize;
use towerman_core::Fault;

use crate::{
    dialect::{
        To,
        node::{Node, Object},
        write,
    },
    neutral::{Fields, Notes, Raw, Set, Text, refuse},
    vectors::{self, Answer, Purpose, Told, Vector, Wanted, count, one_text},
};

/// Where Gemini's clients say how long a vector shall be; of a list, the first one's place.
const DIMENSIONS: &str = "/outputDimensionality";
const DIMENSIONS_OF_FIRST: &str = "/requests/0/outputDimensionality";

/// The most texts at once.
const MOST: usize = 100;

#[derive(Debug)]
pub(super) struct Vectors;

impl vectors::Codec for Vectors {
    fn read_request<'a>(&self, body: &'a str) -> Result<Wanted<'a>, Fault> {
        let mut fields = Fields::body(body)?;
        let mut wanted = Wanted::default();
        fields.take("model");
        let Some(many) = fields.get::<Vec<Raw<'a>>>("requests", "", "an array")? else {
            wanted.single = true;
            wanted.list = "/content";
            one(fields, "", DIMENSIONS, &mut wanted)?;
            return Ok(wanted);
        };
        wanted.list = "/requests";
        for (index, raw) in many.into_iter().enumerate() {
            let at = format!("/requests/{index}");
            let mut this = Wanted::default();
            one(Fields::read(raw, &at)?, &at, DIMENSIONS_OF_FIRST, &mut this)?;
            let length = this.dimensions.map(|set| set.value);
            let purpose = this.purpose.as_ref().map(|(purpose, _)| *purpose);
            if index == 0 {
                wanted.dimensions = this.dimensions;
                wanted.purpose = this.purpose;
            } else if length != wanted.dimensions.map(|set| set.value)
                || purpose != wanted.purpose.as_ref().map(|(purpose, _)| *purpose)
            {
                let why = "wants another purpose or length than the first, which only Gemini can tell apart";
                return Err(refuse(at, why));
            }
            wanted.texts.append(&mut this.texts);
            wanted.around.append(&mut this.around);
        }
        if wanted.texts.is_empty() {
            return Err(refuse("/requests", "must not be empty"));
        }
        wanted.leave(fields, "");
        Ok(wanted)
    }

    fn write_request(
        &self,
        wanted: Wanted<'_>,
        to: &To<'_>,
        _: &mut Notes,
    ) -> Result<Bytes, Fault> {
        wanted.at_most(MOST)?;
        let purpose = wanted.purpose.map(|(purpose, _)| purpose.gemini());
        let dimensions = wanted.dimensions.map(|set| set.value);
        let model = format!("models/{}", to.model);
        let mut requests: Vec<_> = wanted
            .texts
            .into_iter()
            .map(|text| {
                let part = Object::default().with("text", text);
                let parts = Node::List(vec![Node::Object(part)]);
                let mut request = Object::default();
                request.put("model", Text::Said(model.clone().into()));
                request.put("content", Object::default().with("parts", parts));
                request.maybe("taskType", purpose);
                request.maybe("outputDimensionality", dimensions);
                request
            })
            .collect();
        match (requests.pop(), requests.is_empty()) {
            (Some(only), true) => write(&only),
            (last, _) => {
                let all = requests.into_iter().chain(last).map(Node::Object);
                write(&Object::default().with("requests", Node::List(all.collect())))
            }
        }
    }

    fn read_answer<'a>(&self, body: &'a [u8]) -> Option<Answer<'a>> {
        let said: Said<'_> = serde_json::from_slice(body).ok()?;
        let one = said.embedding.map(|one| vec![one]);
        let list = said.embeddings.or(one)?;
        let vectors = list.into_iter().map(|one| Vector::read(one.values));
        Some(Answer {
            vectors: vectors.collect::<Option<_>>()?,
            tokens: said.usage.and_then(|usage| usage.tokens),
            ..Answer::default()
        })
    }

    fn write_answer(&self, answer: Answer<'_>, told: &Told) -> Result<Bytes, Fault> {
        let mut vectors = answer
            .vectors
            .into_iter()
            .map(|vector| Object::default().with("values", vector.listed()));
        let mut body = Object::default();
        if told.single {
            body.maybe("embedding", vectors.next());
        } else {
            body.put(
                "embeddings",
                Node::List(vectors.map(Node::Object).collect()),
            );
        }
        let usage = |tokens| Object::default().with("promptTokenCount", tokens);
        body.maybe("usageMetadata", answer.tokens.map(usage));
        write(&body)
    }
}

/// One text, and how its vector shall be.
fn one<'a>(
    mut fields: Fields<'a>,
    at: &str,
    dimensions: &'static str,
    wanted: &mut Wanted<'a>,
) -> Result<(), Fault> {
    fields.take("model");
    let place = format!("{at}/content");
    let mut content = fields
        .object("content", at)?
        .ok_or_else(|| refuse(place.clone(), "is missing"))?;
    content.take("role");
    let parts = content.list("parts", &place)?;
    let [part] = parts[..] else {
        return Err(refuse(
            format!("{place}/parts"),
            "must be one text for this model",
        ));
    };
    let at_part = format!("{place}/parts/0");
    let mut part = Fields::read(part, &at_part)?;
    let text = part.take("text");
    let text = text.ok_or_else(|| {
        refuse(
            &*at_part,
            "is no text, and this model's API takes nothing else",
        )
    })?;
    wanted
        .texts
        .push(one_text(text, &format!("{at_part}/text"))?);
    let mut config = fields.object("embedContentConfig", at)?;
    let length = ["outputDimensionality", "output_dimensionality"];
    let task = ["taskType", "task_type"];
    let mut said = |names: &[&str]| {
        let inner = config.as_mut().and_then(|config| config.take_any(names));
        fields.take_any(names).or(inner)
    };
    let (length, task) = (said(&length), said(&task));
    if let Some(raw) = length {
        let value = serde_json::from_str(raw.get()).map_err(|error| {
            refuse(format!("{at}/outputDimensionality"), "must be a number").because(error)
        })?;
        wanted.dimensions = Some(Set {
            value,
            at: dimensions,
        });
    }
    if let Some(raw) = task {
        let at = format!("{at}/taskType");
        let name = Text::read(raw, &at)?.say();
        if name != "TASK_TYPE_UNSPECIFIED" {
            let purpose = Purpose::of_gemini(&name)
                .ok_or_else(|| refuse(&*at, "is none that this model's API knows"))?;
            wanted.purpose = Some((purpose, at));
        }
    }
    wanted.leave(part, at_part);
    wanted.leave(content, place);
    if let Some(config) = config {
        wanted.leave(config, format!("{at}/embedContentConfig"));
    }
    wanted.leave(fields, at);
    Ok(())
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow, default)]
    embedding: Option<One<'a>>,
    #[serde(borrow, default)]
    embeddings: Option<Vec<One<'a>>>,
    #[serde(default, rename = "usageMetadata")]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct One<'a> {
    #[serde(borrow)]
    values: Raw<'a>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default, rename = "promptTokenCount", deserialize_with = "count")]
    tokens: Option<u64>,
}
