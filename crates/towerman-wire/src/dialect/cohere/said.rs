//! What a provider says, whole or event by event.
//!
//! Whatever is not the answer itself is read for itself: an odd member must not cost the words
//! beside it.

use serde::Deserialize;
use towerman_core::{Dialect, Fault, FaultKind, Finish, Usage};

use crate::{
    neutral::{Raw, fields::Said},
    translate::trouble,
    usage::Tokens,
};

/// A whole answer. An error has words where the message would be.
#[derive(Debug, Deserialize)]
pub(super) struct Whole<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(super) message: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) finish_reason: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(super) usage: Option<Raw<'a>>,
}

/// An event of a stream.
#[derive(Debug, Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, default, rename = "type")]
    pub(super) kind: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(super) id: Option<Said<'a>>,
    #[serde(default)]
    pub(super) index: Option<u32>,
    #[serde(borrow, default)]
    pub(super) delta: Option<Change<'a>>,
    /// What an error has to say.
    #[serde(borrow, default)]
    pub(super) message: Option<Raw<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Change<'a> {
    #[serde(borrow, default)]
    pub(super) message: Option<Message<'a>>,
    #[serde(borrow, default)]
    pub(super) finish_reason: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(super) usage: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) error: Option<Raw<'a>>,
}

/// What the model says. Each member is a list in an answer, and an element of it in an event.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow, default)]
    pub(super) content: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) tool_plan: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(super) tool_calls: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) citations: Option<Raw<'a>>,
}

/// A piece of content: which of the two there is says what it is.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Piece<'a> {
    #[serde(borrow, default)]
    pub(super) text: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(super) thinking: Option<Said<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct ToolCall<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(super) function: Option<Function<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Function<'a> {
    #[serde(borrow, default)]
    pub(super) name: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(super) arguments: Option<Said<'a>>,
}

pub(super) fn usage(raw: Option<Raw<'_>>) -> Option<Usage> {
    let mut tokens = Tokens::default();
    tokens.report(raw, Tokens::cohere);
    tokens.usage(Dialect::Cohere)
}

/// Why it stopped; a fault if that is how it failed.
pub(super) fn finish(reason: &str, called: bool) -> Result<Finish, Fault> {
    Ok(match reason {
        "ERROR" => return Err(failed()),
        "TIMEOUT" => {
            let message = "the provider did not finish in time";
            return Err(Fault::new(FaultKind::Timeout, message));
        }
        "MAX_TOKENS" => Finish::Length,
        "TOOL_CALL" => Finish::ToolCalls,
        _ if called => Finish::ToolCalls,
        "COMPLETE" | "STOP_SEQUENCE" => Finish::Stop,
        _ => Finish::Other,
    })
}

/// It failed, and its words for that stay here.
pub(super) fn failed() -> Fault {
    trouble::read(serde_json::value::RawValue::NULL)
}
