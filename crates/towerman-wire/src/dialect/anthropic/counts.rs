//! `POST /v1/messages/count_tokens`.

use bytes::Bytes;
use serde::Deserialize;
use towerman_core::Fault;

use crate::{
    counts,
    dialect::{Codec as _, node::Object, write},
    neutral::{Fields, Notes, Request},
};

#[derive(Debug)]
pub(super) struct Counts;

/// What says how much may be answered, and is no part of a prompt.
const LIMIT: &str = "max_tokens";

impl counts::Codec for Counts {
    fn read_request<'a>(&self, body: &'a str, notes: &mut Notes) -> Result<Request<'a>, Fault> {
        super::Codec.read_request(body, notes)
    }

    fn counted(&self, body: Bytes, _: &str) -> Result<Bytes, Fault> {
        let text = String::from_utf8_lossy(&body);
        let mut fields = Fields::body(&text)?;
        fields.take(LIMIT);
        let mut object = Object::default();
        object.rest(fields.rest());
        write(&object)
    }

    fn read_answer(&self, body: &[u8]) -> Option<u64> {
        let said: Said = serde_json::from_slice(body).ok()?;
        Some(said.input_tokens)
    }

    fn write_answer(&self, tokens: u64) -> Result<Bytes, Fault> {
        write(&Object::default().with("input_tokens", tokens))
    }
}

#[derive(Deserialize)]
struct Said {
    input_tokens: u64,
}
