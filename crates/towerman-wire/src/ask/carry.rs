//! Whether a request may carry what only some providers can take.
//!
//! A hint, and on the safe side: what it points at is read in full only if it matters, when
//! endpoints differ in what they can take.

use towerman_core::Dialect;

use crate::{dialect::bedrock_converse, json::Text};

/// Types of parts, items and sources that every provider can be told.
const fn common(dialect: Dialect) -> &'static [&'static [u8]] {
    match dialect {
        Dialect::Anthropic => &[
            b"tool_use",
            b"tool_result",
            b"thinking",
            b"image",
            b"document",
            b"base64",
            b"url",
            b"ephemeral",
        ],
        Dialect::OpenAiResponses => &[
            b"message",
            b"function_call",
            b"function_call_output",
            b"reasoning",
            b"input_text",
            b"output_text",
            b"summary_text",
            b"reasoning_text",
            b"input_image",
            b"input_file",
            b"refusal",
        ],
        _ => &[
            b"function",
            b"image_url",
            b"input_audio",
            b"file",
            b"document",
            b"refusal",
            b"thinking",
            b"ephemeral",
        ],
    }
}

/// Longer than any of them, and the quote behind it.
const LONGEST: usize = 24;

#[derive(Debug)]
pub(super) struct Carry {
    dialect: Dialect,
    /// Something is worth a closer look.
    pub(super) found: bool,
    /// Reasoning came from another dialect's provider.
    pub(super) foreign: bool,
}

impl Carry {
    pub(super) const fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            found: false,
            foreign: false,
        }
    }

    /// Takes in a member of the body.
    pub(super) fn top(&mut self, name: &str) {
        self.found |= matches!(
            name,
            "previous_response_id"
                | "conversation"
                | "prompt"
                | "background"
                | "cachedContent"
                | "cached_content"
                | "continuationToken"
                | "continuation_token"
                | "modelArmorConfig"
                | "mcp_servers"
                | "container"
                | "inference_geo"
                | "audio"
                | "modalities"
                | "web_search_options"
                | "logit_bias"
                | "suffix"
                | "echo"
                | "best_of"
                | "logprobs"
                | "generationConfig"
                | "generation_config"
                | "toolConfig"
                | "tool_config"
                | "guardrailConfig"
                | "promptVariables"
        );
    }

    /// Takes in a member of a tool.
    pub(super) fn tool(&mut self, key: Text<'_>, value: &[u8]) {
        self.found |= match (self.dialect, key.plain()) {
            (Dialect::Gemini, b"functionDeclarations" | b"function_declarations") => false,
            (Dialect::Gemini, _) => true,
            (_, b"type") => !matches!(value, b"\"function\"" | b"\"custom\"" | b"null"),
            _ => false,
        };
    }

    /// Takes in a member of something inside the conversation.
    pub(super) fn member(&mut self, key: Text<'_>, value: &[u8]) {
        match key.plain() {
            b"signature" => self.reasoning(true, value),
            // A block's only member says what it is.
            key if self.dialect == Dialect::BedrockConverse => {
                let plain = key == b"type" && is_plain(value);
                self.found |= !plain && !bedrock_converse::is_common(key);
            }
            b"type" => self.found |= !is_common(self.dialect, value),
            b"file_id"
            | b"reasoning_details"
            | b"fileUri"
            | b"file_uri"
            | b"executableCode"
            | b"executable_code"
            | b"codeExecutionResult"
            | b"code_execution_result"
            | b"toolCall"
            | b"tool_call"
            | b"toolResponse"
            | b"tool_response" => self.found = true,
            b"thoughtSignature" | b"thought_signature" | b"encrypted_content" | b"data" => {
                self.reasoning(key.plain() != b"data", value)
            }
            _ => {}
        }
    }

    fn reasoning(&mut self, certain: bool, value: &[u8]) {
        let value = value.trim_ascii_start();
        // As it is wrapped, and the same in base64, which is how Gemini's clients are told it.
        let wrapped = value.starts_with(b"\"tm1.") || value.starts_with(b"\"dG0xL");
        self.foreign |= wrapped;
        self.found |= certain || wrapped;
    }
}

/// Whether what Converse calls the type of something is the one that goes without saying.
fn is_plain(value: &[u8]) -> bool {
    let value = value.trim_ascii_start();
    [&b"\"default\""[..], b"\"tool_use\"", b"\"tool_result\""]
        .into_iter()
        .any(|plain| value.starts_with(plain))
}

fn is_common(dialect: Dialect, value: &[u8]) -> bool {
    let value = value.trim_ascii_start();
    let Some(value) = value.strip_prefix(b"\"") else {
        // No type at all: what has it will be refused, if it matters.
        return true;
    };
    if value.starts_with(b"text\"") && dialect != Dialect::OpenAiResponses {
        return true;
    }
    let short = &value[..value.len().min(LONGEST)];
    let end = memchr::memchr(b'"', short);
    end.is_some_and(|end| common(dialect).contains(&&short[..end]))
}
