//! What a provider says is left of its rate limits.

use std::time::Duration;

/// The rate limits that an answer told of. What it did not say is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimits {
    /// Requests.
    pub requests: Option<Limit>,
    /// Tokens of all kinds.
    pub tokens: Option<Limit>,
    /// Tokens of prompts, where they are counted apart.
    pub input_tokens: Option<Limit>,
    /// Generated tokens, where they are counted apart.
    pub output_tokens: Option<Limit>,
}

/// One rate limit. Never negative, and never a limit of nothing: that is how some say that they
/// do not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limit {
    /// How much is allowed in a window.
    pub limit: Option<u64>,
    /// How much is left of that.
    pub remaining: Option<u64>,
    /// How long until all of it is there again.
    pub reset: Option<Duration>,
    /// How long a window is.
    pub window: Option<Duration>,
}

impl RateLimits {
    /// Each limit that was told of, with its name in headers.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Limit)> {
        let all = [
            ("requests", self.requests),
            ("tokens", self.tokens),
            ("input-tokens", self.input_tokens),
            ("output-tokens", self.output_tokens),
        ];
        all.into_iter()
            .filter_map(|(name, limit)| Some((name, limit?)))
    }
}
