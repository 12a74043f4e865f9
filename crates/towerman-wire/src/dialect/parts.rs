//! The parts of a stream that are open.

use std::borrow::Cow;

use super::Say;
use crate::neutral::{Cite, Delta, Opening, Place, Seal, json::Progress};

/// No answer has nearly as many parts at once.
const LIMIT: usize = 1024;

/// Which part an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    Plan,
    Text(u32),
    Thought(u32),
    Call(u32),
    Media(u32),
}

#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// Parts opened so far.
    opened: u32,
    open: Vec<Open>,
    /// A call ended before its object did.
    torn: bool,
}

/// An open part.
#[derive(Debug)]
struct Open {
    of: Of,
    at: Place,
    /// How far a call's object got, and whether it began.
    progress: Progress,
    said: bool,
    /// It is over, and waits for citations until something else begins.
    over: bool,
}

/// More parts are open than may be.
#[derive(Debug)]
pub(crate) struct TooMany;

impl Parts {
    pub(crate) fn has(&self, of: Of) -> bool {
        self.open.iter().any(|open| open.of == of)
    }

    pub(crate) fn begin(&mut self, of: Of, what: Opening<'_>, say: Say<'_>) -> Result<(), TooMany> {
        self.close(|open| open.over, say);
        if self.open.len() == LIMIT {
            return Err(TooMany);
        }
        let at = Place {
            choice: 0,
            part: self.opened,
        };
        self.opened += 1;
        self.open.push(Open {
            of,
            at,
            progress: Progress::default(),
            said: false,
            over: false,
        });
        say(Delta::Open { at, what });
        Ok(())
    }

    /// Says more of a part, which begins with it unless it is open.
    pub(crate) fn more(&mut self, of: Of, text: Cow<'_, str>, say: Say<'_>) -> Result<(), TooMany> {
        if text.is_empty() {
            return Ok(());
        }
        if !self.has(of) {
            let what = match of {
                Of::Text(_) | Of::Call(_) | Of::Media(_) => Opening::Text,
                Of::Plan | Of::Thought(_) => Opening::Thought {
                    summary: false,
                    id: None,
                },
            };
            self.begin(of, what, say)?;
        }
        if let Some(open) = self.open.iter_mut().find(|open| open.of == of) {
            open.said |= !text.trim().is_empty();
            open.progress.follow(&text);
            say(Delta::More { at: open.at, text });
        }
        Ok(())
    }

    /// What seals a thought that is open, or one that is nothing but its seal.
    pub(crate) fn seal(&mut self, of: Of, seal: Seal<'_>, say: Say<'_>) -> Result<(), TooMany> {
        if !self.has(of) {
            let what = Opening::Thought {
                summary: false,
                id: None,
            };
            self.begin(of, what, say)?;
        }
        if let Some(open) = self.open.iter().find(|open| open.of == of) {
            say(Delta::Seal { at: open.at, seal });
        }
        Ok(())
    }

    /// Ends a part. A text is kept open: what it cites may be told behind it.
    pub(crate) fn end(&mut self, of: Of, say: Say<'_>) {
        if let Of::Text(_) = of {
            let mut open = self.open.iter_mut();
            if let Some(text) = open.find(|open| open.of == of) {
                text.over = true;
            }
        } else {
            self.close(|open| open.of == of, say);
        }
    }

    /// It is about a text that is open: the one it names, or the last.
    pub(crate) fn cite(&self, of: Option<u32>, cite: Cite<'_>, say: Say<'_>) {
        let found = self.open.iter().rev().find(|open| match open.of {
            Of::Text(index) => of.is_none_or(|of| of == index),
            _ => false,
        });
        if let Some(open) = found {
            say(Delta::Cite { at: open.at, cite });
        }
    }

    /// Ends all of them. Whether every call was whole.
    pub(crate) fn finish(&mut self, say: Say<'_>) -> bool {
        self.close(|_| true, say);
        !self.torn
    }

    fn close(&mut self, ends: impl Fn(&Open) -> bool, say: Say<'_>) {
        let torn = &mut self.torn;
        self.open.retain(|open| {
            if !ends(open) {
                return true;
            }
            let call = matches!(open.of, Of::Call(_));
            *torn |= call && open.said && !open.progress.is_complete();
            say(Delta::Close { at: open.at });
            false
        });
    }
}
