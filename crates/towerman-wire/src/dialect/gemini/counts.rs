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

#[derive(Debug)]
pub(super) struct Counts;

impl counts::Codec for Counts {
    fn read_request<'a>(&self, body: &'a str, notes: &mut Notes) -> Result<Request<'a>, Fault> {
        let mut fields = Fields::body(body)?;
        let Some(inner) = fields.take_any(&[REQUEST, "generate_content_request"]) else {
            return super::Codec.read_request(body, notes);
        };
        let read = super::Codec.read_request(inner.get(), notes);
        read.map_err(
            |fault| match fault.named_param().map(|at| format!("/{REQUEST}{at}")) {
                Some(at) => fault.param(at),
                None => fault,
            },
        )
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
