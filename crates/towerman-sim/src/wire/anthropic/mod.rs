//! Anthropic Messages: answers come back as `message` objects or named events.

mod error;
mod limits;
mod request;
mod response;
mod stream;

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, request::Parts};

use super::{Aside, Wire, bearer};
use crate::{
    ask::Ask,
    hash,
    object::object,
    reply::{Events, Reply},
    trouble::{Problem, Trouble},
};

#[derive(Debug)]
pub(super) struct Anthropic;

impl Wire for Anthropic {
    fn path(&self) -> &'static str {
        "/v1/messages"
    }

    fn key<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        // With both, the API goes by x-api-key.
        headers
            .get("x-api-key")
            .map_or_else(|| bearer(headers), |key| key.to_str().ok())
    }

    fn ask(&self, head: &Parts, body: &[u8], strict: bool) -> Result<Ask, Problem> {
        let ask = request::read(head, body, strict)?;
        match ask.max_tokens {
            Some(_) => Ok(ask),
            None => Err(request::required("max_tokens")),
        }
    }

    fn aside_path(&self) -> &'static str {
        "/v1/messages/count_tokens"
    }

    fn aside(&self, head: &Parts, body: &[u8], strict: bool) -> Result<Aside, Problem> {
        let ask = request::read(head, body, strict)?;
        Ok(Aside {
            model: ask.model,
            tokens: ask.prompt.tokens,
            billed: false,
            body: object! { "input_tokens": ask.prompt.tokens }.0,
        })
    }

    fn id(&self, seed: u64) -> String {
        format!("msg_01{}", hash::letters(seed, 22))
    }

    fn whole(&self, reply: &Reply) -> String {
        response::whole(reply)
    }

    fn events(&self, reply: &Arc<Reply>) -> Events {
        stream::events(reply)
    }

    fn ping(&self) -> &'static str {
        stream::PING
    }

    fn malformed(&self) -> &'static str {
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_del\n\n"
    }

    fn error_event(&self, problem: &Problem, request_id: &str) -> String {
        format!(
            "event: error\ndata: {}\n\n",
            error::body(problem, request_id)
        )
    }

    fn problem(&self, trouble: &Trouble<'_>) -> Problem {
        error::problem(trouble)
    }

    fn error(&self, problem: &Problem, request_id: &str) -> String {
        error::body(problem, request_id)
    }

    fn error_headers(&self, problem: &Problem) -> &'static [(&'static str, &'static str)] {
        error::headers(problem)
    }

    fn models(&self, names: &[&str]) -> String {
        let models: Vec<_> = names
            .iter()
            .map(|id| object! { "type": "model", "id": id, "display_name": id, "created_at": "2025-01-01T00:00:00Z" })
            .collect();
        object! { "data": models, "has_more": false, "first_id": names.first(), "last_id": names.last() }.0
    }

    fn any_model(&self) -> &'static str {
        "claude-sim"
    }

    fn request_id_header(&self) -> &'static str {
        "request-id"
    }

    fn common_headers(&self) -> &'static [(&'static str, &'static str)] {
        &[("x-robots-tag", "none")]
    }

    fn limits(
        &self,
        tokens: u64,
        now: u64,
        exhausted: Option<Duration>,
    ) -> Vec<(&'static str, String)> {
        limits::headers(tokens, now, exhausted)
    }
}
