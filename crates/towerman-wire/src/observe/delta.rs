//! What one event, or one whole answer, says.

use std::sync::Arc;

use towerman_core::Finish;

use crate::{json::Text, usage::Tokens};

/// The longest name of a model.
const MODEL: usize = 256;

/// What one event or answer says.
#[derive(Debug, Default)]
pub(super) struct Delta<'a> {
    /// It delivers content.
    pub(super) content: bool,
    pub(super) content_bytes: u64,
    pub(super) tokens: Tokens,
    pub(super) finish: Option<Finish>,
    pub(super) model: Option<Text<'a>>,
    /// It is the end.
    pub(super) complete: bool,
    /// It reports an error.
    pub(super) error: bool,
    /// It has what makes a whole answer one.
    pub(super) answers: bool,
}

impl Delta<'_> {
    /// Counts a piece of content; an empty one delivers nothing.
    pub(super) const fn deliver(&mut self, bytes: usize) {
        if bytes > 0 {
            self.content = true;
            self.content_bytes += bytes as u64;
        }
    }

    /// The model's name, if it is one.
    pub(super) fn model(&self) -> Option<Arc<str>> {
        let name = self.model.and_then(|model| model.decode())?;
        (1..=MODEL).contains(&name.len()).then(|| name.into())
    }
}
