//! Where the turns of a conversation end, and what moves in it from turn to turn.

use std::{mem, ops::Range};

use crate::json::{Cursor, Text};

/// More breakpoints than any provider takes.
const MARKS: usize = 8;

/// Those who are not the assistant.
const OTHERS: [&[u8]; 5] = [
    b"\"user\"",
    b"\"tool\"",
    b"\"system\"",
    b"\"developer\"",
    b"\"function\"",
];

/// Follows the messages of a conversation, told of their members as a cursor comes by.
pub(super) struct Turns<'a> {
    body: &'a [u8],
    /// Where the prompts of the last turns end, the latest first.
    pub(super) ends: [usize; 3],
    /// The members that say what to cache, with a comma each.
    pub(super) marks: Vec<Range<usize>>,
    /// Whether this message is the assistant's.
    assistant: Option<bool>,
    /// The assistant spoke last.
    answered: bool,
}

impl<'a> Turns<'a> {
    pub(super) const fn new(body: &'a [u8]) -> Self {
        Self {
            body,
            ends: [0; 3],
            marks: Vec::new(),
            assistant: None,
            answered: false,
        }
    }

    /// Whether the assistant spoke last.
    pub(super) const fn answered(&self) -> bool {
        self.answered
    }

    /// Takes in a member: its name, and the rest of the body from its value on.
    pub(super) fn member(&mut self, key: Text<'_>, value: &[u8]) {
        match key.plain() {
            // The first is the message's own, unless a tool's arguments have one and stand before
            // it: that loses a hint, and nothing else.
            b"role" if self.assistant.is_none() => self.assistant = is_assistant(value),
            // Of OpenAI's items only messages have a role.
            b"type" if self.assistant.is_none() && is_own_item(value) => {
                self.assistant = Some(true);
            }
            b"cache_control" => self.mark(self.body.len() - value.len()),
            _ => {}
        }
    }

    /// A message ends at `end`.
    pub(super) fn message(&mut self, end: usize) {
        if self.assistant.take() == Some(true) {
            self.answered = true;
            return;
        }
        if mem::take(&mut self.answered) {
            self.ends.copy_within(..2, 1);
        }
        self.ends[0] = end;
    }

    fn mark(&mut self, value: usize) {
        let inside = self.marks.last().is_some_and(|last| value < last.end);
        if !inside && self.marks.len() < MARKS {
            self.marks.extend(cut(self.body, value));
        }
    }
}

/// Whether the value names an item of the model's own making.
fn is_own_item(value: &[u8]) -> bool {
    let value = value.trim_ascii_start();
    let items: [&[u8]; 3] = [
        b"\"function_call\"",
        b"\"custom_tool_call\"",
        b"\"reasoning\"",
    ];
    items.iter().any(|item| value.starts_with(item))
}

fn is_assistant(value: &[u8]) -> Option<bool> {
    let value = value.trim_ascii_start();
    if value.starts_with(b"\"assistant\"") || value.starts_with(b"\"model\"") {
        return Some(true);
    }
    let other = OTHERS.iter().any(|other| value.starts_with(other));
    other.then_some(false)
}

/// The `cache_control` whose value starts at `value`, with the comma that goes with it.
fn cut(body: &[u8], value: usize) -> Option<Range<usize>> {
    let key = body[..value].trim_ascii_end().strip_suffix(b":")?;
    let before = key.trim_ascii_end().strip_suffix(b"\"cache_control\"")?;
    let mut cursor = Cursor::new(&body[value..]);
    cursor.skip().ok()?;
    let end = value + cursor.at();
    if let Some(others) = before.trim_ascii_end().strip_suffix(b",") {
        return Some(others.len()..end);
    }
    // The first of its object: the comma is behind it, and so is the space that would go.
    let after = body[end..].trim_ascii_start().strip_prefix(b",");
    let end = after.map_or(end, |after| body.len() - after.trim_ascii_start().len());
    Some(before.len()..end)
}
