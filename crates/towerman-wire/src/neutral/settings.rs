//! How a model shall answer.

use std::borrow::Cow;

use serde_json::value::RawValue;
use towerman_core::Fault;

use super::{Mark, Notes, Raw, Text};

/// A setting, and where the client made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Set<T> {
    pub(crate) value: T,
    /// A JSON pointer.
    pub(crate) at: &'static str,
}

/// Knobs. Each is absent unless the client set it.
#[derive(Debug, Default)]
pub(crate) struct Sampling<'a> {
    /// The most tokens of output, reasoning included.
    pub(crate) max_output: Option<Set<u64>>,
    /// 0 to 2.
    pub(crate) temperature: Option<Set<f64>>,
    pub(crate) top_p: Option<Set<f64>>,
    pub(crate) top_k: Option<Set<u64>>,
    pub(crate) min_p: Option<Set<f64>>,
    /// How many answers.
    pub(crate) n: Option<Set<u64>>,
    pub(crate) seed: Option<Set<i64>>,
    /// Texts that end the answer, and are no part of it.
    pub(crate) stop: Option<Set<Vec<Text<'a>>>>,
    pub(crate) presence: Option<Set<f64>>,
    pub(crate) frequency: Option<Set<f64>>,
    /// Log probabilities, with this many alternatives to each token.
    pub(crate) logprobs: Option<Set<u64>>,
    pub(crate) logit_bias: Option<Set<Raw<'a>>>,
}

/// How prompts shall be cached, besides the [`Mark`]s on parts and tools.
#[derive(Debug, Default)]
pub(crate) struct Caching<'a> {
    /// As much as possible, for this long.
    pub(crate) auto: Option<Set<Mark>>,
    /// Requests of one key share prefixes.
    pub(crate) key: Option<Set<Text<'a>>>,
}

/// The shape of the answer's text.
#[derive(Debug)]
pub(crate) enum Format<'a> {
    Text,
    /// Some JSON object.
    Json,
    Schema {
        name: Option<Text<'a>>,
        description: Option<Text<'a>>,
        schema: Cow<'a, RawValue>,
        strict: Option<bool>,
    },
}

/// Notes what is lost of a format at `at` where only its schema can be told.
pub(crate) fn schema_alone(format: &Format<'_>, at: &str, notes: &mut Notes) -> Result<(), Fault> {
    let Format::Schema {
        name,
        description,
        strict,
        ..
    } = format
    else {
        return Ok(());
    };
    let lost = [
        ("name", name.is_some()),
        ("description", description.is_some()),
        ("strict", *strict == Some(false)),
    ];
    for (member, _) in lost.into_iter().filter(|(_, lost)| *lost) {
        notes.dropped(
            format!("{at}/{member}"),
            "dropped: this model's API takes the schema alone",
        )?;
    }
    Ok(())
}

/// How much the model shall think. What a client did not say is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reasoning {
    pub(crate) effort: Option<Effort>,
    /// Tokens to think with; 0 is off, -1 is the model's choice.
    pub(crate) budget: Option<i64>,
    pub(crate) on: Option<bool>,
    pub(crate) shown: Option<Shown>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    XHigh,
    Max,
}

/// How much of its thoughts the model shall show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    Summary,
    Omitted,
}

// === impl Set ===

impl<T> Set<T> {
    pub(crate) const fn new(value: T, at: &'static str) -> Self {
        Self { value, at }
    }
}

// === impl Effort ===

impl Effort {
    /// All of them, least first.
    const ALL: [Self; 7] = [
        Self::None,
        Self::Minimal,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::XHigh,
        Self::Max,
    ];

    /// The name that most dialects use.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh => "xhigh",
            Self::Max => "max",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effort| effort.as_str() == name)
    }

    /// The tokens to think with that an effort amounts to where a dialect counts them.
    pub(crate) const fn tokens(self) -> i64 {
        match self {
            Self::None => 0,
            Self::Minimal => 512,
            Self::Low => 1024,
            Self::Medium => 8192,
            Self::High => 24_576,
            Self::XHigh => 32_768,
            Self::Max => 65_536,
        }
    }

    /// The effort that a budget amounts to where a dialect does not count. Never more than high:
    /// many models refuse what lies above.
    pub(crate) const fn of_budget(budget: i64) -> Self {
        match budget {
            0 => Self::None,
            1..4096 => Self::Low,
            // The model's choice.
            -1 | 4096..16384 => Self::Medium,
            _ => Self::High,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_never_becomes_more_than_every_model_knows() {
        for (budget, effort) in [
            (0, Effort::None),
            (1, Effort::Low),
            (4096, Effort::Medium),
            (-1, Effort::Medium),
            (16_384, Effort::High),
            (1 << 20, Effort::High),
        ] {
            assert_eq!(Effort::of_budget(budget), effort);
            assert_eq!(Effort::named(effort.as_str()), Some(effort));
        }
        assert_eq!(Effort::named("much"), None);
    }
}
