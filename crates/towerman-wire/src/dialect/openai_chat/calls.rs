//! Which call a delta is about.

use crate::neutral::json::Progress;

/// No answer has nearly as many calls.
const LIMIT: usize = 1024;

/// The calls of one choice.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<Call>);

#[derive(Debug)]
struct Call {
    /// OpenAI's index, which some clones leave out and others always say is 0.
    index: Option<u64>,
    id: String,
    part: Option<u32>,
    progress: Progress,
    /// Something was said of its arguments.
    said: bool,
}

impl Calls {
    pub(super) const fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// The number of the call, which may be new. Nothing if there are too many.
    pub(super) fn find(&mut self, index: Option<u64>, id: &str, name: &str) -> Option<usize> {
        let found = match index {
            Some(_) => self.0.iter().rposition(|call| call.index == index),
            None if id.is_empty() => self.0.len().checked_sub(1),
            None => self.0.iter().rposition(|call| call.id == id),
        };
        // Two calls of one index are told apart by their ids.
        let found = found.filter(|n| {
            let known = self.0.get(*n).map_or("", |call| &call.id);
            id.is_empty() || known.is_empty() || known == id
        });
        if found.is_some() {
            return found;
        }
        if self.0.len() == LIMIT || (id.is_empty() && name.is_empty()) {
            return None;
        }
        self.0.push(Call {
            index,
            id: id.to_owned(),
            part: None,
            progress: Progress::default(),
            said: false,
        });
        Some(self.0.len() - 1)
    }

    /// The part in which the call is told, if it is open.
    pub(super) fn part(&self, n: usize) -> Option<u32> {
        self.0.get(n)?.part
    }

    pub(super) fn opened(&mut self, n: usize, part: u32) {
        if let Some(call) = self.0.get_mut(n) {
            call.part = Some(part);
        }
    }

    /// Arguments that are JSON. Those that are free text are always whole.
    pub(super) fn follow(&mut self, n: usize, fragment: &str) {
        if let Some(call) = self.0.get_mut(n) {
            call.said |= !fragment.trim().is_empty();
            call.progress.follow(fragment);
        }
    }

    /// Whether the arguments of every call are whole.
    pub(super) fn whole(&self) -> bool {
        self.0
            .iter()
            .all(|call| !call.said || call.progress.is_complete())
    }
}
