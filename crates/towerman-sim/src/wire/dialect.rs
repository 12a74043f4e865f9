//! Names the wire formats that a simulated provider can speak.

use super::{Wire, anthropic, call, gemini, openai, responses};

/// The wire format that a simulated provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// OpenAI Chat Completions, `POST /v1/chat/completions`, and embeddings, `POST /v1/embeddings`.
    OpenAi,
    /// Anthropic Messages, `POST /v1/messages`, and `POST /v1/messages/count_tokens`, which is free.
    Anthropic,
    /// Gemini, `POST /v1beta/models/{model}:generateContent` and its siblings
    /// `:streamGenerateContent`, `:countTokens` (free), `:embedContent` and `:batchEmbedContents`,
    /// under `/v1` too.
    Gemini,
    /// OpenAI Responses, `POST /v1/responses`, and `POST /v1/responses/input_tokens`, which is free.
    /// Nothing is stored: a `previous_response_id` is not found.
    OpenAiResponses,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 4] = [
        Self::OpenAi,
        Self::Anthropic,
        Self::Gemini,
        Self::OpenAiResponses,
    ];

    /// The path of the one endpoint that generates text; `{model}` stands for the model where the
    /// path names it.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::OpenAi => "/v1/chat/completions",
            Self::Anthropic => "/v1/messages",
            Self::OpenAiResponses => "/v1/responses",
            Self::Gemini => "/v1beta/models/{model}:generateContent",
        }
    }

    /// The path, with its query, at which this model answers, whole or as a stream.
    #[must_use]
    pub fn path_for(self, model: &str, stream: bool) -> String {
        let path = match (self, stream) {
            (Self::Gemini, true) => "/v1beta/models/{model}:streamGenerateContent?alt=sse",
            _ => self.path(),
        };
        path.replace("{model}", &call::encoded(model))
    }

    /// How many chunks a stream of text opens with before its first delta.
    #[must_use]
    pub const fn opening_events(self) -> usize {
        match self {
            // The role.
            Self::OpenAi => 1,
            // message_start, content_block_start, ping.
            Self::Anthropic => 3,
            Self::Gemini => 0,
            // response.created, response.in_progress, output_item.added, content_part.added.
            Self::OpenAiResponses => 4,
        }
    }

    pub(crate) fn wire(self) -> &'static dyn Wire {
        match self {
            Self::OpenAi => &openai::OpenAi,
            Self::Anthropic => &anthropic::Anthropic,
            Self::Gemini => &gemini::Gemini,
            Self::OpenAiResponses => &responses::Responses,
        }
    }
}
