//! Edits a request body in place: the bytes outside the edited spans stay as they are.
//!
//! Key order and spacing are money, because providers cache prompts by prefix; unknown members
//! belong to the user.

use std::{ops::Range, sync::LazyLock};

use bytes::Bytes;
use memchr::memmem;
use towerman_core::{Ask, Body, Dialect};

use crate::json::Cursor;

static USAGE: LazyLock<memmem::Finder<'static>> =
    LazyLock::new(|| memmem::Finder::new(br#""usage""#));

/// The options as a member of their own, and as a value.
const OPTIONS: &str = r#","stream_options":{"include_usage":true}"#;
const VALUE: &str = r#"{"include_usage":true}"#;

/// `text` in the place of what stands at `span`.
struct Edit {
    span: Range<usize>,
    text: Bytes,
}

/// `body`, addressed to `model`; with `include_usage`, a stream will report its usage.
///
/// `ask` must have been read from `body`. Without an edit the body is the same [`Bytes`]; with
/// one it is a rope around the edits, and the prompt is not copied. Idempotent.
pub fn retarget(ask: &Ask, body: &Bytes, model: &str, include_usage: bool) -> Body {
    let include =
        include_usage && ask.stream && ask.dialect == Dialect::OpenAiChat && !ask.include_usage;
    let (name, options) = match &ask.stream_options_span {
        Some(span) if include => (named(ask, model, false), include_in(body, span)),
        _ => (named(ask, model, include), None),
    };
    let spliced = match (name, options) {
        (Some(name), Some(options)) if options.span.start < name.span.start => {
            splice(body, options, Some(name))
        }
        (Some(name), options) => splice(body, name, options),
        (None, Some(options)) => splice(body, options, None),
        (None, None) => None,
    };
    spliced.unwrap_or_else(|| Body::from(body.clone()))
}

/// The edit that puts in the name of the model, and behind it the options if there are none yet.
fn named(ask: &Ask, model: &str, options: bool) -> Option<Edit> {
    let end = ask.model_span.end;
    if ask.model_span.is_empty() {
        return insertion(ask, model, options);
    }
    if !ask.model_in_path && *ask.model == *model {
        return options.then(|| Edit {
            span: end..end,
            text: Bytes::from_static(OPTIONS.as_bytes()),
        });
    }
    let mut text = spelt(ask.dialect, model);
    text.extend_from_slice(if options { OPTIONS } else { "" }.as_bytes());
    Some(Edit {
        span: ask.model_span.clone(),
        text: text.into(),
    })
}

/// The edit that names the model where the body does not, if its dialect's bodies do.
fn insertion(ask: &Ask, model: &str, options: bool) -> Option<Edit> {
    let at = ask.model_span.start;
    if at == 0 {
        return None;
    }
    let mut text = br#""model":"#.to_vec();
    text.extend_from_slice(&spelt(ask.dialect, model));
    text.extend_from_slice(if options { OPTIONS } else { "" }.as_bytes());
    // A body that can be read has more members: there is something to be asked.
    text.push(b',');
    Some(Edit {
        span: at..at,
        text: text.into(),
    })
}

/// The model's name as a dialect's bodies spell it, a JSON string.
fn spelt(dialect: Dialect, model: &str) -> Vec<u8> {
    let prefix = match dialect {
        Dialect::Gemini => "models/",
        _ => "",
    };
    let mut text = Vec::with_capacity(prefix.len() + model.len() + 2 + OPTIONS.len());
    // Names need no escapes, as a rule.
    if model
        .bytes()
        .any(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))
    {
        let name = serde_json::Value::from(format!("{prefix}{model}"));
        text.extend_from_slice(name.to_string().as_bytes());
    } else {
        text.push(b'"');
        text.extend_from_slice(prefix.as_bytes());
        text.extend_from_slice(model.as_bytes());
        text.push(b'"');
    }
    text
}

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
fn include_in(body: &Bytes, span: &Range<usize>) -> Option<Edit> {
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

/// `body` with one edit or two, in order. `None` if they are not spans of it.
fn splice(body: &Bytes, first: Edit, second: Option<Edit>) -> Option<Body> {
    let all = body.len();
    let next = second.as_ref().map_or(all..all, |edit| edit.span.clone());
    if ![first.span.start, first.span.end, next.start, next.end, all].is_sorted() {
        return None;
    }
    let before = body.slice(..first.span.start);
    let behind = body.slice(first.span.end..next.start);
    Some(match second {
        None => Body::rope([before, first.text, behind]),
        Some(second) => {
            let rest = body.slice(next.end..);
            Body::rope([before, first.text, behind, second.text, rest])
        }
    })
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::ask;

    fn bytes(body: Body) -> Bytes {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let mut collect = std::pin::pin!(body.collect());
        match std::future::Future::poll(collect.as_mut(), &mut cx) {
            std::task::Poll::Ready(collected) => collected.unwrap().to_bytes(),
            std::task::Poll::Pending => panic!("a held body is never pending"),
        }
    }

    fn edited(body: &str, model: &str, include_usage: bool) -> String {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let ask = ask::read(Dialect::OpenAiChat, &body).unwrap();
        let out = bytes(retarget(&ask, &body, model, include_usage));
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn without_an_edit_the_bytes_are_the_same_bytes() {
        let body = Bytes::from(r#"{ "messages":[{}], "model":"m"}"#);
        let ask = ask::read(Dialect::OpenAiChat, &body).unwrap();
        let out = retarget(&ask, &body, "m", true);
        assert_eq!(out.bytes().unwrap().as_ptr(), body.as_ptr());
    }

    #[test]
    fn the_prompt_is_not_copied() {
        let body = Bytes::from(format!(
            r#"{{"model":"m","messages":[{{"content":"{}"}}]}}"#,
            "x".repeat(1000)
        ));
        let ask = ask::read(Dialect::OpenAiChat, &body).unwrap();
        let mut out = retarget(&ask, &body, "other", true);
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let mut shared = 0;
        while let std::task::Poll::Ready(Some(Ok(frame))) =
            http_body::Body::poll_frame(std::pin::Pin::new(&mut out), &mut cx)
        {
            let piece = frame.into_data().unwrap();
            assert!(!piece.is_empty());
            if body.as_ptr_range().contains(&piece.as_ptr()) {
                shared += piece.len();
            }
        }
        assert_eq!(shared, body.len() - r#""m""#.len());
    }

    #[test]
    fn a_name_is_quoted_as_json_wants_it() {
        let body = r#"{"messages":[{}],"model":"m"}"#;
        for name in ["plain/name-1", "é", "a \"quote\"", "back\\slash", "tab\t"] {
            let sent: Value = serde_json::from_str(&edited(body, name, false)).unwrap();
            assert_eq!(sent, json!({"messages": [{}], "model": name}));
        }
    }

    #[test]
    fn usage_is_asked_for_in_every_form_of_the_options() {
        for (options, wanted) in [
            ("", r#","stream_options":{"include_usage":true}"#),
            (
                r#","stream_options":{ }"#,
                r#","stream_options":{"include_usage":true }"#,
            ),
            (
                r#","stream_options":null"#,
                r#","stream_options":{"include_usage":true}"#,
            ),
            (
                r#","stream_options": {"include_usage": false ,"x":1}"#,
                r#","stream_options": {"include_usage": true ,"x":1}"#,
            ),
            (
                r#","stream_options":{"x":1}"#,
                r#","stream_options":{"include_usage":true,"x":1}"#,
            ),
            (
                r#","stream_options":{"include_usage":true}"#,
                r#","stream_options":{"include_usage":true}"#,
            ),
        ] {
            let body = format!(r#"{{"model":"m"{options},"messages":[{{}}],"stream":true}}"#);
            let wanted = format!(r#"{{"model":"m"{wanted},"messages":[{{}}],"stream":true}}"#);
            assert_eq!(edited(&body, "m", true), wanted);
            assert_eq!(edited(&body, "m", false), body);
        }
    }

    #[test]
    fn usage_is_not_asked_of_a_call_that_does_not_stream() {
        let body = r#"{"model":"m","messages":[{}]}"#;
        assert_eq!(edited(body, "m", true), body);
    }

    #[test]
    fn spans_of_another_body_edit_nothing() {
        let body = Bytes::from(r#"{"messages":[{}],"model":"m"}"#);
        let ask = ask::read(Dialect::OpenAiChat, &body).unwrap();
        let other = Bytes::from("{}");
        assert_eq!(bytes(retarget(&ask, &other, "n", false)), other);
    }

    #[test]
    fn the_usage_chunk_is_known_however_it_is_spelt() {
        for chunk in [
            r#"{"choices":[],"usage":{"prompt_tokens":1}}"#,
            r#"{"id": "x", "usage": {"prompt_tokens": 1}, "choices": []}"#,
            "{\"usage\" :\n{},\"choices\":[ ]}",
        ] {
            assert!(is_usage_chunk(chunk.as_bytes()), "{chunk}");
        }
        for chunk in [
            r#"{"choices":[{"delta":{}}],"usage":{"prompt_tokens":1}}"#,
            r#"{"choices":[],"usage":null}"#,
            r#"{"choices":[],"prompt_filter_results":[]}"#,
            r#"{"usage":{"prompt_tokens":1}}"#,
            r#"{"choices":[{"delta":{"content":"\"usage\":{"}}]}"#,
            r#"{"choices":[],"x":{"usage":{}}}"#,
            r#"{"choices":[],"usage":{}"#,
            "[DONE]",
        ] {
            assert!(!is_usage_chunk(chunk.as_bytes()), "{chunk}");
        }
    }

    proptest! {
        #[test]
        fn only_edited_spans_change_and_editing_twice_changes_nothing_more(
            content in ".{0,30}",
            first in any::<bool>(),
            stream in any::<bool>(),
            options in prop::sample::select(vec![
                json!(null), json!({}), json!({"x": 1}), json!({"include_usage": false}),
                json!({"a": [1], "include_usage": true}), json!("absent"),
            ]),
            model in "[a-z/.-]{1,9}",
            include in any::<bool>(),
        ) {
            let messages = format!(r#""messages" :[{}]"#, json!({"content": content}));
            let options = match options {
                Value::String(_) => String::new(),
                options => format!(r#","stream_options": {options}"#),
            };
            let (a, b) = ("\"model\" : \"old\"".to_owned(), messages.clone());
            let (a, b) = if first { (a, b) } else { (b, a) };
            let body = format!(r#" {{{a} , "stream":{stream}{options},{b} }}"#);
            let out = edited(&body, &model, include);
            prop_assert!(out.contains(&messages));
            prop_assert_eq!(&edited(&out, &model, include), &out);
            let read: Value = serde_json::from_str(&out).unwrap();
            prop_assert_eq!(&read["model"], &json!(model));
            let mut expected: Value = serde_json::from_str(&body).unwrap();
            expected["model"] = json!(model);
            if include && stream {
                let options = &mut expected["stream_options"];
                if !options.is_object() {
                    *options = json!({});
                }
                options["include_usage"] = json!(true);
            }
            prop_assert_eq!(read, expected);
        }
    }
}
