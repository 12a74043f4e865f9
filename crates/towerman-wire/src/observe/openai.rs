//! Reads OpenAI chat completions: a chunk and a whole answer differ in one name.

use towerman_core::Finish;

use super::delta::Delta;
use crate::json::{Cursor, Invalid, Text};

/// What the chunks of a stream begin with: the members before the choices, which rarely change.
///
/// They are a good part of a small chunk, and cheaper to compare than to read.
#[derive(Debug, Default)]
pub(crate) struct Start(Vec<u8>);

/// Longer ones are read each time.
const START: usize = 512;

impl Start {
    /// Where the value of the choices begins, if `data` begins as the chunk before did.
    fn of(&self, data: &[u8]) -> Option<usize> {
        (!self.0.is_empty() && data.starts_with(&self.0)).then_some(self.0.len())
    }

    fn keep(&mut self, start: &[u8]) {
        self.0.clear();
        if start.len() <= START {
            self.0.extend_from_slice(start);
        }
    }
}

/// Reads a `chat.completion.chunk` or a `chat.completion`.
///
/// What stands in `start` was read from an earlier chunk: its model is not told again.
pub(crate) fn read<'a>(data: &'a [u8], start: &mut Start) -> Result<Delta<'a>, Invalid> {
    let mut delta = Delta::default();
    // Whether what has been read so far need not be read again.
    let mut stable = true;
    let mut choices_at = None;
    let member = |cursor: &mut Cursor<'a>, key: Text<'a>| match key.plain() {
        b"choices" => {
            choices_at = stable.then_some(cursor.at()).or(choices_at);
            stable = false;
            cursor.elements(|cursor| {
                delta.answers = true;
                choice(cursor, &mut delta)
            })
        }
        b"usage" => {
            stable = false;
            delta.tokens.openai(cursor)
        }
        // Groq reports here whether or not it was asked to; counts are merged, not added.
        b"x_groq" => {
            stable = false;
            cursor.members(|cursor, key| match key.plain() {
                b"usage" => delta.tokens.openai(cursor),
                _ => cursor.skip(),
            })
        }
        b"model" => {
            delta.model = cursor.text()?;
            Ok(())
        }
        b"error" => {
            stable = false;
            delta.error |= cursor.value()? != b"null";
            Ok(())
        }
        _ => cursor.skip(),
    };
    let known = start.of(data);
    let mut cursor = known.map_or_else(|| Cursor::new(data), |at| Cursor::within(data, at));
    match known {
        Some(_) => cursor.rest_of_object(Text::spelt("choices"), member)?,
        None => cursor.object(member)?,
    }
    cursor.end()?;
    if let (None, Some(at)) = (known, choices_at) {
        start.keep(&data[..at]);
    }
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn told(data: &[u8], start: &mut Start) -> String {
        read(data, start).map_or_else(
            |_| "invalid".to_owned(),
            |delta| {
                let model = delta.model();
                format!(
                    "{:?} {model:?}",
                    Delta {
                        model: None,
                        ..delta
                    }
                )
            },
        )
    }

    proptest! {
        #[test]
        fn what_began_a_chunk_before_changes_nothing(
            chunks in prop::collection::vec(
                (
                    prop::collection::vec(
                        prop::sample::select(vec![
                            r#""id":"x""#, r#""model":"m""#, r#""model":"n""#, r#""error":{}"#,
                            r#""usage":{"prompt_tokens":3}"#, r#""x":{"choices":[]}"#,
                            r#""choices":[{"delta":{"content":"a"}}]"#,
                            r#""choices": [{"finish_reason":"stop"}]"#,
                            r#""choices":[]"#, r#""choices":"#, "",
                        ]),
                        0..6,
                    ),
                    prop::sample::select(vec!["}", " }", "", "}}", "} x"]),
                ),
                1..6,
            ),
        ) {
            let mut start = Start::default();
            let mut models = HashSet::new();
            for (members, end) in &chunks {
                let data = format!("{{{}{end}", members.join(","));
                let fresh = told(data.as_bytes(), &mut Start::default());
                let known = start.of(data.as_bytes()).is_some();
                let again = told(data.as_bytes(), &mut start);
                let (said, model) = fresh.rsplit_once("} ").unwrap_or((&fresh, ""));
                let (said_again, model_again) = again.rsplit_once("} ").unwrap_or((&again, ""));
                prop_assert_eq!(said, said_again);
                // An earlier chunk has told of a model that is not told again.
                prop_assert!(model == model_again || known && models.contains(model));
                models.insert(model.to_owned());
            }
        }
    }

    #[test]
    fn a_chunk_that_begins_as_the_last_is_read_from_there() {
        let mut start = Start::default();
        let chunk = |content: &str| {
            format!(r#"{{"id":"1","model":"m","choices":[{{"delta":{{"content":"{content}"}}}}]}}"#)
        };
        assert!(told(chunk("one").as_bytes(), &mut start).contains("content_bytes: 3"));
        assert_eq!(start.of(chunk("three").as_bytes()), Some(32));
        assert!(told(chunk("three").as_bytes(), &mut start).contains("content_bytes: 5"));
        let usage = br#"{"usage":{"prompt_tokens":1},"choices":[]}"#;
        told(usage, &mut start);
        assert_eq!(start.of(usage), None, "usage is read each time");
        told(
            format!(r#"{{"id":"{}","choices":[]}}"#, "x".repeat(START)).as_bytes(),
            &mut start,
        );
        assert_eq!(start.0.len(), 0, "bounded");
    }
}
