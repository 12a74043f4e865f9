//! Gemini: answers come back as `GenerateContentResponse` objects, alone or one after another.

mod embeddings;
mod error;
mod fields;
mod request;
mod response;
mod stream;

use std::sync::Arc;

use bytes::Bytes;
use http::{Uri, request::Parts};

use super::{Aside, Caching, Call, Form, Operation, Request, Wire, bearer, decoded};
use crate::{
    ask::Ask,
    hash,
    object::object,
    reply::{Events, Reply},
    trouble::{Problem, Trouble},
};

#[derive(Debug)]
pub(super) struct Gemini;

/// The versions of the API, which differ in nothing that is simulated.
const VERSIONS: [&str; 3] = ["/v1beta/models", "/v1/models", "/v1alpha/models"];

impl Wire for Gemini {
    fn serves(&self, uri: &Uri) -> Option<Call> {
        let path = uri.path();
        let rest = VERSIONS.iter().find_map(|base| path.strip_prefix(base))?;
        if rest.is_empty() {
            return Some(Call::new(Operation::Models));
        }
        let (model, method) = rest.strip_prefix('/')?.rsplit_once(':')?;
        let sse = query(uri).any(|pair| pair == ("alt", "sse"));
        let (operation, form) = match method {
            "generateContent" => (Operation::Generate, Form::Whole),
            "streamGenerateContent" if sse => (Operation::Generate, Form::Stream),
            "streamGenerateContent" => (Operation::Generate, Form::Array),
            "countTokens" => (Operation::Count, Form::Whole),
            "embedContent" => (Operation::Embed, Form::Whole),
            "batchEmbedContents" => (Operation::EmbedMany, Form::Whole),
            _ => return None,
        };
        Some(Call {
            operation,
            model: Some(decoded(model)?),
            form: Some(form),
        })
    }

    fn key<'a>(&self, head: &'a Parts) -> Option<&'a str> {
        let header = head.headers.get("x-goog-api-key");
        header
            .and_then(|key| key.to_str().ok())
            .or_else(|| {
                query(&head.uri)
                    .find(|(name, _)| *name == "key")
                    .map(|(_, key)| key)
            })
            .or_else(|| bearer(&head.headers))
    }

    fn ask(&self, request: &Request<'_>) -> Result<Ask, Problem> {
        request::read(request)
    }

    fn aside(&self, request: &Request<'_>) -> Result<Aside, Problem> {
        match request.call.operation {
            Operation::Count => request::count(request),
            Operation::EmbedMany => embeddings::many(request),
            _ => embeddings::one(request),
        }
    }

    fn caching(&self) -> Caching {
        Caching::Automatic
    }

    fn id(&self, _: Operation, seed: u64, _: &str) -> String {
        hash::letters(seed, 23)
    }

    fn whole(&self, reply: &Reply) -> String {
        response::whole(reply)
    }

    fn events(&self, reply: &Arc<Reply>) -> Events {
        stream::events(reply)
    }

    fn content_type(&self, form: Form) -> &'static str {
        match form {
            Form::Whole | Form::Array => "application/json; charset=UTF-8",
            Form::Stream => "text/event-stream",
        }
    }

    fn ping(&self, form: Form) -> Bytes {
        Bytes::from_static(match form {
            Form::Stream => b": keep-alive\r\n\r\n",
            Form::Whole | Form::Array => b"\r\n",
        })
    }

    fn malformed(&self, form: Form, at: usize) -> Bytes {
        stream::framed(
            form,
            at,
            "{\"candidates\": [{\"content\": {\"parts\": [{\"te",
        )
        .into()
    }

    fn error_event(&self, reply: &Reply, problem: &Problem, _: &str, at: usize) -> Bytes {
        stream::error(reply.form, at, &error::body(problem).0).into()
    }

    fn problem(&self, trouble: &Trouble<'_>) -> Problem {
        error::problem(trouble)
    }

    fn error(&self, form: Form, problem: &Problem, _: &str) -> String {
        let body = error::body(problem).0;
        match form {
            Form::Whole | Form::Stream => body,
            Form::Array => format!("[{body}\n]\n"),
        }
    }

    fn error_type(&self, form: Form) -> &'static str {
        // Even an error that is no event has the type of the stream that was asked for.
        self.content_type(form)
    }

    fn models(&self, names: &[&str]) -> String {
        let models: Vec<_> = names
            .iter()
            .map(|name| {
                object! {
                    "name": format!("models/{name}"),
                    "version": "001",
                    "displayName": name,
                    "supportedGenerationMethods": vec!["generateContent", "countTokens", "embedContent"],
                }
            })
            .collect();
        object! { "models": models }.0
    }

    fn any_model(&self) -> &'static str {
        "gemini-sim"
    }

    fn request_id_header(&self) -> Option<&'static str> {
        None
    }

    fn common_headers(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("server", "scaffolding on HTTPServer2"),
            ("x-content-type-options", "nosniff"),
        ]
    }
}

/// The names and values of a query.
fn query(uri: &Uri) -> impl Iterator<Item = (&str, &str)> {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}
