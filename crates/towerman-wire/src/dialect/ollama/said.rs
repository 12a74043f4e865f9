//! What a provider says: a line of a stream, or a whole answer. They are of one shape.

use std::borrow::Cow;

use serde::Deserialize;
use towerman_core::{Dialect, Finish, Usage};

use crate::{
    neutral::{Raw, fields::text},
    usage::Tokens,
};

#[derive(Debug, Deserialize)]
pub(super) struct Line<'a> {
    #[serde(borrow, default, deserialize_with = "text")]
    pub(super) model: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "text")]
    pub(super) created_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) message: Option<Message<'a>>,
    #[serde(default)]
    pub(super) done: bool,
    #[serde(borrow, default, deserialize_with = "text")]
    pub(super) done_reason: Option<Cow<'a, str>>,
    #[serde(default)]
    prompt_eval_count: Option<u64>,
    #[serde(default)]
    eval_count: Option<u64>,
    #[serde(borrow, default)]
    pub(super) error: Option<Raw<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow, default, deserialize_with = "text")]
    pub(super) content: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "text")]
    pub(super) thinking: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) tool_calls: Option<Vec<ToolCall<'a>>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ToolCall<'a> {
    #[serde(borrow, default, deserialize_with = "text")]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) function: Function<'a>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Function<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) arguments: Option<Raw<'a>>,
}

impl Line<'_> {
    pub(super) fn usage(&self) -> Option<Usage> {
        let mut tokens = Tokens::default();
        tokens.counted(self.prompt_eval_count, self.eval_count);
        tokens.usage(Dialect::Ollama)
    }

    pub(super) fn finish(&self, called: bool) -> Finish {
        match self.done_reason.as_deref() {
            Some("length") => Finish::Length,
            _ if called => Finish::ToolCalls,
            Some("stop") | None => Finish::Stop,
            Some(_) => Finish::Other,
        }
    }
}
