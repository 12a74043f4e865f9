//! What one event, or one whole answer, says.

use std::sync::Arc;

use towerman_core::Finish;

use crate::{json::Text, usage::Tokens};

/// The longest name of a model.
const MODEL: usize = 256;

/// What one event or answer says.
#[derive(Debug, Default)]
pub(crate) struct Delta<'a> {
    /// It delivers content.
    pub(crate) content: bool,
    pub(crate) content_bytes: u64,
    pub(crate) tokens: Tokens,
    pub(crate) finish: Option<Finish>,
    pub(crate) model: Option<Text<'a>>,
    /// It is the end.
    pub(crate) complete: bool,
    /// It reports an error.
    pub(crate) error: bool,
    /// It has what makes a whole answer one.
    pub(crate) answers: bool,
}

impl Delta<'_> {
    /// Counts a piece of content; an empty one delivers nothing.
    pub(crate) const fn deliver(&mut self, bytes: usize) {
        if bytes > 0 {
            self.content = true;
            self.content_bytes += bytes as u64;
        }
    }

    /// The model's name, if it is one.
    pub(crate) fn model(&self) -> Option<Arc<str>> {
        let name = self.model.and_then(|model| model.decode())?;
        (1..=MODEL).contains(&name.len()).then(|| name.into())
    }
}
