//! What the members of a request's body mean, in each dialect.

use towerman_core::{Dialect, Operation};

/// What a top-level member is, as far as routing cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Model,
    /// `models/NAME`, which only repeats the path's.
    ModelAgain,
    Stream,
    StreamOptions,
    /// The most output tokens.
    Limit,
    /// The same, under the name that wins.
    BetterLimit,
    Tools,
    System,
    /// The conversation: an array.
    Messages,
    /// A string, or an array.
    Prompt,
    /// What embeddings are wanted of.
    Input,
    /// A whole request inside of another.
    Request,
    /// The shape of the answer.
    Format,
    /// An object of settings, some of which matter.
    Settings,
    /// An id of the conversation; the least number is the best.
    Session(usize),
    /// An object whose `user_id` is such an id.
    Metadata,
    Other,
}

/// Whether a dialect's bodies say which model is meant.
pub(super) const fn says_model(dialect: Dialect) -> bool {
    !matches!(dialect, Dialect::Gemini | Dialect::BedrockConverse)
}

/// Whether a dialect's bodies say whether to stream.
pub(super) const fn says_stream(dialect: Dialect) -> bool {
    says_model(dialect)
}

/// Whether a dialect streams unless it is told not to.
pub(super) const fn streams_by_default(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Ollama)
}

/// The member without which there is nothing to do.
pub(super) const fn subject(dialect: Dialect, operation: Operation) -> &'static str {
    match (dialect, operation) {
        (Dialect::Gemini, Operation::Embed) => "content",
        (Dialect::Cohere, Operation::Embed) => "texts",
        (_, Operation::Embed) | (Dialect::OpenAiResponses, _) => "input",
        (Dialect::OpenAiCompletions, _) => "prompt",
        (Dialect::Gemini, _) => "contents",
        _ => "messages",
    }
}

/// What the member `name` is.
pub(super) fn of(dialect: Dialect, operation: Operation, name: &str) -> Meaning {
    match name {
        "model" if says_model(dialect) => return Meaning::Model,
        "model" => return Meaning::ModelAgain,
        "stream" if operation == Operation::Generate && says_stream(dialect) => {
            return Meaning::Stream;
        }
        _ => {}
    }
    if operation == Operation::Embed {
        return match (dialect, name) {
            (Dialect::Gemini, "content" | "requests")
            | (Dialect::Cohere, "texts" | "inputs" | "images")
            | (_, "input") => Meaning::Input,
            _ => Meaning::Other,
        };
    }
    match dialect {
        Dialect::OpenAiChat => chat(name),
        Dialect::Anthropic => anthropic(name),
        Dialect::OpenAiResponses => match name {
            "max_output_tokens" => Meaning::Limit,
            "tools" => Meaning::Tools,
            "instructions" => Meaning::System,
            "input" => Meaning::Prompt,
            "text" => Meaning::Settings,
            "prompt_cache_key" => Meaning::Session(0),
            "conversation" | "previous_response_id" => Meaning::Session(1),
            "user" | "safety_identifier" => Meaning::Session(2),
            _ => Meaning::Other,
        },
        Dialect::OpenAiCompletions => match name {
            "stream_options" => Meaning::StreamOptions,
            "max_tokens" => Meaning::Limit,
            "prompt" => Meaning::Prompt,
            "user" => Meaning::Session(2),
            _ => Meaning::Other,
        },
        Dialect::Gemini => match name {
            "contents" => Meaning::Messages,
            "generateContentRequest" | "generate_content_request" => Meaning::Request,
            "systemInstruction" | "system_instruction" => Meaning::System,
            "tools" => Meaning::Tools,
            "generationConfig" | "generation_config" => Meaning::Settings,
            _ => Meaning::Other,
        },
        Dialect::BedrockConverse => match name {
            "messages" => Meaning::Messages,
            "system" => Meaning::System,
            "toolConfig" => Meaning::Tools,
            "inferenceConfig" | "outputConfig" => Meaning::Settings,
            "requestMetadata" => Meaning::Metadata,
            _ => Meaning::Other,
        },
        Dialect::Cohere => match name {
            "messages" => Meaning::Messages,
            // They stand before the conversation, and may be most of the prompt.
            "documents" => Meaning::System,
            "tools" => Meaning::Tools,
            "max_tokens" => Meaning::Limit,
            "response_format" => Meaning::Format,
            _ => Meaning::Other,
        },
        Dialect::Ollama => match name {
            "messages" => Meaning::Messages,
            "tools" => Meaning::Tools,
            "options" => Meaning::Settings,
            "format" => Meaning::Format,
            _ => Meaning::Other,
        },
    }
}

fn chat(name: &str) -> Meaning {
    match name {
        "stream_options" => Meaning::StreamOptions,
        "max_tokens" => Meaning::Limit,
        "max_completion_tokens" => Meaning::BetterLimit,
        "tools" | "functions" => Meaning::Tools,
        "messages" => Meaning::Messages,
        "response_format" => Meaning::Format,
        "prompt_cache_key" => Meaning::Session(0),
        "user" => Meaning::Session(2),
        _ => Meaning::Other,
    }
}

fn anthropic(name: &str) -> Meaning {
    match name {
        "max_tokens" => Meaning::Limit,
        "tools" => Meaning::Tools,
        "system" => Meaning::System,
        "messages" => Meaning::Messages,
        "output_format" => Meaning::Format,
        "output_config" => Meaning::Settings,
        "metadata" => Meaning::Metadata,
        _ => Meaning::Other,
    }
}
