//! The chunk that tells a stream's usage: asked for, and recognized.

use std::{ops::Range, sync::LazyLock};

use bytes::Bytes;
use memchr::memmem;

use super::Edit;
use crate::json::Cursor;

static USAGE: LazyLock<memmem::Finder<'static>> =
    LazyLock::new(|| memmem::Finder::new(br#""usage""#));

/// The options as a member of their own, and as a value.
pub(super) const OPTIONS: &str = r#","stream_options":{"include_usage":true}"#;
const VALUE: &str = r#"{"include_usage":true}"#;

/// Whether an event's data is the chunk that `include_usage` asks for: usage, and an empty list of
/// choices. A client that did not ask for it may not know that there are such chunks.
pub fn is_usage_chunk(data: &[u8]) -> bool {
    // Most events name no usage, or say that there is none yet.
    let told = |at| {
        let rest = data[at + USAGE.needle().len()..].trim_ascii_start();
        rest.strip_prefix(b":")
            .is_some_and(|value| value.trim_ascii_start().starts_with(b"{"))
    };
    if !USAGE.find_iter(data).any(told) {
        return false;
    }
    let (mut usage, mut choices) = (false, None);
    let read = Cursor::new(data).object(|cursor, key| match key.plain() {
        b"usage" => {
            usage = cursor.peek() == Some(b'{');
            cursor.skip()
        }
        b"choices" if cursor.peek() == Some(b'[') => {
            let mut count = 0_usize;
            cursor.array(|choice| {
                count += 1;
                choice.skip()
            })?;
            choices = Some(count);
            Ok(())
        }
        _ => cursor.skip(),
    });
    read.is_ok() && usage && choices == Some(0)
}

/// The edit that makes the `stream_options` at `span` include usage.
pub(super) fn include_in(body: &Bytes, span: &Range<usize>) -> Option<Edit> {
    let options = body.get(span.clone())?;
    let edit = |span, text: &'static str| Edit {
        span,
        text: Bytes::from_static(text.as_bytes()),
    };
    let mut cursor = Cursor::new(options);
    if cursor.peek() != Some(b'{') {
        return Some(edit(span.clone(), VALUE));
    }
    let (mut present, mut empty) = (None, true);
    cursor
        .object(|cursor, key| {
            empty = false;
            cursor.peek();
            let start = cursor.at();
            cursor.skip()?;
            if key.is("include_usage") {
                present = Some(start..cursor.at());
            }
            Ok(())
        })
        .ok()?;
    let inside = span.start + 1..span.start + 1;
    Some(match present {
        Some(value) => edit(span.start + value.start..span.start + value.end, "true"),
        None if empty => edit(inside, r#""include_usage":true"#),
        None => edit(inside, r#""include_usage":true,"#),
    })
}
