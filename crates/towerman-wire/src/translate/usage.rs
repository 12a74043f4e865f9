//! Usage as it is told in each dialect. Reading it is for [`Tokens`].

use serde::Serialize;
use towerman_core::Usage;

use super::fields::Raw;
use crate::{
    json::{Cursor, Invalid},
    usage::Tokens,
};

#[derive(Debug, Serialize)]
pub(super) struct OpenAi {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: Prompt,
    completion_tokens_details: Completion,
}

#[derive(Debug, Serialize)]
struct Prompt {
    cached_tokens: u64,
    cache_write_tokens: u64,
}

#[derive(Debug, Serialize)]
struct Completion {
    reasoning_tokens: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Anthropic {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens_details: Option<Thinking>,
}

#[derive(Debug, Serialize)]
struct Thinking {
    thinking_tokens: u64,
}

/// Adds what a provider reported; `take` knows its dialect. Nonsense counts for nothing, and is no
/// error: an answer is worth more than its receipt.
pub(super) fn report(
    known: &mut Tokens,
    raw: Option<Raw<'_>>,
    take: fn(&mut Tokens, &mut Cursor<'_>) -> Result<(), Invalid>,
) {
    let mut said = Tokens::default();
    if let Some(raw) = raw
        && take(&mut said, &mut Cursor::new(raw.get().as_bytes())).is_ok()
    {
        *known = known.merge(said);
    }
}

impl From<Usage> for OpenAi {
    fn from(usage: Usage) -> Self {
        Self {
            prompt_tokens: usage.prompt(),
            completion_tokens: usage.output,
            total_tokens: usage.total(),
            prompt_tokens_details: Prompt {
                cached_tokens: usage.cache_read,
                cache_write_tokens: usage.cache_write.saturating_add(usage.cache_write_long),
            },
            completion_tokens_details: Completion {
                reasoning_tokens: usage.reasoning,
            },
        }
    }
}

impl From<Usage> for Anthropic {
    fn from(usage: Usage) -> Self {
        Self {
            input_tokens: usage.input,
            cache_creation_input_tokens: usage.cache_write.saturating_add(usage.cache_write_long),
            cache_read_input_tokens: usage.cache_read,
            output_tokens: usage.output,
            output_tokens_details: (usage.reasoning > 0).then_some(Thinking {
                thinking_tokens: usage.reasoning,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, value::to_raw_value};
    use towerman_core::Dialect;

    use super::*;

    #[test]
    fn the_prompt_is_split_into_disjoint_parts_and_put_together_again() {
        let (mut there, mut back) = (Tokens::default(), Tokens::default());
        let openai = to_raw_value(&json!({
            "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120,
            "prompt_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 16},
            "completion_tokens_details": {"reasoning_tokens": 5},
        }));
        report(&mut there, Some(&openai.unwrap()), Tokens::openai);
        let usage = there.usage(Dialect::OpenAiChat).unwrap();
        let anthropic = to_raw_value(&Anthropic::from(usage)).unwrap();
        report(&mut back, Some(&anthropic), Tokens::anthropic);
        assert_eq!(back.usage(Dialect::Anthropic), Some(usage));
        let again = serde_json::to_value(OpenAi::from(usage)).unwrap();
        assert_eq!(again["prompt_tokens"], 100);
        assert_eq!(again["total_tokens"], 120);
    }

    #[test]
    fn later_numbers_complete_earlier_ones_and_nonsense_changes_none() {
        let mut tokens = Tokens::default();
        for said in [
            json!({"input_tokens": 9, "cache_read_input_tokens": 4, "output_tokens": 1}),
            json!({"input_tokens": 9, "output_tokens": 20}),
            json!("many"),
            json!({}),
            json!({"output_tokens": 30}),
        ] {
            report(
                &mut tokens,
                Some(&to_raw_value(&said).unwrap()),
                Tokens::anthropic,
            );
        }
        let usage = tokens.usage(Dialect::Anthropic).unwrap();
        assert_eq!((usage.input, usage.cache_read, usage.output), (9, 4, 30));
    }
}
