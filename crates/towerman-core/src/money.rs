//! Money as integers: pico-dollars per token, sums in `u128`.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign},
};

use crate::Usage;

/// An amount of pico-dollars (10⁻¹² USD).
///
/// One dollar per million tokens is exactly 1,000,000 pico-dollars per token, so every published
/// price is an integer and sums are exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pico(pub u128);

impl Pico {
    /// The amount in dollars, for display only.
    pub fn usd(self) -> f64 {
        self.0 as f64 / 1e12
    }

    /// `self - other`, or zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for Pico {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Pico {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Pico {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self(0), Add::add)
    }
}

/// Dollars with every digit that matters and no rounding: `0.000125`.
impl fmt::Display for Pico {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DOLLAR: u128 = 1_000_000_000_000;
        let fraction = format!("{:012}", self.0 % DOLLAR);
        let digits = fraction.trim_end_matches('0');
        if digits.is_empty() {
            write!(f, "{}", self.0 / DOLLAR)
        } else {
            write!(f, "{}.{digits}", self.0 / DOLLAR)
        }
    }
}

/// What an endpoint charges, in pico-dollars per token of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// Uncached prompt tokens.
    pub input: u64,
    /// Prompt tokens read from the provider's cache.
    pub cache_read: u64,
    /// Prompt tokens written to a cache of minutes.
    pub cache_write: u64,
    /// Prompt tokens written to a cache of an hour or more.
    pub cache_write_long: u64,
    /// Generated tokens, reasoning included.
    pub output: u64,
}

impl Price {
    /// What `usage` costs. Exact: no rounding, no floating point.
    pub fn cost(&self, usage: &Usage) -> Pico {
        let part = |tokens: u64, price: u64| Pico(u128::from(tokens) * u128::from(price));
        part(usage.input, self.input)
            + part(usage.cache_read, self.cache_read)
            + part(usage.cache_write, self.cache_write)
            + part(usage.cache_write_long, self.cache_write_long)
            + part(usage.output, self.output)
    }

    /// What the tokens read from cache would have cost more, had they been uncached.
    pub fn saved(&self, usage: &Usage) -> Pico {
        Pico(u128::from(usage.cache_read) * u128::from(self.input.saturating_sub(self.cache_read)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_tokens_at_a_dollar_cost_a_dollar() {
        let price = Price {
            input: 1_000_000,
            ..Price::default()
        };
        let usage = Usage {
            input: 1_000_000,
            ..Usage::default()
        };
        assert_eq!(price.cost(&usage).to_string(), "1");
    }

    #[test]
    fn display_keeps_every_digit() {
        assert_eq!(Pico(1).to_string(), "0.000000000001");
        assert_eq!(Pico(1_250_000_000_000).to_string(), "1.25");
    }
}
