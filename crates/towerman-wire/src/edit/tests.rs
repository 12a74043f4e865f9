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
