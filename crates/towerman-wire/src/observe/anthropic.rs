//! Reads Anthropic messages: the events of a stream, and a whole message.

use towerman_core::Finish;

use super::delta::Delta;
use crate::json::{Cursor, Invalid, Text};

/// Reads one event of a stream. Unknown events say nothing.
pub(crate) fn event(data: &[u8]) -> Result<Delta<'_>, Invalid> {
    let mut delta = Delta::default();
    let mut kind = None;
    let mut block = None;
    let mut cursor = Cursor::new(data);
    cursor.object(|cursor, key| {
        match key.plain() {
            b"type" => kind = cursor.text()?,
            b"message" => message(cursor, &mut delta)?,
            b"content_block" => block = content(cursor, &mut delta)?,
            b"delta" => {
                content(cursor, &mut delta)?;
            }
            b"usage" => delta.tokens.anthropic(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    cursor.end()?;
    match kind.map_or(&b""[..], |kind| kind.plain()) {
        // An empty text or thinking block only announces what will come; any other is something.
        b"content_block_start" => {
            let kind = block.map_or(&b"text"[..], |kind| kind.plain());
            delta.content |= !matches!(kind, b"text" | b"thinking");
        }
        b"message_stop" => delta.complete = true,
        b"error" => delta.error = true,
        _ => {}
    }
    Ok(delta)
}

/// Reads a whole message.
pub(crate) fn answer(data: &[u8]) -> Result<Delta<'_>, Invalid> {
    let mut delta = Delta::default();
    let mut cursor = Cursor::new(data);
    message(&mut cursor, &mut delta)?;
    cursor.end()?;
    Ok(delta)
}

fn message<'a>(cursor: &mut Cursor<'a>, delta: &mut Delta<'a>) -> Result<(), Invalid> {
    cursor.object(|cursor, key| {
        match key.plain() {
            b"type" => delta.answers = cursor.text()?.is_some_and(|kind| kind.is("message")),
            b"model" => delta.model = cursor.text()?,
            b"usage" => delta.tokens.anthropic(cursor)?,
            b"stop_reason" => delta.finish = finish(cursor.text()?),
            b"content" => cursor.elements(|cursor| content(cursor, delta).map(drop))?,
            b"error" => delta.error |= cursor.value()? != b"null",
            _ => cursor.skip()?,
        }
        Ok(())
    })
}

/// Reads a content block, or what is added to one. Returns its type.
fn content<'a>(
    cursor: &mut Cursor<'a>,
    delta: &mut Delta<'a>,
) -> Result<Option<Text<'a>>, Invalid> {
    let mut kind = None;
    cursor.members(|cursor, key| {
        match key.plain() {
            b"type" => kind = cursor.text()?,
            b"text" | b"thinking" | b"partial_json" | b"name" => {
                delta.deliver(cursor.text()?.map_or(0, |text| text.len()));
            }
            // Not the model's words, but delivered and not to be sent again.
            b"signature" => delta.content |= cursor.text()?.is_some_and(|text| text.len() > 0),
            b"citation" => {
                cursor.skip()?;
                delta.content = true;
            }
            b"input" => {
                let input = cursor.value()?;
                delta.deliver(if input == b"{}" { 0 } else { input.len() });
            }
            b"stop_reason" => delta.finish = finish(cursor.text()?),
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(kind)
}

fn finish(reason: Option<Text<'_>>) -> Option<Finish> {
    Some(match reason?.plain() {
        b"end_turn" | b"stop_sequence" => Finish::Stop,
        b"max_tokens" | b"model_context_window_exceeded" => Finish::Length,
        b"tool_use" => Finish::ToolCalls,
        b"refusal" => Finish::ContentFilter,
        _ => Finish::Other,
    })
}
