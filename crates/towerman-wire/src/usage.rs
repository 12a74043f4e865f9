//! Providers' token counts, kept as reported until they are asked for.
//!
//! OpenAI's `prompt_tokens` includes what was read from and written to caches; Anthropic's
//! `input_tokens` includes neither. Both count reasoning as output.

use serde_json::value::RawValue;
use towerman_core::{Dialect, Usage};

use crate::{
    dialect::{self, Sum},
    json::{Cursor, Invalid},
};

/// Counts as reported. Reports repeat and complete each other, so each keeps its largest value;
/// only then are they split into disjoint buckets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) prompt: Option<u64>,
    read: Option<u64>,
    written: Option<u64>,
    written_short: Option<u64>,
    written_long: Option<u64>,
    output: Option<u64>,
    reasoning: Option<u64>,
    total: Option<u64>,
}

impl Tokens {
    pub(crate) fn merge(self, other: Self) -> Self {
        Self {
            prompt: self.prompt.max(other.prompt),
            read: self.read.max(other.read),
            written: self.written.max(other.written),
            written_short: self.written_short.max(other.written_short),
            written_long: self.written_long.max(other.written_long),
            output: self.output.max(other.output),
            reasoning: self.reasoning.max(other.reasoning),
            total: self.total.max(other.total),
        }
    }

    /// Adds what a provider reported; `take` knows its dialect. Nonsense counts for nothing, and is
    /// no error: an answer is worth more than its receipt.
    pub(crate) fn report(
        &mut self,
        raw: Option<&RawValue>,
        take: fn(&mut Self, &mut Cursor<'_>) -> Result<(), Invalid>,
    ) {
        let mut said = Self::default();
        if let Some(raw) = raw
            && take(&mut said, &mut Cursor::new(raw.get().as_bytes())).is_ok()
        {
            *self = self.merge(said);
        }
    }

    /// Takes in a `usage` of OpenAI's dialect, quirks of its clones included.
    pub(crate) fn openai(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Invalid> {
        cursor.members(|cursor, key| {
            match key.plain() {
                b"prompt_tokens" => self.prompt = cursor.count()?,
                b"completion_tokens" => self.output = cursor.count()?,
                b"total_tokens" => self.total = cursor.count()?,
                b"prompt_tokens_details" => cursor.members(|cursor, key| {
                    match key.plain() {
                        b"cached_tokens" => self.read = self.read.max(cursor.count()?),
                        b"cache_write_tokens" => self.written = cursor.count()?,
                        _ => cursor.skip()?,
                    }
                    Ok(())
                })?,
                // Older names for the same number.
                b"prompt_cache_hit_tokens" | b"num_cached_tokens" => {
                    self.read = self.read.max(cursor.count()?);
                }
                b"completion_tokens_details" => cursor.members(|cursor, key| {
                    if key.plain() == b"reasoning_tokens" {
                        self.reasoning = cursor.count()?;
                        return Ok(());
                    }
                    cursor.skip()
                })?,
                _ => cursor.skip()?,
            }
            Ok(())
        })
    }

    /// Takes in a `usage` of OpenAI's Responses dialect.
    pub(crate) fn responses(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Invalid> {
        cursor.members(|cursor, key| {
            match key.plain() {
                b"input_tokens" => self.prompt = cursor.count()?,
                b"output_tokens" => self.output = cursor.count()?,
                b"total_tokens" => self.total = cursor.count()?,
                b"input_tokens_details" => cursor.members(|cursor, key| {
                    match key.plain() {
                        b"cached_tokens" => self.read = cursor.count()?,
                        b"cache_write_tokens" => self.written = cursor.count()?,
                        b"cache_write_tokens_details" => cursor.members(|cursor, key| {
                            match key.plain() {
                                b"ttl_30m" => self.written_short = cursor.count()?,
                                b"ttl_12h" => self.written_long = cursor.count()?,
                                _ => cursor.skip()?,
                            }
                            Ok(())
                        })?,
                        _ => cursor.skip()?,
                    }
                    Ok(())
                })?,
                b"output_tokens_details" => cursor.members(|cursor, key| {
                    if key.plain() == b"reasoning_tokens" {
                        self.reasoning = cursor.count()?;
                        return Ok(());
                    }
                    cursor.skip()
                })?,
                _ => cursor.skip()?,
            }
            Ok(())
        })
    }

    /// Takes in a `usageMetadata` of Gemini's dialect: what tools put into the prompt, and what the
    /// model thought, is counted beside the rest.
    pub(crate) fn gemini(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Invalid> {
        let mut tools = None;
        let mut prompt = None;
        cursor.members(|cursor, key| {
            match key.plain() {
                b"promptTokenCount" => prompt = cursor.count()?,
                b"toolUsePromptTokenCount" => tools = cursor.count()?,
                b"cachedContentTokenCount" => self.read = cursor.count()?,
                b"candidatesTokenCount" => self.output = cursor.count()?,
                b"thoughtsTokenCount" => self.reasoning = cursor.count()?,
                b"totalTokenCount" => self.total = cursor.count()?,
                _ => cursor.skip()?,
            }
            Ok(())
        })?;
        if prompt.is_some() || tools.is_some() {
            self.prompt = Some(prompt.unwrap_or(0) + tools.unwrap_or(0));
        }
        Ok(())
    }

    /// Takes in a `usage` of Cohere's dialect. What is billed is less than what there was, and is
    /// told for hosts that say nothing else.
    pub(crate) fn cohere(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Invalid> {
        let (mut there, mut billed) = (Self::default(), Self::default());
        cursor.members(|cursor, key| {
            let to = match key.plain() {
                b"tokens" => &mut there,
                b"billed_units" => &mut billed,
                b"cached_tokens" => {
                    self.read = cursor.count()?;
                    return Ok(());
                }
                _ => return cursor.skip(),
            };
            cursor.members(|cursor, key| {
                match key.plain() {
                    b"input_tokens" => to.prompt = cursor.count()?,
                    b"output_tokens" => to.output = cursor.count()?,
                    b"reasoning_tokens" => to.reasoning = cursor.count()?,
                    _ => cursor.skip()?,
                }
                Ok(())
            })
        })?;
        self.prompt = there.prompt.or(billed.prompt);
        self.output = there.output.or(billed.output);
        self.reasoning = there.reasoning;
        Ok(())
    }

    /// Takes in a `usage` of Bedrock's Converse.
    pub(crate) fn converse(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Invalid> {
        cursor.members(|cursor, key| {
            match key.plain() {
                b"inputTokens" => self.prompt = cursor.count()?,
                b"cacheReadInputTokens" => self.read = cursor.count()?,
                b"cacheWriteInputTokens" => self.written = cursor.count()?,
                b"cacheDetails" => cursor.elements(|cursor| {
                    let (mut hour, mut tokens) = (false, None);
                    cursor.members(|cursor, key| {
                        match key.plain() {
                            b"ttl" => hour = cursor.text()?.is_some_and(|ttl| ttl.is("1h")),
                            b"inputTokens" => tokens = cursor.count()?,
                            _ => cursor.skip()?,
                        }
                        Ok(())
                    })?;
                    if hour {
                        self.written_long = tokens;
                    }
                    Ok(())
                })?,
                b"outputTokens" => self.output = cursor.count()?,
                _ => cursor.skip()?,
            }
            Ok(())
        })
    }

    /// Takes in counts that stand by themselves, as Ollama tells them.
    pub(crate) fn counted(&mut self, prompt: Option<u64>, output: Option<u64>) {
        self.prompt = self.prompt.max(prompt);
        self.output = self.output.max(output);
    }

    /// Takes in a `usage` of Anthropic's dialect.
    pub(crate) fn anthropic(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Invalid> {
        cursor.members(|cursor, key| {
            match key.plain() {
                b"input_tokens" => self.prompt = cursor.count()?,
                b"cache_read_input_tokens" => self.read = cursor.count()?,
                b"cache_creation_input_tokens" => self.written = cursor.count()?,
                b"cache_creation" => cursor.members(|cursor, key| {
                    match key.plain() {
                        b"ephemeral_5m_input_tokens" => self.written_short = cursor.count()?,
                        b"ephemeral_1h_input_tokens" => self.written_long = cursor.count()?,
                        _ => cursor.skip()?,
                    }
                    Ok(())
                })?,
                b"output_tokens" => self.output = cursor.count()?,
                b"output_tokens_details" => cursor.members(|cursor, key| {
                    if key.plain() == b"thinking_tokens" {
                        self.reasoning = cursor.count()?;
                        return Ok(());
                    }
                    cursor.skip()
                })?,
                _ => cursor.skip()?,
            }
            Ok(())
        })
    }

    /// What was used, if anything was reported.
    pub(crate) fn usage(&self, dialect: Dialect) -> Option<Usage> {
        if *self == Self::default() {
            return None;
        }
        let or_zero = |count: Option<u64>| count.unwrap_or(0);
        let (prompt, output) = (or_zero(self.prompt), or_zero(self.output));
        let (read, written) = (or_zero(self.read), or_zero(self.written));
        let reasoning = or_zero(self.reasoning);
        let sum = dialect::of(dialect).sum();
        Some(match sum {
            // The parts of the prompt are disjoint.
            Sum::Exclusive => {
                let long = or_zero(self.written_long);
                let written = written.max(or_zero(self.written_short) + long);
                Usage {
                    input: prompt,
                    cache_read: read,
                    cache_write: written - long,
                    cache_write_long: long,
                    output,
                    reasoning: reasoning.min(output),
                }
            }
            // The parts are subsets of the prompt; some hosts report more cached than there was.
            Sum::Inclusive | Sum::Beside => {
                let read = read.min(prompt);
                let long = or_zero(self.written_long);
                let written = written.max(or_zero(self.written_short) + long);
                let written = written.min(prompt - read);
                let long = long.min(written);
                // Some hosts count reasoning beside the completion: their own total proves it.
                let beside = sum == Sum::Beside || self.total == Some(prompt + output + reasoning);
                let output = output + if beside { reasoning } else { 0 };
                Usage {
                    input: prompt - read - written,
                    cache_read: read,
                    cache_write: written - long,
                    cache_write_long: long,
                    output,
                    reasoning: reasoning.min(output),
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openai_counts_are_subsets_and_clamped() {
        let tokens = Tokens {
            prompt: Some(100),
            read: Some(60),
            written: Some(70),
            output: Some(20),
            reasoning: Some(30),
            total: Some(120),
            ..Tokens::default()
        };
        let usage = tokens.usage(Dialect::OpenAiChat).unwrap();
        assert_eq!(
            (usage.input, usage.cache_read, usage.cache_write),
            (0, 60, 40)
        );
        assert_eq!((usage.output, usage.reasoning), (20, 20));
    }

    #[test]
    fn reasoning_beside_the_completion_is_output_too() {
        let tokens = Tokens {
            prompt: Some(10),
            output: Some(5),
            reasoning: Some(7),
            total: Some(22),
            ..Tokens::default()
        };
        let usage = tokens.usage(Dialect::OpenAiChat).unwrap();
        assert_eq!((usage.output, usage.reasoning), (12, 7));
    }

    #[test]
    fn anthropic_counts_are_disjoint_and_writes_split_by_lifetime() {
        let tokens = Tokens {
            prompt: Some(3),
            read: Some(5),
            written: Some(9),
            written_short: Some(2),
            written_long: Some(7),
            output: Some(1),
            ..Tokens::default()
        };
        let usage = tokens.usage(Dialect::Anthropic).unwrap();
        assert_eq!((usage.cache_write, usage.cache_write_long), (2, 7));
        assert_eq!(usage.prompt(), 17);
    }

    #[test]
    fn an_early_report_without_details_does_not_count_twice() {
        let early = Tokens {
            prompt: Some(100),
            ..Tokens::default()
        };
        let late = Tokens {
            read: Some(60),
            ..early
        };
        let merged = early.merge(late).usage(Dialect::OpenAiChat).unwrap();
        assert_eq!(merged.prompt(), 100);
        assert_eq!(Tokens::default().usage(Dialect::Anthropic), None);
    }
}
