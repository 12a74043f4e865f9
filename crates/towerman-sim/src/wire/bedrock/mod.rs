//! AWS Bedrock Converse: answers come back as one object, or as frames of an event stream.

mod error;
mod frame;
mod request;
mod response;
mod stream;

use std::sync::Arc;

use bytes::Bytes;
use http::{Uri, header::AUTHORIZATION, request::Parts};

use super::{Aside, Caching, Call, Form, Header, Operation, Request, Wire, bearer, decoded};
use crate::{
    ask::Ask,
    hash,
    object::object,
    reply::{Events, Reply},
    trouble::{Problem, Trouble},
};

#[derive(Debug)]
pub(super) struct Bedrock;

impl Wire for Bedrock {
    fn serves(&self, uri: &Uri) -> Option<Call> {
        let path = uri.path();
        if path == "/foundation-models" {
            return Some(Call::new(Operation::Models));
        }
        // An id may be a resource name, whose slashes are encoded as its colons are.
        let (model, verb) = path.strip_prefix("/model/")?.split_once('/')?;
        let (operation, form) = match verb {
            "converse" => (Operation::Generate, Form::Whole),
            "converse-stream" => (Operation::Generate, Form::Stream),
            "count-tokens" => (Operation::Count, Form::Whole),
            _ => return None,
        };
        Some(Call {
            operation,
            model: Some(decoded(model)?),
            form: Some(form),
        })
    }

    fn key<'a>(&self, head: &'a Parts) -> Option<&'a str> {
        bearer(&head.headers).or_else(|| access_key(head))
    }

    fn ask(&self, request: &Request<'_>) -> Result<Ask, Problem> {
        request::read(request, request.body)
    }

    fn aside(&self, request: &Request<'_>) -> Result<Aside, Problem> {
        request::count(request)
    }

    fn caching(&self) -> Caching {
        Caching::Marked
    }

    fn id(&self, _: Operation, _: u64, request_id: &str) -> String {
        request_id.to_owned()
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
            Form::Stream | Form::Array => "application/vnd.amazon.eventstream",
        }
    }

    fn ping(&self, _: Form) -> Bytes {
        // The stream has no sign of life of its own; an event that is none of it is to be passed over.
        frame::event("ping", "{}")
    }

    fn malformed(&self, _: Form, _: usize) -> Bytes {
        frame::event(
            "contentBlockDelta",
            "{\"contentBlockIndex\":0,\"delta\":{\"tex",
        )
    }

    fn error_event(&self, _: &Reply, problem: &Problem, _: &str, _: usize) -> Bytes {
        frame::exception(problem.kind, &error::body(problem))
    }

    fn problem(&self, trouble: &Trouble<'_>) -> Problem {
        error::problem(trouble)
    }

    fn error(&self, _: Form, problem: &Problem, _: &str) -> String {
        error::body(problem)
    }

    fn error_headers(&self, problem: &Problem) -> Vec<Header> {
        error::headers(problem)
    }

    fn models(&self, names: &[&str]) -> String {
        let models: Vec<_> = names
            .iter()
            .map(
                |id| object! { "modelId": id, "modelName": id, "responseStreamingSupported": true },
            )
            .collect();
        object! { "modelSummaries": models }.0
    }

    fn any_model(&self) -> &'static str {
        "sim.model-v1:0"
    }

    fn request_id_header(&self) -> Option<&'static str> {
        Some("x-amzn-requestid")
    }

    fn request_id(&self, seed: u64) -> String {
        hash::uuid(seed)
    }

    fn common_headers(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }
}

/// The access key id of a signed request. The signature is not looked at: there is no secret.
fn access_key(head: &Parts) -> Option<&str> {
    let signed = head.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let signed = signed.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let (_, credential) = signed.split_once("Credential=")?;
    credential.split(['/', ',', ' ']).next()
}
