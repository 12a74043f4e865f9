//! The dialects: a folder each, and the one place that lists them.

mod anthropic;
pub(crate) mod bedrock_converse;
mod codec;
mod cohere;
mod gemini;
pub(crate) mod node;
mod ollama;
mod openai_chat;
mod openai_completions;
mod openai_responses;
mod parts;

use towerman_core::Dialect;

pub(crate) use self::codec::{
    Codec, Decode, Encode, Say, Sum, To, Unreadable, Written, empty_object, write, written,
};

/// Who reads and writes a dialect.
pub(crate) fn of(dialect: Dialect) -> &'static dyn Codec {
    match dialect {
        Dialect::OpenAiChat => &openai_chat::OpenAiChat,
        Dialect::Anthropic => &anthropic::Codec,
        Dialect::OpenAiResponses => &openai_responses::Codec,
        Dialect::OpenAiCompletions => &openai_completions::Codec,
        Dialect::Gemini => &gemini::Codec,
        Dialect::Cohere => &cohere::Codec,
        Dialect::Ollama => &ollama::Codec,
        Dialect::BedrockConverse => &bedrock_converse::Codec,
    }
}
