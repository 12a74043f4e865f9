//! Token counts: the parts of the prompt are disjoint.

use serde::Serialize;
use towerman_core::Usage;

use crate::{json::Cursor, neutral::Raw, usage::Tokens};

#[derive(Debug, Serialize)]
pub(super) struct Told {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_creation: Option<Creation>,
    output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens_details: Option<Thinking>,
}

/// What was written, by how long it lives.
#[derive(Debug, Serialize)]
struct Creation {
    ephemeral_5m_input_tokens: u64,
    ephemeral_1h_input_tokens: u64,
}

#[derive(Debug, Serialize)]
struct Thinking {
    thinking_tokens: u64,
}

impl From<Usage> for Told {
    fn from(usage: Usage) -> Self {
        Self {
            input_tokens: usage.input,
            cache_creation_input_tokens: usage.cache_write.saturating_add(usage.cache_write_long),
            cache_read_input_tokens: usage.cache_read,
            cache_creation: (usage.cache_write_long > 0).then_some(Creation {
                ephemeral_5m_input_tokens: usage.cache_write,
                ephemeral_1h_input_tokens: usage.cache_write_long,
            }),
            output_tokens: usage.output,
            output_tokens_details: (usage.reasoning > 0).then_some(Thinking {
                thinking_tokens: usage.reasoning,
            }),
        }
    }
}

/// Adds what a provider reported. Nonsense counts for nothing, and is no error: an answer is worth
/// more than its receipt.
pub(super) fn report(known: &mut Tokens, raw: Option<Raw<'_>>) {
    let mut said = Tokens::default();
    if let Some(raw) = raw
        && said
            .anthropic(&mut Cursor::new(raw.get().as_bytes()))
            .is_ok()
    {
        *known = known.merge(said);
    }
}
