//! What a request asks for, read once from its body.

use std::ops::Range;

use crate::{Dialect, Form, Operation};

/// The facts of one request body that routing needs, with the places where they stand.
///
/// Made by a reader of the dialect; layers never parse the body again. Spans are byte ranges of
/// the body as received.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ask {
    /// The client's dialect.
    pub dialect: Dialect,
    /// What it wants of the model.
    pub operation: Operation,
    /// The model name as the client wrote it: the route.
    pub model: Box<str>,
    /// Where the model's value stands, quotes included. Empty if the body does not name it; then
    /// it is where a member could be put in, or 0 if this dialect's bodies name no model.
    pub model_span: Range<usize>,
    /// The path of the request names the model, whatever the body says.
    pub model_in_path: bool,
    /// Whether the answer shall be streamed.
    pub stream: bool,
    /// Whether a stream shall be told as one JSON array (Gemini without `alt=sse`).
    pub array: bool,
    /// Whether the embeddings of several texts are wanted at once, where the path says it.
    pub many: bool,
    /// Whether the client asked for a usage chunk (OpenAI chat's `stream_options.include_usage`).
    pub include_usage: bool,
    /// Where the value of `stream_options` stands, if it is there.
    pub stream_options_span: Option<Range<usize>>,
    /// Whether a translation may drop nothing.
    pub strict: bool,
    /// The most output tokens the client wants, if it said.
    pub max_output: Option<u64>,
    /// Prompt size in tokens: an estimate, from bytes.
    pub prompt_tokens: u64,
    /// Whether tools are offered.
    pub tools: bool,
    /// Whether an image, audio or document is attached.
    pub media: bool,
    /// Whether the answer must be JSON of a shape.
    pub structured: bool,
    /// A conversation id that the body carries (`prompt_cache_key`, `metadata.user_id`, `user`).
    pub session: Option<Box<str>>,
    /// The parts of the body that make up the prompt, in the order in which providers cache them:
    /// tools, system, messages.
    pub prompt_spans: [Option<Range<usize>>; 3],
    /// Address and length of the bytes that it was read from. Spans mean nothing in any others.
    pub source: (usize, usize),
    /// Where this turn's prompt ends, and those of the two turns before it, the latest first; 0 is
    /// none. A turn's prompt ends where the assistant is asked to speak.
    pub turns: [usize; 3],
    /// It may carry what only some providers can take; whoever routes takes a closer look.
    pub carries: bool,
    /// It carries reasoning that another dialect's provider made.
    pub foreign_reasoning: bool,
    /// The members of messages that say what to cache, with a comma each. They move from turn to
    /// turn, and are no part of the prompt.
    pub cache_marks: Vec<Range<usize>>,
}

impl Ask {
    /// An ask with nothing known but its dialect and model.
    pub fn new(dialect: Dialect, model: impl Into<Box<str>>, model_span: Range<usize>) -> Self {
        Self {
            dialect,
            operation: Operation::default(),
            model: model.into(),
            model_span,
            model_in_path: false,
            stream: false,
            array: false,
            many: false,
            strict: false,
            include_usage: false,
            stream_options_span: None,
            max_output: None,
            prompt_tokens: 0,
            tools: false,
            media: false,
            structured: false,
            session: None,
            prompt_spans: [None, None, None],
            source: (0, 0),
            turns: [0; 3],
            carries: false,
            foreign_reasoning: false,
            cache_marks: Vec::new(),
        }
    }

    /// How much is wanted at once, as paths say it.
    pub const fn form(&self) -> Form {
        match (self.stream, self.many) {
            (true, _) => Form::Stream,
            (false, true) => Form::Many,
            (false, false) => Form::Whole,
        }
    }
}
