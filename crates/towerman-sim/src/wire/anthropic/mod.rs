//! Anthropic Messages: answers come back as `message` objects or named events.

mod error;
mod limits;
mod request;
mod response;
mod stream;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Uri, request::Parts};

use super::{Aside, Caching, Call, Form, Header, Operation, Request, Wire, bearer};
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
    fn serves(&self, uri: &Uri) -> Option<Call> {
        Call::at(
            uri.path(),
            &[
                ("/v1/messages", Operation::Generate),
                ("/v1/messages/count_tokens", Operation::Count),
                ("/v1/models", Operation::Models),
            ],
        )
    }

    fn key<'a>(&self, head: &'a Parts) -> Option<&'a str> {
        // With both, the API goes by x-api-key.
        head.headers
            .get("x-api-key")
            .map_or_else(|| bearer(&head.headers), |key| key.to_str().ok())
    }

    fn ask(&self, request: &Request<'_>) -> Result<Ask, Problem> {
        let ask = request::read(request)?;
        match ask.max_tokens {
            Some(_) => Ok(ask),
            None => Err(request::required("max_tokens")),
        }
    }

    fn aside(&self, request: &Request<'_>) -> Result<Aside, Problem> {
        let ask = request::read(request)?;
        Ok(Aside {
            model: ask.model,
            tokens: ask.prompt.tokens,
            billed: false,
            body: object! { "input_tokens": ask.prompt.tokens }.0,
        })
    }

    fn caching(&self) -> Caching {
        Caching::Marked
    }

    fn id(&self, _: Operation, seed: u64, _: &str) -> String {
        format!("msg_01{}", hash::letters(seed, 22))
    }

    fn whole(&self, reply: &Reply) -> String {
        response::whole(reply)
    }

    fn events(&self, reply: &Arc<Reply>) -> Events {
        stream::events(reply)
    }

    fn content_type(&self, form: Form) -> &'static str {
        match form {
            Form::Whole => "application/json",
            Form::Stream | Form::Array => "text/event-stream; charset=utf-8",
        }
    }

    fn ping(&self, _: Form) -> Bytes {
        Bytes::from_static(stream::PING.as_bytes())
    }

    fn malformed(&self, _: Form, _: usize) -> Bytes {
        Bytes::from_static(
            b"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_del\n\n",
        )
    }

    fn error_event(&self, _: &Reply, problem: &Problem, request_id: &str, _: usize) -> Bytes {
        let error = error::body(problem, request_id);
        format!("event: error\ndata: {error}\n\n").into()
    }

    fn problem(&self, trouble: &Trouble<'_>) -> Problem {
        error::problem(trouble)
    }

    fn error(&self, _: Form, problem: &Problem, request_id: &str) -> String {
        error::body(problem, request_id)
    }

    fn error_headers(&self, problem: &Problem) -> Vec<Header> {
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

    fn request_id_header(&self) -> Option<&'static str> {
        Some("request-id")
    }

    fn common_headers(&self) -> &'static [(&'static str, &'static str)] {
        &[("x-robots-tag", "none")]
    }

    fn limits(&self, tokens: u64, now: u64, exhausted: Option<Duration>) -> Vec<Header> {
        limits::headers(tokens, now, exhausted)
    }
}
