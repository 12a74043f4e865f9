//! Wire formats, by name.

use std::{fmt, str::FromStr};

use crate::Operation;

/// A wire format that clients or providers speak: the grammar of its bodies.
///
/// Hosts that speak one of these with an accent (Azure, Mistral, Vertex and many more) are no
/// dialects of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenAI Chat Completions, `POST /v1/chat/completions`, and embeddings,
    /// `POST /v1/embeddings`.
    OpenAiChat,
    /// Anthropic Messages, `POST /v1/messages`, and how large they are,
    /// `POST /v1/messages/count_tokens`.
    Anthropic,
    /// OpenAI Responses, `POST /v1/responses`.
    OpenAiResponses,
    /// OpenAI's legacy completions, `POST /v1/completions`.
    OpenAiCompletions,
    /// Gemini, `POST /v1beta/models/{model}:generateContent`.
    Gemini,
    /// AWS Bedrock Converse, `POST /model/{model}/converse`.
    BedrockConverse,
    /// Cohere v2, `POST /v2/chat`.
    Cohere,
    /// Ollama, `POST /api/chat`.
    Ollama,
}

impl Dialect {
    /// Every dialect that is served, in the order in which documentation lists them.
    pub const ALL: [Self; 8] = [
        Self::OpenAiChat,
        Self::Anthropic,
        Self::OpenAiResponses,
        Self::OpenAiCompletions,
        Self::Gemini,
        Self::BedrockConverse,
        Self::Cohere,
        Self::Ollama,
    ];

    /// Whether an answer goes on where a last turn of the assistant's ends, in this dialect.
    pub const fn prefills(self) -> bool {
        matches!(self, Self::Anthropic | Self::BedrockConverse)
    }

    /// The name that policies and metrics use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAiChat => "openai-chat",
            Self::Anthropic => "anthropic",
            Self::OpenAiResponses => "openai-responses",
            Self::OpenAiCompletions => "openai-completions",
            Self::Gemini => "gemini",
            Self::BedrockConverse => "bedrock-converse",
            Self::Cohere => "cohere",
            Self::Ollama => "ollama",
        }
    }

    /// The path at which this dialect's answers are served, and under which a provider is called.
    /// `{model}` stands for the model where the path names it.
    pub const fn path(self) -> &'static str {
        match self {
            Self::OpenAiChat => "/v1/chat/completions",
            Self::Anthropic => "/v1/messages",
            Self::OpenAiResponses => "/v1/responses",
            Self::OpenAiCompletions => "/v1/completions",
            Self::Gemini => "/v1beta/models/{model}:generateContent",
            Self::BedrockConverse => "/model/{model}/converse",
            Self::Cohere => "/v2/chat",
            Self::Ollama => "/api/chat",
        }
    }

    /// The path at which this dialect serves `operation`, if it has it.
    pub const fn path_of(self, operation: Operation) -> Option<&'static str> {
        match (self, operation) {
            (_, Operation::Generate) => Some(self.path()),
            (Self::Anthropic, Operation::Count) => Some("/v1/messages/count_tokens"),
            (Self::OpenAiChat, Operation::Embed) => Some("/v1/embeddings"),
            (Self::Gemini, Operation::Count) => Some("/v1beta/models/{model}:countTokens"),
            (Self::Gemini, Operation::Embed) => Some("/v1beta/models/{model}:embedContent"),
            (Self::Cohere, Operation::Embed) => Some("/v2/embed"),
            (Self::Ollama, Operation::Embed) => Some("/api/embed"),
            _ => None,
        }
    }

    /// What is served at exactly `path`.
    pub fn served_at(path: &str) -> Option<(Self, Operation)> {
        Operation::ALL
            .into_iter()
            .flat_map(|operation| Self::ALL.map(|dialect| (dialect, operation)))
            .find(|(dialect, operation)| dialect.path_of(*operation) == Some(path))
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Dialect {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|dialect| dialect.as_str() == name)
            .ok_or(())
    }
}
