//! What a conversation says, in no dialect's words.
//!
//! A dialect's folder reads its bodies into these types and writes its bodies from them; no folder
//! knows another. Everything borrows from the body that was read: texts, schemas and inputs keep
//! the bytes that the client sent, because prompt caches are prefix caches.
//!
//! Where a dialect says a thing that another cannot, the type here is the one that can say most;
//! the writer of the poorer dialect tells its [`Notes`] what it bent or left out.

mod answer;
mod check;
mod delta;
pub(crate) mod fields;
mod fold;
mod ids;
pub(crate) mod json;
#[cfg(debug_assertions)]
mod lawful;
pub(crate) mod lenient;
pub(crate) mod media;
mod notes;
mod part;
mod place;
mod request;
mod seal;
mod sequence;
mod settings;
pub(crate) mod signed;
mod tool;

#[cfg(debug_assertions)]
pub(crate) use self::lawful::Lawful;
pub(crate) use self::{
    answer::{Answer, Choice, Hearer},
    check::check,
    delta::{Delta, Opening, Place},
    fields::{Fields, Raw, Text, refuse},
    fold::{Fold, unfold},
    ids::{Alphabet, fit, made_up},
    notes::Notes,
    part::{Call, Cite, Input, Kind, Mark, Media, Medium, Part, Rest, Source, Thought, ToolResult},
    place::placed,
    request::{Around, Bound, Request, Role, Turn},
    seal::{Maker, Seal, Sealed},
    sequence::Sequence,
    settings::{Caching, Effort, Format, Reasoning, Sampling, Set, Shown, schema_alone},
    tool::{Tool, ToolChoice, ToolKind, typed},
};
