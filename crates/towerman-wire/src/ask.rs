//! Reads what a request asks for, in one pass over its body.

#[cfg(test)]
mod aside_tests;
mod carry;
mod meaning;
mod reader;
mod size;
mod turns;

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use towerman_core::{Ask, Dialect, Door, Fault, FaultKind, Operation};

use self::reader::Reader;
use crate::json::{Cursor, Invalid, Text};

/// More top-level members than any dialect has.
const MEMBERS: usize = 256;

/// The longest session id that is one.
const SESSION: usize = 1024;

/// Reads a request body of `dialect`.
///
/// A body that two readers could understand differently is refused: what routing saw is what the
/// provider will see. The fault names the member that is wrong.
pub fn read(dialect: Dialect, body: &Bytes) -> Result<Ask, Fault> {
    read_for(dialect, Operation::Generate, body)
}

/// Reads a request body of `dialect` that was sent for `operation`, as [`read`] does.
pub fn read_for(dialect: Dialect, operation: Operation, body: &Bytes) -> Result<Ask, Fault> {
    read_at(&Door::plain(dialect, operation), body)
}

/// Reads a request body that came in at `door`, as [`read`] does.
pub fn read_at(door: &Door<'_>, body: &Bytes) -> Result<Ask, Fault> {
    let text = std::str::from_utf8(body)
        .map_err(|error| refuse(format!("body: not UTF-8 at byte {}", error.valid_up_to())))?;
    let mut reader = Reader::new(door, body);
    let mut cursor = Cursor::new(text.as_bytes());
    if cursor.peek().is_some_and(|byte| byte != b'{') && cursor.skip().is_ok() {
        return Err(refuse("body: not a JSON object".into()));
    }
    let mut seen: Vec<Cow<'_, str>> = Vec::with_capacity(16);
    let read = cursor.object(|cursor, key| {
        let start = cursor.at();
        let name = key.decode().ok_or(Invalid { at: start })?;
        if seen.len() == MEMBERS {
            reader.wrong("body", "too many members");
            return Err(Invalid { at: start });
        }
        if seen.contains(&name) {
            reader.wrong(&name, "given twice");
            return Err(Invalid { at: start });
        }
        reader.member(cursor, &name)?;
        seen.push(name);
        Ok(())
    });
    let read = read.and_then(|()| cursor.end());
    match (reader.wrong.take(), read) {
        // A member was wrong; if the rest is not even JSON, that comes second.
        (Some(fault), _) => Err(fault),
        (None, Err(Invalid { at })) => Err(refuse(format!("body: not valid JSON at byte {at}"))),
        (None, Ok(())) => match cursor.lone_surrogate() {
            Some(at) => Err(refuse(format!(
                "body: half a surrogate pair at byte {at}, which is no text"
            ))),
            None => reader.finish(body),
        },
    }
}

/// What `body` asks for: `ask`, if that was read from these very bytes, and else it is read again.
/// Somebody may have put another body in the place of the one that was read first.
pub fn current(ask: &Arc<Ask>, body: &Bytes) -> Result<Arc<Ask>, Fault> {
    if ask.source == source(body) {
        return Ok(Arc::clone(ask));
    }
    let mut door = Door::plain(ask.dialect, ask.operation);
    if ask.model_in_path {
        door.model = Some(Cow::Borrowed(&*ask.model));
    }
    if !meaning::says_stream(ask.dialect) {
        door.stream = Some(ask.stream);
        door.array = ask.array;
    }
    let mut again = read_at(&door, body)?;
    again.strict = ask.strict;
    Ok(Arc::new(again))
}

fn source(body: &Bytes) -> (usize, usize) {
    (body.as_ptr().addr(), body.len())
}

fn refuse(message: String) -> Fault {
    Fault::new(FaultKind::InvalidRequest, message)
}

/// Names that are safe in a path, a header, a log and a metric.
fn is_model(name: &str) -> bool {
    (1..=256).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._:/@-".contains(&byte))
}

/// Whether the value is an object whose `type` asks for JSON. Ollama asks with the word, or with a
/// schema.
fn is_json_format(cursor: &mut Cursor<'_>) -> Result<bool, Invalid> {
    let mut json = false;
    if cursor.peek() == Some(b'"') {
        return Ok(cursor.text()?.is_some_and(|word| word.is("json")));
    }
    cursor.members(|cursor, key| {
        if !key.is("type") {
            return cursor.skip();
        }
        let kind = cursor.text()?.and_then(|kind| kind.decode());
        json = kind.is_some_and(|kind| kind.starts_with("json_") || kind == "object");
        Ok(())
    })?;
    Ok(json)
}

fn session(text: Option<Text<'_>>) -> Option<Cow<'_, str>> {
    text.filter(|text| (1..=SESSION).contains(&text.len()))
        .and_then(|text| text.decode())
}

#[cfg(test)]
mod tests;
