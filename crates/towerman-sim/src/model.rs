//! Says how one simulated model behaves: its price, its pace, its sizes.

use std::time::Duration;

/// What a token costs, in picodollars (10⁻¹² USD) per token.
///
/// A price of 3 USD per million tokens is `3_000_000` picodollars per token. The default is free.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Price {
    /// Picodollars per prompt token that came from no cache and went to none.
    pub input: u64,
    /// Picodollars per prompt token read from the prompt cache.
    pub cache_read: u64,
    /// Picodollars per prompt token written to the prompt cache, whatever its time to live.
    pub cache_write: u64,
    /// Picodollars per output token.
    pub output: u64,
}

/// One model of a simulated provider.
///
/// By default it answers at once, with 24 tokens, for free, to prompts of any length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    pub(crate) name: String,
    pub(crate) price: Price,
    pub(crate) first_token: Duration,
    pub(crate) per_token: Duration,
    pub(crate) prefill: Duration,
    pub(crate) output_tokens: u64,
    pub(crate) cache_min_tokens: u64,
    pub(crate) context_window: Option<u64>,
}

impl Model {
    /// A model that clients ask for by this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            price: Price::default(),
            first_token: Duration::ZERO,
            per_token: Duration::ZERO,
            prefill: Duration::ZERO,
            output_tokens: 24,
            cache_min_tokens: 1024,
            context_window: None,
        }
    }

    /// Sets what its tokens cost in the billing book.
    #[must_use]
    pub const fn price(mut self, price: Price) -> Self {
        self.price = price;
        self
    }

    /// Sets the time from the whole request to the response head; the first token follows at once.
    #[must_use]
    pub const fn first_token(mut self, time: Duration) -> Self {
        self.first_token = time;
        self
    }

    /// Sets the time between two output tokens. An answer that is not streamed takes as long, but
    /// before its head.
    #[must_use]
    pub const fn per_token(mut self, time: Duration) -> Self {
        self.per_token = time;
        self
    }

    /// Sets the time that 1,000 uncached prompt tokens add to the time to first token.
    #[must_use]
    pub const fn prefill_per_1k(mut self, time: Duration) -> Self {
        self.prefill = time;
        self
    }

    /// Sets how many tokens it says when a request does not tell it what to say.
    #[must_use]
    pub const fn output_tokens(mut self, tokens: u64) -> Self {
        self.output_tokens = tokens;
        self
    }

    /// Sets the shortest prefix, in tokens, that the prompt cache keeps (1,024 by default).
    #[must_use]
    pub const fn cache_min_tokens(mut self, tokens: u64) -> Self {
        self.cache_min_tokens = tokens;
        self
    }

    /// Sets the longest prompt, in tokens. A longer one gets the dialect's own 400.
    #[must_use]
    pub const fn context_window(mut self, tokens: u64) -> Self {
        self.context_window = Some(tokens);
        self
    }

    /// The time before the head, for a prompt with this many uncached tokens.
    pub(crate) fn time_to_first_token(&self, uncached: u64) -> Duration {
        let prefill = self.prefill.as_secs_f64() * uncached as f64 / 1000.0;
        self.first_token + Duration::from_secs_f64(prefill)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefill_counts_uncached_tokens_only() {
        let model = Model::new("m")
            .first_token(Duration::from_millis(40))
            .prefill_per_1k(Duration::from_millis(10));
        assert_eq!(model.time_to_first_token(0), Duration::from_millis(40));
        assert_eq!(model.time_to_first_token(2500), Duration::from_millis(65));
    }
}
