//! Counts the tokens of one request by what they cost.

use crate::model::Price;

/// Prompt tokens by kind (disjoint), and output tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) uncached: u64,
    pub(crate) cache_read: u64,
    pub(crate) write_5m: u64,
    pub(crate) write_1h: u64,
    pub(crate) output: u64,
    /// The part of the output that is thoughts.
    pub(crate) reasoning: u64,
}

impl Usage {
    pub(crate) const fn cache_write(&self) -> u64 {
        self.write_5m + self.write_1h
    }

    /// All prompt tokens, however they were served.
    pub(crate) const fn prompt(&self) -> u64 {
        self.uncached + self.cache_read + self.cache_write()
    }

    /// The cost of the prompt, in picodollars.
    pub(crate) fn prompt_cost(&self, price: &Price) -> u128 {
        cost(self.uncached, price.input)
            + cost(self.cache_read, price.cache_read)
            + cost(self.cache_write(), price.cache_write)
    }
}

/// Tokens at a price per token: two `u64` factors never overflow a `u128`.
pub(crate) const fn cost(tokens: u64, price: u64) -> u128 {
    tokens as u128 * price as u128
}
