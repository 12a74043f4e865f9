//! Turns requests of a provider's dialect into questions, and answers into its bytes.

mod anthropic;
mod bedrock;
mod call;
mod cohere;
mod dialect;
mod gemini;
mod ollama;
mod openai;
mod responses;
mod vector;

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Uri, request::Parts};

pub(crate) use self::call::{Call, Form, Operation};
use self::call::{bearer, decoded};
pub use self::dialect::Dialect;
use crate::{
    ask::Ask,
    hash,
    reply::{Events, Reply},
    trouble::{Problem, Trouble},
};

/// A header of a response.
pub(crate) type Header = (&'static str, String);

/// What a provider is told to be strict about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    /// Fields that the real API refuses are refused.
    pub(crate) strict: bool,
    /// Its models think before they speak.
    pub(crate) thinking: bool,
    /// The provider's name, which its seals carry.
    pub(crate) name: &'a str,
}

/// A request that was routed to its operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) call: &'a Call,
    pub(crate) head: &'a Parts,
    pub(crate) body: &'a [u8],
    pub(crate) rules: Rules<'a>,
}

/// An answer in which no model speaks.
#[derive(Debug)]
pub(crate) struct Aside {
    pub(crate) model: String,
    /// Of the prompt.
    pub(crate) tokens: u64,
    /// They are billed.
    pub(crate) billed: bool,
    pub(crate) body: String,
}

/// How a dialect's prompt cache works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caching {
    /// By itself, in steps.
    Automatic,
    /// Up to the breakpoints that a request marks.
    Marked,
    /// Not so that it shows.
    Never,
}

/// A dialect. It is pure: no clock, no state.
pub(crate) trait Wire: fmt::Debug + Send + Sync {
    /// What this path and query ask for, if the dialect serves them.
    fn serves(&self, uri: &Uri) -> Option<Call>;

    /// The key that a request carries.
    fn key<'a>(&self, head: &'a Parts) -> Option<&'a str>;

    /// Reads a request for an answer.
    fn ask(&self, request: &Request<'_>) -> Result<Ask, Problem>;

    /// Answers a request that no model speaks to: [`Operation::Count`], [`Operation::Embed`].
    fn aside(&self, request: &Request<'_>) -> Result<Aside, Problem>;

    fn caching(&self) -> Caching;

    /// The id of an answer, with the dialect's prefix and length. A dialect whose answers have none
    /// takes the request's, so that the book can be matched with what was sent.
    fn id(&self, operation: Operation, seed: u64, request_id: &str) -> String;

    /// The answer as one JSON body.
    fn whole(&self, reply: &Reply) -> String;

    /// The answer as a stream.
    fn events(&self, reply: &Arc<Reply>) -> Events;

    /// The content type of an answer in this form.
    fn content_type(&self, form: Form) -> &'static str;

    /// What keeps an idle stream open.
    fn ping(&self, form: Form) -> Bytes;

    /// A chunk of a stream that does not parse, where the chunk number `at` belongs.
    fn malformed(&self, form: Form, at: usize) -> Bytes;

    /// The chunk, number `at`, that ends a stream with an error.
    fn error_event(&self, reply: &Reply, problem: &Problem, request_id: &str, at: usize) -> Bytes;

    fn problem(&self, trouble: &Trouble<'_>) -> Problem;

    /// An error body, for an answer that was to have this form.
    fn error(&self, form: Form, problem: &Problem, request_id: &str) -> String;

    /// The content type of such an error body.
    fn error_type(&self, _form: Form) -> &'static str {
        self.content_type(Form::Whole)
    }

    /// Headers of an error response besides the common ones.
    fn error_headers(&self, _problem: &Problem) -> Vec<Header> {
        Vec::new()
    }

    fn models(&self, names: &[&str]) -> String;

    /// A model that is always there when none was listed.
    fn any_model(&self) -> &'static str;

    /// The name of the header with the request id, where there is one.
    fn request_id_header(&self) -> Option<&'static str>;

    /// The id of a request.
    fn request_id(&self, seed: u64) -> String {
        format!("req_{}", hash::letters(seed, 24))
    }

    /// Headers on every response.
    fn common_headers(&self) -> &'static [(&'static str, &'static str)];

    /// Rate-limit headers after a request of so many prompt tokens, or, with `exhausted`, of a
    /// limit that is used up until that much later.
    fn limits(&self, _tokens: u64, _now: u64, _exhausted: Option<Duration>) -> Vec<Header> {
        Vec::new()
    }
}
