//! Reads OpenAI chat completions: a chunk and a whole answer differ in one name.

use towerman_core::Finish;

use super::delta::Delta;
use crate::json::{Cursor, Invalid};

/// Reads a `chat.completion.chunk` or a `chat.completion`.
pub(super) fn read(data: &[u8]) -> Result<Delta<'_>, Invalid> {
    let mut delta = Delta::default();
    let mut cursor = Cursor::new(data);
    cursor.object(|cursor, key| match key.plain() {
        b"choices" => cursor.elements(|cursor| {
            delta.answers = true;
            choice(cursor, &mut delta)
        }),
        b"usage" => delta.tokens.openai(cursor),
        // Groq reports here whether or not it was asked to; counts are merged, not added.
        b"x_groq" => cursor.members(|cursor, key| match key.plain() {
            b"usage" => delta.tokens.openai(cursor),
            _ => cursor.skip(),
        }),
        b"model" => {
            delta.model = cursor.text()?;
            Ok(())
        }
        b"error" => {
            delta.error |= cursor.value()? != b"null";
            Ok(())
        }
        _ => cursor.skip(),
    })?;
    cursor.end()?;
    Ok(delta)
}

fn choice(cursor: &mut Cursor<'_>, delta: &mut Delta<'_>) -> Result<(), Invalid> {
    cursor.members(|cursor, key| match key.plain() {
        b"delta" | b"message" => message(cursor, delta),
        b"finish_reason" => {
            if let Some(reason) = cursor.text()? {
                delta.finish = finish(reason.plain());
            }
            Ok(())
        }
        _ => cursor.skip(),
    })
}

fn message(cursor: &mut Cursor<'_>, delta: &mut Delta<'_>) -> Result<(), Invalid> {
    cursor.members(|cursor, key| match key.plain() {
        // A string, or with some providers a list of parts.
        b"content" if cursor.peek() == Some(b'[') => {
            let parts = cursor.value()?;
            delta.deliver(if is_empty(parts) { 0 } else { parts.len() });
            Ok(())
        }
        b"content" | b"refusal" | b"reasoning" | b"reasoning_content" => {
            delta.deliver(cursor.text()?.map_or(0, |text| text.len()));
            Ok(())
        }
        b"tool_calls" => cursor.elements(|cursor| {
            delta.content = true;
            cursor.members(|cursor, key| match key.plain() {
                b"function" | b"custom" => function(cursor, delta),
                _ => cursor.skip(),
            })
        }),
        b"function_call" => function(cursor, delta),
        b"audio" | b"images" | b"reasoning_details" => {
            delta.content |= !is_empty(cursor.value()?);
            Ok(())
        }
        _ => cursor.skip(),
    })
}

fn function(cursor: &mut Cursor<'_>, delta: &mut Delta<'_>) -> Result<(), Invalid> {
    cursor.members(|cursor, key| match key.plain() {
        b"name" | b"arguments" | b"input" => {
            delta.deliver(cursor.text()?.map_or(0, |text| text.len()));
            Ok(())
        }
        _ => cursor.skip(),
    })
}

fn finish(reason: &[u8]) -> Option<Finish> {
    Some(match reason {
        // Some providers spell "not yet" as a string.
        b"" | b"null" => return None,
        b"stop" | b"eos" => Finish::Stop,
        b"length" | b"model_length" => Finish::Length,
        b"tool_calls" | b"function_call" => Finish::ToolCalls,
        b"content_filter" => Finish::ContentFilter,
        _ => Finish::Other,
    })
}

/// Whether a value is null or a container of nothing.
fn is_empty(value: &[u8]) -> bool {
    let inside = value
        .strip_prefix(b"[")
        .or_else(|| value.strip_prefix(b"{"));
    let inside = inside.and_then(|inside| inside.split_last());
    value == b"null" || inside.is_some_and(|(_, inside)| inside.trim_ascii().is_empty())
}
