//! OpenAI Responses: answers come back as `response` objects or named, numbered events.

mod error;
mod request;
mod response;
mod stream;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Uri, request::Parts};

use super::{
    Aside, Caching, Call, Form, Header, Operation, Request, Wire, bearer,
    openai::{self, OpenAi},
};
use crate::{
    ask::Ask,
    hash,
    reply::{Events, Reply},
    trouble::{Problem, Trouble},
};

#[derive(Debug)]
pub(super) struct Responses;

impl Wire for Responses {
    fn serves(&self, uri: &Uri) -> Option<Call> {
        Call::at(
            uri.path(),
            &[
                ("/v1/responses", Operation::Generate),
                ("/v1/responses/input_tokens", Operation::Count),
                ("/v1/models", Operation::Models),
            ],
        )
    }

    fn key<'a>(&self, head: &'a Parts) -> Option<&'a str> {
        bearer(&head.headers)
    }

    fn ask(&self, request: &Request<'_>) -> Result<Ask, Problem> {
        request::read(request)
    }

    fn aside(&self, request: &Request<'_>) -> Result<Aside, Problem> {
        request::count(request)
    }

    fn caching(&self) -> Caching {
        Caching::Automatic
    }

    fn id(&self, _: Operation, seed: u64, _: &str) -> String {
        format!("resp_{}", hash::hex(seed, 50))
    }

    fn whole(&self, reply: &Reply) -> String {
        response::whole(reply)
    }

    fn events(&self, reply: &Arc<Reply>) -> Events {
        stream::events(reply)
    }

    fn content_type(&self, form: Form) -> &'static str {
        OpenAi.content_type(form)
    }

    fn ping(&self, form: Form) -> Bytes {
        OpenAi.ping(form)
    }

    fn malformed(&self, _: Form, _: usize) -> Bytes {
        Bytes::from_static(
            b"event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"content_in\n\n",
        )
    }

    fn error_event(&self, _: &Reply, problem: &Problem, _: &str, at: usize) -> Bytes {
        stream::error(problem, at).into()
    }

    fn problem(&self, trouble: &Trouble<'_>) -> Problem {
        error::problem(trouble)
    }

    fn error(&self, _: Form, problem: &Problem, _: &str) -> String {
        openai::error::body(problem)
    }

    fn models(&self, names: &[&str]) -> String {
        OpenAi.models(names)
    }

    fn any_model(&self) -> &'static str {
        OpenAi.any_model()
    }

    fn request_id_header(&self) -> Option<&'static str> {
        OpenAi.request_id_header()
    }

    fn common_headers(&self) -> &'static [(&'static str, &'static str)] {
        OpenAi.common_headers()
    }

    fn limits(&self, tokens: u64, now: u64, exhausted: Option<Duration>) -> Vec<Header> {
        OpenAi.limits(tokens, now, exhausted)
    }
}
