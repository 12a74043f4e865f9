//! What is learnt of bytes that pass.

use bytes::Bytes;
use http::StatusCode;
use towerman_core::{FailureKind, Finish, Operation, Phase, Usage};

use super::D;
use crate::observe::{Learned, Observer};

fn learned(operation: Operation, media: &str, body: &str) -> Learned {
    let mut observer = Observer::new(Some(D), StatusCode::OK, Some(media)).of(operation);
    observer.push(&Bytes::copy_from_slice(body.as_bytes()));
    observer.finish();
    observer.learned().clone()
}

fn whole(body: &str) -> Learned {
    learned(Operation::Generate, "application/json", body)
}

fn stream(events: &[&str]) -> Learned {
    let events: String = events
        .iter()
        .map(|data| format!("data: {data}\n\n"))
        .collect();
    learned(Operation::Generate, "text/event-stream", &events)
}

const USED: Usage = Usage {
    input: 6,
    cache_read: 4,
    cache_write: 0,
    cache_write_long: 0,
    output: 5,
    reasoning: 3,
};
const START: &str = r#"{"id":"a","type":"message-start","delta":{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[]}}}"#;
const TEXT: &str =
    r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"abc"}}}}"#;
const END: &str = r#"{"type":"message-end","delta":{"usage":{"tokens":{"input_tokens":10,"output_tokens":5,"reasoning_tokens":3},"billed_units":{"input_tokens":1},"cached_tokens":4},"finish_reason":"COMPLETE"}}"#;

#[test]
fn answers_tell_what_they_used_and_why_they_ended() {
    let told = whole(
        r#"{"id":"a","finish_reason":"TOOL_CALL","message":{"tool_plan":"1","content":[{"type":"thinking","thinking":"22"},
        {"type":"text","text":"333"}],"tool_calls":[{"id":"c","function":{"name":"4444","arguments":"{}"}}]},
        "usage":{"cached_tokens":4,"tokens":{"input_tokens":10,"output_tokens":5,"reasoning_tokens":3}}}"#,
    );
    assert_eq!(
        (told.usage, told.finish),
        (Some(USED), Some(Finish::ToolCalls))
    );
    assert_eq!(
        (told.content_bytes, told.complete, told.failure),
        (12, true, None)
    );
    let billed = whole(r#"{"message":{},"usage":{"billed_units":{"input_tokens":6}}}"#);
    assert_eq!(billed.usage.map(|usage| usage.input), Some(6));
    for (body, failure) in [
        (r#"{"id":"a","message":"no"}"#, FailureKind::Server),
        (
            r#"{"message":{},"finish_reason":"ERROR"}"#,
            FailureKind::Server,
        ),
        (r#"{"id":"a"}"#, FailureKind::Protocol),
    ] {
        assert_eq!(whole(body).failure, Some(failure), "{body}");
    }
}

#[test]
fn streams_tell_it_as_they_pass() {
    let told = stream(&[START, TEXT, END]);
    assert_eq!((told.usage, told.finish), (Some(USED), Some(Finish::Stop)));
    assert_eq!(
        (told.content_bytes, told.complete, told.failure),
        (3, true, None)
    );
    // That somebody answers is no content yet.
    assert_ne!(stream(&[START]).phase, Phase::Content);
    let call = r#"{"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"c","function":{"name":"f","arguments":""}}}}}"#;
    assert_eq!(stream(&[START, call]).phase, Phase::Content);
    let torn = stream(&[START, TEXT]);
    assert_eq!(
        (torn.complete, torn.failure),
        (false, Some(FailureKind::Truncated))
    );
    for error in [
        r#"{"type":"message-end","delta":{"finish_reason":"ERROR"}}"#,
        r#"{"type":"message-end","delta":{"error":"no","finish_reason":"COMPLETE"}}"#,
        r#"{"id":"a","message":"no"}"#,
    ] {
        let told = stream(&[START, TEXT, error]);
        assert_eq!(
            (told.complete, told.failure),
            (false, Some(FailureKind::InStream)),
            "{error}"
        );
    }
}

#[test]
fn vectors_are_billed_as_they_say() {
    let body = r#"{"id":"a","texts":["x"],"embeddings":{"float":[[0.5,-1e-3]]},"meta":{"api_version":{"version":"2"},"billed_units":{"input_tokens":7,"image_tokens":0}}}"#;
    let told = learned(Operation::Embed, "application/json", body);
    assert_eq!(
        told.usage.map(|usage| (usage.input, usage.output)),
        Some((7, 0))
    );
    assert_eq!((told.phase, told.failure), (Phase::Content, None));
}
