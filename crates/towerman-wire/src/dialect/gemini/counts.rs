//! `POST …:countTokens`.

use bytes::Bytes;
use serde::Deserialize;
use towerman_core::Fault;

use crate::{
    counts,
    dialect::{
        Codec as _,
        node::{Node, Object},
        write,
    },
    neutral::{Fields, Notes, Request, Text},
};

/// The whole request that is counted, where a prompt is more than its contents.
const REQUEST: &str = "generateContentRequest";
const SNAKE: &str = "generate_content_request";

#[derive(Debug)]
pub(super) struct Counts;

impl counts::Codec for Counts {
    fn read_request<'a>(&self, body: &'a str, notes: &mut Notes) -> Result<Request<'a>, Fault> {
        let mut fields = Fields::body(body)?;
        let Some(inner) = fields.take_any(&[REQUEST, SNAKE]) else {
            return super::Codec.read_request(body, notes);
        };
        super::Codec.read_request(inner.get(), notes)
    }

    fn place(&self, body: &str) -> &'static str {
        let fields = Fields::body(body).ok();
        let names = fields.as_ref().map(Fields::members).unwrap_or_default();
        let named = |name: &str| names.iter().any(|(key, _)| key == name);
        match () {
            () if named(REQUEST) => "/generateContentRequest",
            () if named(SNAKE) => "/generate_content_request",
            () => "",
        }
    }

    fn counted(&self, body: Bytes, model: &str) -> Result<Bytes, Fault> {
        let text = String::from_utf8_lossy(&body);
        let mut request = Object::default();
        request.put("model", Text::Said(format!("models/{model}").into()));
        request.rest(Fields::body(&text)?.rest());
        write(&Object::default().with(REQUEST, Node::Object(request)))
    }

    fn read_answer(&self, body: &[u8]) -> Option<u64> {
        let said: Said = serde_json::from_slice(body).ok()?;
        Some(said.total_tokens)
    }

    fn write_answer(&self, tokens: u64) -> Result<Bytes, Fault> {
        write(&Object::default().with("totalTokens", tokens))
    }
}

#[derive(Deserialize)]
struct Said {
    #[serde(rename = "totalTokens")]
    total_tokens: u64,
}
