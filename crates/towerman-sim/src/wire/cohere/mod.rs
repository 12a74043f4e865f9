//! Cohere v2: answers come back as one object, or as named events.

mod embeddings;
mod error;
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
pub(super) struct Cohere;

/// Calls a month of a trial key.
const CALLS: u64 = 1000;

impl Wire for Cohere {
    fn serves(&self, uri: &Uri) -> Option<Call> {
        Call::at(
            uri.path(),
            &[
                ("/v2/chat", Operation::Generate),
                ("/v2/embed", Operation::Embed),
                ("/v1/models", Operation::Models),
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
        Caching::Automatic
    }

    fn id(&self, _: Operation, seed: u64, _: &str) -> String {
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
            Form::Whole => "application/json",
            Form::Stream | Form::Array => "text/event-stream",
        }
    }

    fn ping(&self, _: Form) -> Bytes {
        Bytes::from_static(b": keep-alive\n\n")
    }

    fn malformed(&self, _: Form, _: usize) -> Bytes {
        Bytes::from_static(
            b"event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":0,\"delta\":{\"mess\n\n",
        )
    }

    fn error_event(&self, reply: &Reply, problem: &Problem, _: &str, _: usize) -> Bytes {
        stream::error(reply, problem).into()
    }

    fn problem(&self, trouble: &Trouble<'_>) -> Problem {
        error::problem(trouble)
    }

    fn error(&self, _: Form, problem: &Problem, request_id: &str) -> String {
        error::body(problem, request_id)
    }

    fn models(&self, names: &[&str]) -> String {
        let models: Vec<_> = names
            .iter()
            .map(|name| object! { "name": name, "endpoints": vec!["chat", "embed"] })
            .collect();
        object! { "models": models }.0
    }

    fn any_model(&self) -> &'static str {
        "command-sim"
    }

    fn request_id_header(&self) -> Option<&'static str> {
        Some("x-debug-trace-id")
    }

    fn request_id(&self, seed: u64) -> String {
        hash::uuid(seed)
    }

    fn common_headers(&self) -> &'static [(&'static str, &'static str)] {
        &[("x-accel-expires", "0")]
    }

    fn limits(&self, _: u64, _: u64, _: Option<Duration>) -> Vec<Header> {
        // How many calls there may be, and never when there may be more.
        vec![("x-endpoint-monthly-call-limit", CALLS.to_string())]
    }
}
