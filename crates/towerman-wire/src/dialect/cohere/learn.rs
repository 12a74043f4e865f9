//! What an answer says, for those who let its bytes pass.

use towerman_core::Finish;

use crate::{
    json::{Cursor, Invalid, Text},
    observe::Delta as Learnt,
};

pub(super) fn event(data: &[u8]) -> Result<Learnt<'_>, Invalid> {
    let mut learnt = Learnt::default();
    if data.starts_with(b"[DONE]") {
        return Ok(learnt);
    }
    let (mut kind, mut reason, mut called) = (None, None, false);
    let mut cursor = Cursor::new(data);
    cursor.object(|cursor, key| {
        match key.plain() {
            b"type" => kind = cursor.text()?,
            // Words by themselves are an error's.
            b"message" => {
                learnt.error |= cursor.peek() == Some(b'"');
                cursor.skip()?;
            }
            b"delta" => cursor.members(|cursor, key| {
                match key.plain() {
                    b"message" => message(cursor, &mut learnt, &mut called)?,
                    b"finish_reason" => reason = cursor.text()?,
                    b"usage" => learnt.tokens.cohere(cursor)?,
                    b"error" => learnt.error |= cursor.value()? != b"null",
                    _ => cursor.skip()?,
                }
                Ok(())
            })?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    cursor.end()?;
    if kind.is_some_and(|kind| kind.plain() == b"message-end") {
        stop(reason, called, &mut learnt);
        learnt.complete = !learnt.error;
    }
    Ok(learnt)
}

pub(super) fn whole(data: &[u8]) -> Result<Learnt<'_>, Invalid> {
    let mut learnt = Learnt::default();
    let (mut reason, mut called) = (None, false);
    let mut cursor = Cursor::new(data);
    cursor.object(|cursor, key| {
        match key.plain() {
            b"message" if cursor.peek() == Some(b'{') => {
                learnt.answers = true;
                message(cursor, &mut learnt, &mut called)?;
            }
            b"message" => {
                learnt.error |= cursor.peek() == Some(b'"');
                cursor.skip()?;
            }
            b"finish_reason" => reason = cursor.text()?,
            b"usage" => learnt.tokens.cohere(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    cursor.end()?;
    stop(reason, called, &mut learnt);
    Ok(learnt)
}

fn stop(reason: Option<Text<'_>>, called: bool, learnt: &mut Learnt<'_>) {
    let Some(reason) = reason else { return };
    learnt.finish = match reason.plain() {
        b"ERROR" | b"TIMEOUT" => {
            learnt.error = true;
            None
        }
        b"MAX_TOKENS" => Some(Finish::Length),
        b"TOOL_CALL" => Some(Finish::ToolCalls),
        _ if called => Some(Finish::ToolCalls),
        b"COMPLETE" | b"STOP_SEQUENCE" => Some(Finish::Stop),
        _ => Some(Finish::Other),
    };
}

/// Each of its members is a list in an answer, and an element of it in an event.
fn message<'a>(
    cursor: &mut Cursor<'a>,
    learnt: &mut Learnt<'a>,
    called: &mut bool,
) -> Result<(), Invalid> {
    cursor.members(|cursor, key| match key.plain() {
        b"tool_plan" => said(cursor, learnt),
        b"content" if cursor.peek() == Some(b'"') => said(cursor, learnt),
        b"content" => each(cursor, |cursor| piece(cursor, learnt)),
        b"tool_calls" => each(cursor, |cursor| {
            *called = true;
            call(cursor, learnt)
        }),
        _ => cursor.skip(),
    })
}

fn each<'a>(
    cursor: &mut Cursor<'a>,
    mut one: impl FnMut(&mut Cursor<'a>) -> Result<(), Invalid>,
) -> Result<(), Invalid> {
    match cursor.peek() {
        Some(b'[') => cursor.elements(one),
        Some(b'{') => one(cursor),
        _ => cursor.skip(),
    }
}

fn piece<'a>(cursor: &mut Cursor<'a>, learnt: &mut Learnt<'a>) -> Result<(), Invalid> {
    cursor.members(|cursor, key| match key.plain() {
        b"text" | b"thinking" => said(cursor, learnt),
        _ => cursor.skip(),
    })
}

fn call<'a>(cursor: &mut Cursor<'a>, learnt: &mut Learnt<'a>) -> Result<(), Invalid> {
    cursor.members(|cursor, key| match key.plain() {
        b"function" => cursor.members(|cursor, key| match key.plain() {
            b"name" | b"arguments" => said(cursor, learnt),
            _ => cursor.skip(),
        }),
        _ => cursor.skip(),
    })
}

fn said<'a>(cursor: &mut Cursor<'a>, learnt: &mut Learnt<'a>) -> Result<(), Invalid> {
    learnt.deliver(cursor.text()?.map_or(0, |text| text.len()));
    Ok(())
}
