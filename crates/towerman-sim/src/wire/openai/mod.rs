//! OpenAI Chat Completions: answers come back as `chat.completion` objects or chunks.

mod completions;
mod embeddings;
pub(super) mod error;
mod limits;
pub(super) mod request;
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
pub(super) struct OpenAi;

impl Wire for OpenAi {
    fn serves(&self, uri: &Uri) -> Option<Call> {
        Call::at(
            uri.path(),
            &[
                ("/v1/chat/completions", Operation::Generate),
                ("/v1/completions", Operation::Complete),
                ("/v1/embeddings", Operation::Embed),
                ("/v1/models", Operation::Models),
            ],
        )
    }

    fn key<'a>(&self, head: &'a Parts) -> Option<&'a str> {
        bearer(&head.headers)
    }

    fn ask(&self, request: &Request<'_>) -> Result<Ask, Problem> {
        match request.call.operation {
            Operation::Complete => completions::read(request.body),
            _ => request::read(request.body),
        }
    }

    fn aside(&self, request: &Request<'_>) -> Result<Aside, Problem> {
        embeddings::answer(request.body)
    }

    fn caching(&self) -> Caching {
        Caching::Automatic
    }

    fn id(&self, operation: Operation, seed: u64, _: &str) -> String {
        let prefix = match operation {
            Operation::Complete => "cmpl",
            _ => "chatcmpl",
        };
        format!("{prefix}-{}", hash::letters(seed, 29))
    }

    fn whole(&self, reply: &Reply) -> String {
        match reply.operation {
            Operation::Complete => completions::whole(reply),
            _ => response::whole(reply),
        }
    }

    fn events(&self, reply: &Arc<Reply>) -> Events {
        match reply.operation {
            Operation::Complete => completions::events(reply),
            _ => stream::events(reply),
        }
    }

    fn content_type(&self, form: Form) -> &'static str {
        match form {
            Form::Whole => "application/json",
            Form::Stream | Form::Array => "text/event-stream; charset=utf-8",
        }
    }

    fn ping(&self, _: Form) -> Bytes {
        Bytes::from_static(b": keep-alive\n\n")
    }

    fn malformed(&self, _: Form, _: usize) -> Bytes {
        Bytes::from_static(
            b"data: {\"id\":\"chatcmpl-\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"con\n\n",
        )
    }

    fn error_event(&self, _: &Reply, problem: &Problem, _: &str, _: usize) -> Bytes {
        format!("data: {}\n\n", error::body(problem)).into()
    }

    fn problem(&self, trouble: &Trouble<'_>) -> Problem {
        error::problem(trouble)
    }

    fn error(&self, _: Form, problem: &Problem, _: &str) -> String {
        error::body(problem)
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

    fn request_id_header(&self) -> Option<&'static str> {
        Some("x-request-id")
    }

    fn common_headers(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("openai-version", "2020-10-01"),
            ("x-content-type-options", "nosniff"),
        ]
    }

    fn limits(&self, tokens: u64, _: u64, exhausted: Option<Duration>) -> Vec<Header> {
        limits::headers(tokens, exhausted)
    }
}
