//! The items of a stream that are open, and what they have said.

use std::borrow::Cow;

use super::{
    Say,
    item::{Item, Open, What},
};
use crate::neutral::{Delta, Opening, Place};

/// More items than any answer has.
const ITEMS: usize = 4096;

/// More items than any answer has.
#[derive(Debug)]
pub(super) struct TooMany;

#[derive(Debug, Default)]
pub(super) struct Items {
    open: Vec<Item>,
    /// The numbers of those that are done. A few bytes each.
    done: Vec<u32>,
    /// Parts told so far.
    parts: u32,
}

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
