//! Turns requests of a provider's dialect into questions, and answers into its bytes.

mod anthropic;
mod openai;

use std::{fmt, sync::Arc, time::Duration};

use http::{HeaderMap, header::AUTHORIZATION, request};

use crate::{
    ask::Ask,
    reply::{Events, Reply},
    trouble::{Problem, Trouble},
};

/// The wire format that a simulated provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// OpenAI Chat Completions, `POST /v1/chat/completions`, and embeddings, `POST /v1/embeddings`.
    OpenAi,
    /// Anthropic Messages, `POST /v1/messages`, and `POST /v1/messages/count_tokens`, which is free.
    Anthropic,
}

impl Dialect {
    /// The path of the one endpoint that generates text.
    #[must_use]
    pub fn path(self) -> &'static str {
        self.wire().path()
    }

    /// How many SSE events a stream of text opens with before its first delta.
    #[must_use]
    pub const fn opening_events(self) -> usize {
        match self {
            // The role.
            Self::OpenAi => 1,
            // message_start, content_block_start, ping.
            Self::Anthropic => 3,
        }
    }

    pub(crate) fn wire(self) -> &'static dyn Wire {
        match self {
            Self::OpenAi => &openai::OpenAi,
            Self::Anthropic => &anthropic::Anthropic,
        }
    }
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

/// A dialect. It is pure: no clock, no state.
pub(crate) trait Wire: fmt::Debug + Send + Sync {
    fn path(&self) -> &'static str;

    /// The key that a request carries.
    fn key<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str>;

    /// Reads a request; with `strict`, fields that the real API refuses are refused.
    fn ask(&self, head: &request::Parts, body: &[u8], strict: bool) -> Result<Ask, Problem>;

    /// The path of what it answers without generating anything.
    fn aside_path(&self) -> &'static str;

    /// Answers a request to that path.
    fn aside(&self, head: &request::Parts, body: &[u8], strict: bool) -> Result<Aside, Problem>;

    /// The tail of a response id, with the dialect's prefix and length.
    fn id(&self, seed: u64) -> String;

    /// The answer as one JSON body.
    fn whole(&self, reply: &Reply) -> String;

    /// The answer as a stream.
    fn events(&self, reply: &Arc<Reply>) -> Events;

    /// The event that keeps an idle stream open.
    fn ping(&self) -> &'static str;

    /// An event of a stream that does not parse.
    fn malformed(&self) -> &'static str;

    /// The event that ends a stream with an error.
    fn error_event(&self, problem: &Problem, request_id: &str) -> String;

    fn problem(&self, trouble: &Trouble<'_>) -> Problem;

    /// An error body.
    fn error(&self, problem: &Problem, request_id: &str) -> String;

    /// Headers of an error response besides the common ones.
    fn error_headers(&self, problem: &Problem) -> &'static [(&'static str, &'static str)];

    fn models(&self, names: &[&str]) -> String;

    /// A model that is always there when none was listed.
    fn any_model(&self) -> &'static str;

    /// The name of the header with the request id.
    fn request_id_header(&self) -> &'static str;

    /// Headers on every response.
    fn common_headers(&self) -> &'static [(&'static str, &'static str)];

    /// Rate-limit headers after a request of so many prompt tokens, or, with `exhausted`, of a
    /// limit that is used up until that much later.
    fn limits(
        &self,
        tokens: u64,
        now: u64,
        exhausted: Option<Duration>,
    ) -> Vec<(&'static str, String)>;
}

/// The token of `Authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
