//! A whole answer.

use std::borrow::Cow;

use towerman_core::{Finish, Usage};

use super::{Part, Raw};

/// What a model answered.
#[derive(Debug, Default)]
pub(crate) struct Answer<'a> {
    pub(crate) id: Cow<'a, str>,
    pub(crate) model: Cow<'a, str>,
    /// In seconds since the epoch, where the provider says it.
    pub(crate) created: Option<u64>,
    /// In order. An answer without any is not read: that is no answer.
    pub(crate) choices: Vec<Choice<'a>>,
    pub(crate) usage: Option<Usage>,
}

/// One of the answers that were asked for; mostly the only one.
#[derive(Debug)]
pub(crate) struct Choice<'a> {
    pub(crate) parts: Vec<Part<'a>>,
    pub(crate) finish: Finish,
    /// The stop sequence that was met.
    pub(crate) sequence: Option<Cow<'a, str>>,
    /// Why a filter or the model refused, in words.
    pub(crate) explanation: Option<Cow<'a, str>>,
    /// OpenAI's log probabilities.
    pub(crate) logprobs: Option<Raw<'a>>,
}

/// Who hears an answer, and what their dialect wants said that the provider may not say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hearer {
    /// A stream shall tell usage where the dialect makes that optional.
    pub(crate) include_usage: bool,
    /// Now, in seconds since the epoch.
    pub(crate) created: u64,
    /// The model as the provider was asked for it, for answers that name none.
    pub(crate) model: String,
}

impl Default for Choice<'_> {
    fn default() -> Self {
        Self {
            parts: Vec::new(),
            finish: Finish::Other,
            sequence: None,
            explanation: None,
            logprobs: None,
        }
    }
}
