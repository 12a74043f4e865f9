//! What an answer says, for those who let its bytes pass.

use super::said::finish;
use crate::{
    framing::Event,
    json::{Cursor, Invalid},
    observe::Delta as Learnt,
};

pub(super) fn event(event: Event<'_>) -> Result<Learnt<'_>, Invalid> {
    let mut learnt = Learnt::default();
    if event.exception {
        learnt.error = true;
        return Ok(learnt);
    }
    let mut cursor = Cursor::new(event.data);
    cursor.object(|cursor, key| match key.plain() {
        b"delta" | b"start" => block(cursor, &mut learnt),
        b"stopReason" => stop(cursor, &mut learnt),
        b"usage" => learnt.tokens.converse(cursor),
        _ => cursor.skip(),
    })?;
    cursor.end()?;
    // Counts stand in the last event, and nothing follows them.
    learnt.complete = event.name == Some(b"metadata");
    Ok(learnt)
}

pub(super) fn whole(data: &[u8]) -> Result<Learnt<'_>, Invalid> {
    let mut learnt = Learnt::default();
    let mut cursor = Cursor::new(data);
    cursor.object(|cursor, key| match key.plain() {
        b"output" => cursor.members(|cursor, key| match key.plain() {
            b"message" => {
                learnt.answers = true;
                cursor.members(|cursor, key| match key.plain() {
                    b"content" => cursor.elements(|cursor| block(cursor, &mut learnt)),
                    _ => cursor.skip(),
                })
            }
            _ => cursor.skip(),
        }),
        b"stopReason" => stop(cursor, &mut learnt),
        b"usage" => learnt.tokens.converse(cursor),
        _ => cursor.skip(),
    })?;
    cursor.end()?;
    Ok(learnt)
}

fn stop<'a>(cursor: &mut Cursor<'a>, learnt: &mut Learnt<'a>) -> Result<(), Invalid> {
    learnt.finish = cursor.text()?.map(|reason| finish(reason.plain()));
    Ok(())
}

/// A block, or a piece of one.
fn block<'a>(cursor: &mut Cursor<'a>, learnt: &mut Learnt<'a>) -> Result<(), Invalid> {
    cursor.members(|cursor, key| match key.plain() {
        b"text" => said(cursor, learnt),
        b"toolUse" => cursor.members(|cursor, key| match key.plain() {
            b"name" => said(cursor, learnt),
            b"input" => {
                learnt.deliver(cursor.value()?.len().saturating_sub(2));
                Ok(())
            }
            _ => cursor.skip(),
        }),
        b"reasoningContent" => thought(cursor, learnt),
        b"image" => {
            learnt.deliver(cursor.value()?.len());
            Ok(())
        }
        b"citationsContent" => cursor.members(|cursor, key| match key.plain() {
            b"content" => cursor.elements(|cursor| thought(cursor, learnt)),
            _ => cursor.skip(),
        }),
        _ => cursor.skip(),
    })
}

/// A text, perhaps inside of another object.
fn thought<'a>(cursor: &mut Cursor<'a>, learnt: &mut Learnt<'a>) -> Result<(), Invalid> {
    cursor.members(|cursor, key| match key.plain() {
        b"text" => said(cursor, learnt),
        b"reasoningText" => cursor.members(|cursor, key| match key.plain() {
            b"text" => said(cursor, learnt),
            _ => cursor.skip(),
        }),
        _ => cursor.skip(),
    })
}

fn said<'a>(cursor: &mut Cursor<'a>, learnt: &mut Learnt<'a>) -> Result<(), Invalid> {
    learnt.deliver(cursor.text()?.map_or(0, |text| text.len()));
    Ok(())
}
