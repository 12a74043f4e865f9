//! Tokens by kind.

/// What one attempt used, in disjoint buckets.
///
/// `input + cache_read + cache_write` is the whole prompt, whatever the provider's own arithmetic
/// says; `reasoning` is a part of `output`. Units are tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Prompt tokens that were read from no cache and written to none.
    pub input: u64,
    /// Prompt tokens that the provider's cache held already.
    pub cache_read: u64,
    /// Prompt tokens written to a cache that lives for minutes.
    pub cache_write: u64,
    /// Prompt tokens written to a cache that lives for an hour or more.
    pub cache_write_long: u64,
    /// Generated tokens, reasoning included.
    pub output: u64,
    /// The part of `output` that was reasoning.
    pub reasoning: u64,
}

impl Usage {
    /// The whole prompt.
    pub const fn prompt(&self) -> u64 {
        self.input
            .saturating_add(self.cache_read)
            .saturating_add(self.cache_write)
            .saturating_add(self.cache_write_long)
    }

    /// Prompt and output together.
    pub const fn total(&self) -> u64 {
        self.prompt().saturating_add(self.output)
    }

    /// Whether nothing was used.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// The later of two reports about the same attempt: providers repeat cumulative numbers, so
    /// each field keeps its largest value. Idempotent and commutative.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self {
            input: self.input.max(other.input),
            cache_read: self.cache_read.max(other.cache_read),
            cache_write: self.cache_write.max(other.cache_write),
            cache_write_long: self.cache_write_long.max(other.cache_write_long),
            output: self.output.max(other.output),
            reasoning: self.reasoning.max(other.reasoning),
        }
    }

    /// The sum of two attempts.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            cache_read: self.cache_read.saturating_add(other.cache_read),
            cache_write: self.cache_write.saturating_add(other.cache_write),
            cache_write_long: self.cache_write_long.saturating_add(other.cache_write_long),
            output: self.output.saturating_add(other.output),
            reasoning: self.reasoning.saturating_add(other.reasoning),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_is_idempotent_and_keeps_the_larger() {
        let early = Usage {
            input: 10,
            output: 1,
            ..Usage::default()
        };
        let late = Usage {
            input: 10,
            output: 40,
            ..Usage::default()
        };
        assert_eq!(early.merge(late), late);
        assert_eq!(late.merge(early), late);
        assert_eq!(late.merge(late), late);
    }

    #[test]
    fn prompt_is_the_sum_of_the_disjoint_buckets() {
        let usage = Usage {
            input: 1,
            cache_read: 2,
            cache_write: 4,
            cache_write_long: 8,
            output: 16,
            reasoning: 3,
        };
        assert_eq!((usage.prompt(), usage.total()), (15, 31));
    }
}
