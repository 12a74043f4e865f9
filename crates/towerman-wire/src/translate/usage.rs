//! Token counts in each dialect, by way of the disjoint buckets of [`Usage`].
//!
//! OpenAI's `prompt_tokens` includes what was read from and written to caches; Anthropic's
//! `input_tokens` includes neither. Both count reasoning as output.

use serde::{Deserialize, Serialize};
use towerman_core::Usage;

use super::fields::Raw;

/// Usage as OpenAI's dialect writes it, quirks of its clones included.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OpenAiIn {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptIn>,
    completion_tokens_details: Option<CompletionIn>,
    prompt_cache_hit_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PromptIn {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CompletionIn {
    reasoning_tokens: Option<u64>,
}

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

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AnthropicIn {
    input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    output_tokens_details: Option<ThinkingIn>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ThinkingIn {
    thinking_tokens: Option<u64>,
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

/// Reads OpenAI's usage. What is not usage is `None`, never an error: an answer is worth more
/// than its receipt.
pub(super) fn read_openai(raw: Raw<'_>) -> Option<Usage> {
    let read: OpenAiIn = serde_json::from_str(raw.get()).ok()?;
    let prompt = read.prompt_tokens?;
    let details = read.prompt_tokens_details.unwrap_or_default();
    let cached = details.cached_tokens.or(read.prompt_cache_hit_tokens);
    // Some report more cached tokens than prompt tokens.
    let cache_read = cached.unwrap_or(0).min(prompt);
    let cache_write = details
        .cache_write_tokens
        .unwrap_or(0)
        .min(prompt - cache_read);
    let completion = read.completion_tokens.unwrap_or(0);
    let reasoning = read
        .completion_tokens_details
        .and_then(|details| details.reasoning_tokens)
        .unwrap_or(0);
    // One provider leaves reasoning out of the completion, and only its total tells.
    let apart = prompt.saturating_add(completion).saturating_add(reasoning);
    let output = if read.total_tokens == Some(apart) {
        completion.saturating_add(reasoning)
    } else {
        completion
    };
    Some(Usage {
        input: prompt - cache_read - cache_write,
        cache_read,
        cache_write,
        cache_write_long: 0,
        output,
        reasoning: reasoning.min(output),
    })
}

/// Takes Anthropic's usage in: its numbers are cumulative, so what is reported replaces what was
/// known.
pub(super) fn update_anthropic(known: &mut Usage, raw: Raw<'_>) {
    let Ok(read) = serde_json::from_str::<AnthropicIn>(raw.get()) else {
        return;
    };
    let thinking = read
        .output_tokens_details
        .unwrap_or_default()
        .thinking_tokens;
    known.input = read.input_tokens.unwrap_or(known.input);
    known.cache_read = read.cache_read_input_tokens.unwrap_or(known.cache_read);
    known.cache_write = read
        .cache_creation_input_tokens
        .unwrap_or(known.cache_write);
    known.output = read.output_tokens.unwrap_or(known.output);
    known.reasoning = thinking.unwrap_or(known.reasoning);
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
    use serde_json::{Value, json, value::to_raw_value};

    use super::*;

    fn openai(value: &Value) -> Option<Usage> {
        read_openai(&to_raw_value(value).unwrap())
    }

    #[test]
    fn the_prompt_is_split_into_disjoint_parts_and_put_together_again() {
        let usage = openai(&json!({
            "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120,
            "prompt_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 16},
            "completion_tokens_details": {"reasoning_tokens": 5},
        }))
        .unwrap();
        assert_eq!(
            (usage.input, usage.cache_read, usage.cache_write),
            (20, 64, 16)
        );
        assert_eq!((usage.output, usage.reasoning), (20, 5));
        let there = serde_json::to_value(Anthropic::from(usage)).unwrap();
        let mut back = Usage::default();
        update_anthropic(&mut back, &to_raw_value(&there).unwrap());
        assert_eq!(back, usage);
        let again = serde_json::to_value(OpenAi::from(back)).unwrap();
        assert_eq!(again["prompt_tokens"], 100);
        assert_eq!(again["total_tokens"], 120);
    }

    #[test]
    fn reasoning_that_only_the_total_knows_is_output() {
        let usage = openai(&json!({
            "prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 19,
            "completion_tokens_details": {"reasoning_tokens": 7},
        }));
        assert_eq!(usage.unwrap().output, 9);
    }

    #[test]
    fn more_cached_than_sent_is_clamped() {
        let usage = openai(&json!({
            "prompt_tokens": 10, "completion_tokens": 0,
            "prompt_tokens_details": {"cached_tokens": 12, "cache_write_tokens": 3},
        }));
        assert_eq!(usage.unwrap().prompt(), 10);
    }

    #[test]
    fn later_numbers_replace_earlier_ones_field_by_field() {
        let mut usage = Usage::default();
        for report in [
            json!({"input_tokens": 9, "cache_read_input_tokens": 4, "output_tokens": 1}),
            json!({"input_tokens": 9, "output_tokens": 20}),
            json!({"output_tokens": 30}),
        ] {
            update_anthropic(&mut usage, &to_raw_value(&report).unwrap());
        }
        assert_eq!((usage.input, usage.cache_read, usage.output), (9, 4, 30));
    }

    #[test]
    fn what_is_no_usage_is_none() {
        assert_eq!(openai(&json!("many")), None);
        assert_eq!(openai(&json!({})), None);
    }
}
