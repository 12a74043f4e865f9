//! Ollama's own API: answers come back as one object, or as one object a line.

mod embeddings;
mod error;
mod request;
mod response;
mod stream;

use std::sync::Arc;

use bytes::Bytes;
use http::{Uri, request::Parts};

use super::{Aside, Caching, Call, Form, Operation, Request, Wire, bearer};
use crate::{
    ask::Ask,
    hash,
    object::object,
    reply::{Events, Reply},
    trouble::{Problem, Trouble},
};

#[derive(Debug)]
pub(super) struct Ollama;

impl Wire for Ollama {
    fn serves(&self, uri: &Uri) -> Option<Call> {
        Call::at(
            uri.path(),
            &[
                ("/api/chat", Operation::Generate),
                ("/api/embed", Operation::Embed),
                ("/api/tags", Operation::Models),
            ],
        )
    }

    fn key<'a>(&self, head: &'a Parts) -> Option<&'a str> {
        bearer(&head.headers)
    }

    fn ask(&self, request: &Request<'_>) -> Result<Ask, Problem> {
        request::read(request.body)
    }

    fn aside(&self, request: &Request<'_>) -> Result<Aside, Problem> {
        embeddings::answer(request.body)
    }

    fn caching(&self) -> Caching {
        Caching::Never
    }

    fn id(&self, _: Operation, seed: u64, _: &str) -> String {
        // Neither answers nor responses have one: this is the book's alone.
        hash::uuid(seed)
    }

    fn whole(&self, reply: &Reply) -> String {
        response::whole(reply)
    }

    fn events(&self, reply: &Arc<Reply>) -> Events {
        stream::events(reply)
    }

    fn content_type(&self, form: Form) -> &'static str {
        match form {
            Form::Whole => "application/json; charset=utf-8",
            Form::Stream | Form::Array => "application/x-ndjson",
        }
    }

    fn ping(&self, _: Form) -> Bytes {
        Bytes::from_static(b"\n")
    }

    fn malformed(&self, _: Form, _: usize) -> Bytes {
        Bytes::from_static(b"{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"cont\n")
    }

    fn error_event(&self, _: &Reply, problem: &Problem, _: &str, _: usize) -> Bytes {
        format!("{}\n", error::body(problem)).into()
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
            .map(|name| object! { "name": name, "model": name, "modified_at": "2025-01-01T00:00:00Z" })
            .collect();
        object! { "models": models }.0
    }

    fn any_model(&self) -> &'static str {
        "sim:latest"
    }

    fn request_id_header(&self) -> Option<&'static str> {
        None
    }

    fn common_headers(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }
}
