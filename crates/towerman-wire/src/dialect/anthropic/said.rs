//! What an Anthropic provider says.

use std::borrow::Cow;

use serde::Deserialize;

use super::cite;
use crate::neutral::{Cite, Maker, Raw, Seal, Sealed, fields::Said};

/// A block of any type: whole, or as it begins in a stream. What it holds may be anything: types
/// that are not known here may use the same names.
#[derive(Debug, Deserialize)]
pub(super) struct Block<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) text: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) citations: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) thinking: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) signature: Option<Raw<'a>>,
    /// Thoughts that nobody but their maker can read.
    #[serde(borrow, default)]
    pub(super) data: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) id: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) name: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) input: Option<Raw<'a>>,
}

/// A whole answer, or the empty one that begins a stream.
#[derive(Debug, Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(super) model: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(super) content: Option<Vec<Raw<'a>>>,
    #[serde(borrow, default)]
    pub(super) stop_reason: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(super) stop_sequence: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(super) stop_details: Option<Details<'a>>,
    #[serde(borrow, default)]
    pub(super) usage: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) error: Option<Raw<'a>>,
}

/// Any event: each type fills a few of these.
#[derive(Debug, Deserialize)]
pub(super) struct Event<'a> {
    #[serde(rename = "type", borrow, default)]
    pub(super) kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) message: Option<Message<'a>>,
    #[serde(borrow, default)]
    pub(super) content_block: Option<Block<'a>>,
    #[serde(borrow, default)]
    pub(super) delta: Option<Change<'a>>,
    #[serde(borrow, default)]
    pub(super) usage: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) error: Option<Raw<'a>>,
}

/// What is added to a block, or to the message.
#[derive(Debug, Deserialize)]
pub(super) struct Change<'a> {
    #[serde(borrow, default)]
    pub(super) text: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(super) thinking: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(super) signature: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(super) citation: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) partial_json: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(super) stop_reason: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(super) stop_sequence: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(super) stop_details: Option<Details<'a>>,
}

/// Why it stopped.
#[derive(Debug, Deserialize)]
pub(super) struct Details<'a> {
    #[serde(borrow, default)]
    pub(super) explanation: Option<Said<'a>>,
}

/// The text, if there is any.
pub(super) fn some(said: Option<Said<'_>>) -> Option<Cow<'_, str>> {
    said.map(|said| said.0).filter(|text| !text.is_empty())
}

/// What a member of a block says, if it is a text and says something.
pub(super) fn text(raw: Option<Raw<'_>>) -> Option<Cow<'_, str>> {
    some(raw.and_then(|raw| serde_json::from_str(raw.get()).ok()))
}

/// Citations of a text; none if they are no list.
pub(super) fn cites(raw: Option<Raw<'_>>) -> Vec<Cite<'_>> {
    let list = raw.and_then(|raw| serde_json::from_str(raw.get()).ok());
    cite::all(list.unwrap_or_default())
}

/// A signature, or the encrypted thought.
pub(super) fn seal(kind: Sealed, data: Option<Cow<'_, str>>) -> Option<Seal<'_>> {
    data.map(|data| Seal::read(Maker::Anthropic, kind, data))
}
