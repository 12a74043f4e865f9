//! An item of a stream, while it is open.

use std::borrow::Cow;

use super::Say;
use crate::neutral::{Cite, Delta, Opening, Place, Seal, json::Progress};

/// What kind of part is open, and which one of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Text(u32),
    Refusal(u32),
    Summary(u32),
    Full(u32),
    Call { custom: bool },
}

#[derive(Debug)]
pub(super) struct Open {
    pub(super) what: What,
    pub(super) part: u32,
    /// It has said something.
    pub(super) said: bool,
}

/// An item that is open. One part of it is, at most.
#[derive(Debug, Default)]
pub(super) struct Item {
    pub(super) index: u32,
    /// A thought's.
    pub(super) id: Option<String>,
    pub(super) open: Option<Open>,
    /// A part of it was told.
    pub(super) told: bool,
    pub(super) progress: Progress,
}

// === impl Item ===

impl Item {
    /// How a part opens that says what it is by itself.
    pub(super) fn opening(&self, what: What) -> Option<Opening<'static>> {
        Some(match what {
            What::Text(_) => Opening::Text,
            What::Refusal(_) => Opening::Refusal,
            What::Summary(_) | What::Full(_) => Opening::Thought {
                summary: matches!(what, What::Summary(_)),
                id: self.id.clone().map(Cow::Owned),
            },
            What::Call { .. } => return None,
        })
    }

    pub(super) fn more(&mut self, what: What, text: Cow<'_, str>, say: Say<'_>) {
        let Some(open) = self.open.as_mut().filter(|open| open.what == what) else {
            return;
        };
        open.said = true;
        if let What::Call { custom: false } = what {
            self.progress.follow(&text);
        }
        let at = Place {
            choice: 0,
            part: open.part,
        };
        say(Delta::More { at, text });
    }

    /// Whether the call that is open has said something that is no whole object.
    pub(super) fn is_cut(&self) -> bool {
        let call = What::Call { custom: false };
        let open = self.open.as_ref();
        open.is_some_and(|open| open.what == call && open.said) && !self.progress.is_complete()
    }

    pub(super) fn cite(&self, cite: Cite<'_>, say: Say<'_>) {
        if let Some(Open {
            what: What::Text(_),
            part,
            ..
        }) = self.open
        {
            let at = Place { choice: 0, part };
            say(Delta::Cite { at, cite });
        }
    }

    /// Seals the thought that is open.
    pub(super) fn seal(&self, seal: Seal<'_>, say: Say<'_>) {
        if let Some(Open {
            what: What::Summary(_) | What::Full(_),
            part,
            ..
        }) = self.open
        {
            let at = Place { choice: 0, part };
            say(Delta::Seal { at, seal });
        }
    }

    pub(super) fn close(&mut self, say: Say<'_>) {
        if let Some(open) = self.open.take() {
            let at = Place {
                choice: 0,
                part: open.part,
            };
            say(Delta::Close { at });
        }
    }
}

impl What {
    /// Whether `other` is a later part of the same item.
    pub(super) fn is_before(self, other: Self) -> bool {
        let number = |what| match what {
            Self::Text(n) | Self::Refusal(n) | Self::Full(n) => (1, n),
            Self::Summary(n) => (0, n),
            Self::Call { .. } => (2, 0),
        };
        number(self) < number(other)
    }
}
