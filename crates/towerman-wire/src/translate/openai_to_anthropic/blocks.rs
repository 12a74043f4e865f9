//! Content blocks, one after the other, from deltas that may interleave.

use std::collections::VecDeque;

use super::arguments::Progress;
use crate::translate::{
    anthropic::{Block, Delta, Event, legal_id},
    empty_object,
    fields::Text,
    stream::emit,
};

/// The most that is held back for calls that wait for another to end.
const LIMIT: usize = 8 << 20;

/// No answer has nearly as many calls.
const CALLS: usize = 1024;

/// What a delta belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Text,
    Thinking,
    /// The nth call of the answer.
    Call(usize),
}

/// Deltas that make no sense, or too many that must wait.
#[derive(Debug)]
pub(super) struct Broken;

/// Writes blocks in strict sequence. What belongs to the open block passes; what belongs to a
/// later one waits until the open one may end: a text at any time, a call when its object is whole.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// How many blocks have begun.
    begun: usize,
    open: Option<Key>,
    progress: Progress,
    waiting: VecDeque<Waiting>,
    held: usize,
    calls: Vec<Call>,
}

#[derive(Debug)]
struct Waiting {
    key: Key,
    held: String,
}

#[derive(Debug)]
struct Call {
    /// OpenAI's index, which some clones leave out and others always say is 0.
    index: Option<u64>,
    id: String,
    name: String,
    ended: bool,
}

// === impl Blocks ===

impl Blocks {
    /// Whether a tool was called.
    pub(super) const fn called(&self) -> bool {
        !self.calls.is_empty()
    }

    /// The call that a delta is about, which may be new.
    pub(super) fn call(&mut self, index: Option<u64>, id: &str, name: &str) -> Key {
        let found = match index {
            Some(_) => self.calls.iter().rposition(|call| call.index == index),
            None if id.is_empty() => self.calls.len().checked_sub(1),
            None => self.calls.iter().rposition(|call| call.id == id),
        };
        // Two calls of one index are told apart by their ids.
        let found = found.filter(|n| {
            let known = &self.calls[*n].id;
            id.is_empty() || known.is_empty() || known == id
        });
        let n = found.unwrap_or_else(|| {
            self.calls.push(Call {
                index,
                id: String::new(),
                name: String::new(),
                ended: false,
            });
            self.calls.len() - 1
        });
        let call = &mut self.calls[n];
        if call.id.is_empty() {
            id.clone_into(&mut call.id);
        }
        if call.name.is_empty() {
            name.clone_into(&mut call.name);
        }
        Key::Call(n)
    }

    /// Takes in a delta.
    pub(super) fn write(
        &mut self,
        key: Key,
        fragment: &str,
        out: &mut Vec<u8>,
    ) -> Result<(), Broken> {
        if self.open == Some(key) {
            self.delta(key, fragment, out);
            self.advance(out);
            return Ok(());
        }
        if let Key::Call(n) = key
            && self.calls[n].ended
        {
            return if fragment.trim().is_empty() {
                Ok(())
            } else {
                Err(Broken)
            };
        }
        // A call is one block; texts are one as long as nothing comes between them.
        let waiting = match key {
            Key::Call(_) => self.waiting.iter_mut().find(|waiting| waiting.key == key),
            _ => self.waiting.back_mut().filter(|last| last.key == key),
        };
        match waiting {
            Some(waiting) => waiting.held.push_str(fragment),
            None => self.waiting.push_back(Waiting {
                key,
                held: fragment.to_owned(),
            }),
        }
        self.held += fragment.len();
        if self.held > LIMIT || self.calls.len() > CALLS {
            return Err(Broken);
        }
        self.advance(out);
        Ok(())
    }

    /// Ends every block.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Broken> {
        self.close(out);
        while let Some(next) = self.waiting.pop_front() {
            if !self.may_open(next.key) {
                return Err(Broken);
            }
            self.open(&next, out);
            self.close(out);
        }
        Ok(())
    }

    /// Goes on to the next block, if the open one may end and the next may begin.
    fn advance(&mut self, out: &mut Vec<u8>) {
        while let Some(next) = self.waiting.front() {
            let may_close = match self.open {
                Some(Key::Call(_)) => self.progress.is_complete(),
                _ => true,
            };
            if !may_close || !self.may_open(next.key) {
                return;
            }
            self.close(out);
            if let Some(next) = self.waiting.pop_front() {
                self.open(&next, out);
            }
        }
    }

    /// A call begins with its name.
    fn may_open(&self, key: Key) -> bool {
        match key {
            Key::Call(n) => !self.calls[n].name.is_empty(),
            _ => true,
        }
    }

    fn open(&mut self, next: &Waiting, out: &mut Vec<u8>) {
        let nothing = || Text::Said("".into());
        let content_block = match next.key {
            Key::Text => Block::Text { text: nothing() },
            Key::Thinking => Block::Thinking {
                thinking: nothing(),
                signature: "",
            },
            Key::Call(n) => {
                let call = &self.calls[n];
                let id = if call.id.is_empty() {
                    format!("call_{n}").into()
                } else {
                    legal_id(call.id.as_str().into())
                };
                Block::ToolUse {
                    id,
                    name: Text::Said(call.name.as_str().into()),
                    input: empty_object(),
                }
            }
        };
        let start = Event::ContentBlockStart {
            index: self.begun,
            content_block,
        };
        emit(Some(start.name()), &start, out);
        self.begun += 1;
        self.open = Some(next.key);
        self.progress = Progress::default();
        self.held -= next.held.len();
        self.delta(next.key, &next.held, out);
    }

    fn delta(&mut self, key: Key, fragment: &str, out: &mut Vec<u8>) {
        if fragment.is_empty() {
            return;
        }
        let delta = match key {
            Key::Text => Delta::Text { text: fragment },
            Key::Thinking => Delta::Thinking { thinking: fragment },
            Key::Call(_) => {
                self.progress.follow(fragment);
                Delta::InputJson {
                    partial_json: fragment,
                }
            }
        };
        let event = Event::ContentBlockDelta {
            index: self.begun - 1,
            delta,
        };
        emit(Some(event.name()), &event, out);
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        let Some(open) = self.open.take() else {
            return;
        };
        if let Key::Call(n) = open {
            self.calls[n].ended = true;
        }
        let stop = Event::ContentBlockStop {
            index: self.begun - 1,
        };
        emit(Some(stop.name()), &stop, out);
    }
}
