//! The items of a stream that are open, and what they have said.

use std::borrow::Cow;

use crate::neutral::{Cite, Delta, Opening, Place, Seal, json::Progress};

/// More items than any answer has.
const ITEMS: usize = 4096;

/// More items than any answer has.
#[derive(Debug)]
pub(super) struct TooMany;

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
struct Open {
    what: What,
    part: u32,
    /// It has said something.
    said: bool,
}

/// An item that is open. One part of it is, at most.
#[derive(Debug, Default)]
pub(super) struct Item {
    index: u32,
    /// A thought's.
    pub(super) id: Option<String>,
    open: Option<Open>,
    /// A part of it was told.
    pub(super) told: bool,
    pub(super) progress: Progress,
}

#[derive(Debug, Default)]
pub(super) struct Items {
    open: Vec<Item>,
    /// The numbers of those that are done. A few bytes each.
    done: Vec<u32>,
    /// Parts told so far.
    parts: u32,
}

type Say<'s> = &'s mut dyn FnMut(Delta<'_>);

// === impl Items ===

impl Items {
    /// Whether nothing was told yet.
    pub(super) const fn is_silent(&self) -> bool {
        self.parts == 0
    }

    /// Begins an item; one of the same number is over.
    pub(super) fn begin(
        &mut self,
        index: u32,
        id: Option<Cow<'_, str>>,
        say: Say<'_>,
    ) -> Result<&mut Item, TooMany> {
        if let Some(at) = self.open.iter().position(|item| item.index == index) {
            self.open.remove(at).close(say);
        }
        self.done.retain(|done| *done != index);
        self.push(index, id)
    }

    /// The item, if it is not done. One that nobody announced begins here.
    pub(super) fn get(&mut self, index: u32) -> Result<Option<&mut Item>, TooMany> {
        if self.done.contains(&index) {
            return Ok(None);
        }
        match self.open.iter().position(|item| item.index == index) {
            Some(at) => Ok(self.open.get_mut(at)),
            None => self.push(index, None).map(Some),
        }
    }

    fn push(&mut self, index: u32, id: Option<Cow<'_, str>>) -> Result<&mut Item, TooMany> {
        if self.open.len() + self.done.len() >= ITEMS {
            return Err(TooMany);
        }
        self.open.push(Item {
            index,
            id: id.map(Cow::into_owned),
            ..Item::default()
        });
        self.open.last_mut().ok_or(TooMany)
    }

    /// Opens a part of the item, unless it is open.
    pub(super) fn open(
        &mut self,
        index: u32,
        what: What,
        how: Opening<'_>,
        say: Say<'_>,
    ) -> Result<(), TooMany> {
        let part = self.parts;
        let Some(item) = self.get(index)? else {
            return Ok(());
        };
        if item.open.as_ref().is_some_and(|open| open.what == what) {
            return Ok(());
        }
        item.close(say);
        item.told = true;
        item.open = Some(Open {
            what,
            part,
            said: false,
        });
        let at = Place { choice: 0, part };
        say(Delta::Open { at, what: how });
        self.parts += 1;
        Ok(())
    }

    /// Says more of a part, which opens if it must. Calls do not.
    pub(super) fn more(
        &mut self,
        index: u32,
        what: What,
        text: Cow<'_, str>,
        say: Say<'_>,
    ) -> Result<(), TooMany> {
        if text.is_empty() {
            return Ok(());
        }
        let Some(item) = self.get(index)? else {
            return Ok(());
        };
        if let Some(how) = item.opening(what) {
            self.open(index, what, how, say)?;
        }
        if let Some(item) = self.get(index)? {
            item.more(what, text, say);
        }
        Ok(())
    }

    /// Says the whole of a part, if none of it was said.
    pub(super) fn fill(
        &mut self,
        index: u32,
        what: What,
        text: Cow<'_, str>,
        say: Say<'_>,
    ) -> Result<(), TooMany> {
        let Some(item) = self.get(index)? else {
            return Ok(());
        };
        let missing = match &item.open {
            Some(open) if open.what == what => !open.said,
            Some(open) => open.what.is_before(what),
            None => !item.told,
        };
        if missing {
            self.more(index, what, text, say)?;
        }
        Ok(())
    }

    /// The item is over.
    pub(super) fn end(&mut self, index: u32, say: Say<'_>) {
        if let Some(at) = self.open.iter().position(|item| item.index == index) {
            self.open.remove(at).close(say);
            self.done.push(index);
        }
    }

    /// All are over. Says whether a call was cut.
    pub(super) fn end_all(&mut self, say: Say<'_>) -> bool {
        let mut cut = false;
        for mut item in self.open.drain(..) {
            cut |= item.is_cut();
            item.close(say);
        }
        cut
    }
}

// === impl Item ===

impl Item {
    /// How a part opens that says what it is by itself.
    fn opening(&self, what: What) -> Option<Opening<'static>> {
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

    fn more(&mut self, what: What, text: Cow<'_, str>, say: Say<'_>) {
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
    fn is_before(self, other: Self) -> bool {
        let number = |what| match what {
            Self::Text(n) | Self::Refusal(n) | Self::Full(n) => (1, n),
            Self::Summary(n) => (0, n),
            Self::Call { .. } => (2, 0),
        };
        number(self) < number(other)
    }
}
