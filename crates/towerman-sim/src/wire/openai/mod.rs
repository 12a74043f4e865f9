//! OpenAI Chat Completions: answers come back as `chat.completion` objects or chunks.

mod embeddings;
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
pub(super) struct OpenAi;

impl Wire for OpenAi {
    fn path(&self) -> &'static str {
        "/v1/chat/completions"
    }

    fn key<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        bearer(headers)
    }

    fn ask(&self, _: &Parts, body: &[u8], _strict: bool) -> Result<Ask, Problem> {
        request::read(body)
    }

    fn aside_path(&self) -> &'static str {
        "/v1/embeddings"
    }

    fn aside(&self, _: &Parts, body: &[u8], _strict: bool) -> Result<Aside, Problem> {
        embeddings::answer(body)
    }

    fn id(&self, seed: u64) -> String {
        format!("chatcmpl-{}", hash::letters(seed, 29))
    }

    fn whole(&self, reply: &Reply) -> String {
        response::whole(reply)
    }

    fn events(&self, reply: &Arc<Reply>) -> Events {
        stream::events(reply)
    }

    fn ping(&self) -> &'static str {
        ": keep-alive\n\n"
    }

    fn malformed(&self) -> &'static str {
        "data: {\"id\":\"chatcmpl-\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"con\n\n"
    }

    fn error_event(&self, problem: &Problem, _: &str) -> String {
        format!("data: {}\n\n", error::body(problem))
    }

    fn problem(&self, trouble: &Trouble<'_>) -> Problem {
        error::problem(trouble)
    }

    fn error(&self, problem: &Problem, _: &str) -> String {
        error::body(problem)
    }

    fn error_headers(&self, _: &Problem) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn models(&self, names: &[&str]) -> String {
        let models: Vec<_> = names
            .iter()
            .map(|id| object! { "id": id, "object": "model", "created": 1_735_689_600u64, "owned_by": "system" })
            .collect();
        object! { "object": "list", "data": models }.0
    }

    fn any_model(&self) -> &'static str {
        "gpt-sim"
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn common_headers(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("openai-version", "2020-10-01"),
            ("x-content-type-options", "nosniff"),
        ]
    }

    fn limits(
        &self,
        tokens: u64,
        _: u64,
        exhausted: Option<Duration>,
    ) -> Vec<(&'static str, String)> {
        limits::headers(tokens, exhausted)
    }
}
