//! Names the wire formats that a simulated provider can speak.

use super::{Wire, anthropic, bedrock, call, cohere, gemini, ollama, openai, responses};

/// The wire format that a simulated provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// OpenAI Chat Completions, `POST /v1/chat/completions`, the legacy completions,
    /// `POST /v1/completions`, and embeddings, `POST /v1/embeddings`.
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
    /// AWS Bedrock Converse, `POST /model/{model}/converse`, `/converse-stream` and
    /// `/count-tokens`, which is free. A key is a bearer token, or the access key id of a signed
    /// request, whose signature is not checked.
    BedrockConverse,
    /// Ollama, `POST /api/chat`, whose answers are streams unless the request says otherwise, and
    /// `POST /api/embed`.
    Ollama,
    /// Cohere v2, `POST /v2/chat`, and `POST /v2/embed`.
    Cohere,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 7] = [
        Self::OpenAi,
        Self::Anthropic,
        Self::Gemini,
        Self::OpenAiResponses,
        Self::BedrockConverse,
        Self::Ollama,
        Self::Cohere,
    ];

    /// The path of the one endpoint that generates text; `{model}` stands for the model where the
    /// path names it.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::OpenAi => "/v1/chat/completions",
            Self::Anthropic => "/v1/messages",
            Self::OpenAiResponses => "/v1/responses",
            Self::BedrockConverse => "/model/{model}/converse",
            Self::Ollama => "/api/chat",
            Self::Cohere => "/v2/chat",
            Self::Gemini => "/v1beta/models/{model}:generateContent",
        }
    }

    /// The path, with its query, at which this model answers, whole or as a stream.
    #[must_use]
    pub fn path_for(self, model: &str, stream: bool) -> String {
        let path = match (self, stream) {
            (Self::Gemini, true) => "/v1beta/models/{model}:streamGenerateContent?alt=sse",
            (Self::BedrockConverse, true) => "/model/{model}/converse-stream",
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
            Self::Gemini | Self::Ollama => 0,
            // response.created, response.in_progress, output_item.added, content_part.added.
            Self::OpenAiResponses => 4,
            // message-start, content-start.
            Self::Cohere => 2,
            // messageStart; a block of text has no start.
            Self::BedrockConverse => 1,
        }
    }

    pub(crate) fn wire(self) -> &'static dyn Wire {
        match self {
            Self::OpenAi => &openai::OpenAi,
            Self::Anthropic => &anthropic::Anthropic,
            Self::Gemini => &gemini::Gemini,
            Self::BedrockConverse => &bedrock::Bedrock,
            Self::Ollama => &ollama::Ollama,
            Self::Cohere => &cohere::Cohere,
            Self::OpenAiResponses => &responses::Responses,
        }
    }
}
