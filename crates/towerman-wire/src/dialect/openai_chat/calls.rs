//! Which call a delta is about.

use std::mem;

use crate::neutral::json::Progress;

/// No answer has nearly as many calls.
const LIMIT: usize = 1024;

/// The most that is held back for calls whose names have not come.
const HELD: usize = 1 << 20;

/// The calls of one choice.
#[derive(Debug, Default)]
pub(super) struct Calls {
    all: Vec<Call>,
    /// Bytes held back.
    held: usize,
}

#[derive(Debug)]
struct Call {
    /// OpenAI's index, which some clones leave out and others always say is 0.
    index: Option<u64>,
    id: String,
    part: Option<u32>,
    /// Arguments that came before the name.
    held: String,
    progress: Progress,
    /// Something was said of its arguments.
    said: bool,
}

impl Calls {
    pub(super) const fn any(&self) -> bool {
        !self.all.is_empty()
    }

    /// The number of the call, which may be new. Nothing if there are too many.
    pub(super) fn find(&mut self, index: Option<u64>, id: &str, name: &str) -> Option<usize> {
        let found = match index {
            Some(_) => self.all.iter().rposition(|call| call.index == index),
            None if id.is_empty() => self.all.len().checked_sub(1),
            None => self.all.iter().rposition(|call| call.id == id),
        };
        // Two calls of one index are told apart by their ids.
        let found = found.filter(|n| {
            let known = self.all.get(*n).map_or("", |call| &call.id);
            id.is_empty() || known.is_empty() || known == id
        });
        if let Some(call) = found.and_then(|n| self.all.get_mut(n)) {
            if call.id.is_empty() {
                id.clone_into(&mut call.id);
            }
            return found;
        }
        let nothing = index.is_none() && id.is_empty() && name.is_empty();
        if self.all.len() == LIMIT || nothing {
            return None;
        }
        self.all.push(Call {
            index,
            id: id.to_owned(),
            part: None,
            held: String::new(),
            progress: Progress::default(),
            said: false,
        });
        Some(self.all.len() - 1)
    }

    /// The part in which the call is told, if it is open.
    pub(super) fn part(&self, n: usize) -> Option<u32> {
        self.all.get(n)?.part
    }

    /// Keeps arguments until the name comes. Nothing if that is too much.
    pub(super) fn hold(&mut self, n: usize, fragment: &str) -> Option<()> {
        self.held += fragment.len();
        let call = self.all.get_mut(n).filter(|_| self.held <= HELD)?;
        call.held.push_str(fragment);
        Some(())
    }

    /// The call's id, and what was held back of its arguments.
    pub(super) fn named(&mut self, n: usize) -> (String, String) {
        self.all.get_mut(n).map_or_else(Default::default, |call| {
            (call.id.clone(), mem::take(&mut call.held))
        })
    }

    pub(super) fn opened(&mut self, n: usize, part: u32) {
        if let Some(call) = self.all.get_mut(n) {
            call.part = Some(part);
        }
    }

    /// Arguments that are JSON. Those that are free text are always whole.
    pub(super) fn follow(&mut self, n: usize, fragment: &str) {
        if let Some(call) = self.all.get_mut(n) {
            call.said |= !fragment.trim().is_empty();
            call.progress.follow(fragment);
        }
    }

    /// Whether every call has a name, and arguments that are whole.
    pub(super) fn whole(&self) -> bool {
        self.all
            .iter()
            .all(|call| call.part.is_some() && (!call.said || call.progress.is_complete()))
    }
}
