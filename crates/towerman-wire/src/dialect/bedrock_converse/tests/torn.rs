//! Streams of Converse that fail, break off or make no sense.

use serde_json::json;
use towerman_core::{Dialect, FaultKind};

use super::{
    ANTHROPIC, CHAT, D,
    events::{all, call, cut, data, end, input, start, stop, text, through},
    frames::{event, frame, read},
};
use crate::translate::{Gather, Options};

fn exception(name: &str) -> Vec<u8> {
    let headers = [
        (":exception-type", name),
        (":content-type", "application/json"),
        (":message-type", "exception"),
    ];
    frame(
        &headers,
        &json!({"message": "the secret words"}).to_string(),
    )
}

fn gathered(bytes: &[u8]) -> FaultKind {
    let mut gather = Gather::new(D, CHAT, &Options::default());
    match gather.push(bytes) {
        Ok(()) => gather.finish().unwrap_err().kind(),
        Err(fault) => fault.kind(),
    }
}

#[test]
fn an_exception_is_told_in_every_clients_words() {
    for (name, kind, claude, converse) in [
        (
            "throttlingException",
            FaultKind::RateLimited,
            "rate_limit_error",
            "throttlingException",
        ),
        (
            "serviceUnavailableException",
            FaultKind::Unavailable,
            "overloaded_error",
            "serviceUnavailableException",
        ),
        (
            "modelNotReadyException",
            FaultKind::Unavailable,
            "overloaded_error",
            "serviceUnavailableException",
        ),
        (
            "validationException",
            FaultKind::InvalidRequest,
            "invalid_request_error",
            "validationException",
        ),
        (
            "modelTimeoutException",
            FaultKind::Timeout,
            "timeout_error",
            "modelStreamErrorException",
        ),
        (
            "modelStreamErrorException",
            FaultKind::BadGateway,
            "api_error",
            "modelStreamErrorException",
        ),
        (
            "internalServerException",
            FaultKind::BadGateway,
            "api_error",
            "modelStreamErrorException",
        ),
        (
            "newException",
            FaultKind::BadGateway,
            "api_error",
            "modelStreamErrorException",
        ),
    ] {
        let bytes = [start(), text(0, "Hi"), exception(name), end("end_turn")].concat();
        assert_eq!(gathered(&bytes), kind, "{name}");
        let last = data(&through(D, ANTHROPIC, &bytes)).pop().unwrap();
        assert_eq!(
            (&last["type"], &last["error"]["type"]),
            (&json!("error"), &json!(claude)),
            "{name}"
        );
        let (what, told, payload) = read(&through(D, D, &bytes)).pop().unwrap();
        assert_eq!((&*what, &*told), ("exception", converse), "{name}");
        // What the provider said of its inside stays here.
        assert!(!payload.to_string().contains("secret"), "{payload}");
        let chat = data(&through(D, CHAT, &bytes));
        assert!(
            chat.iter().any(|chunk| chunk["error"].is_object()),
            "{name}"
        );
        assert!(
            !chat
                .iter()
                .any(|chunk| chunk["choices"][0]["finish_reason"].is_string())
        );
    }
}

#[test]
fn an_error_of_the_framing_is_an_exception_too() {
    let headers = [
        (":message-type", "error"),
        (":error-code", "InternalFailure"),
        (":error-message", "the secret words"),
    ];
    let bytes = [start(), frame(&headers, "")].concat();
    assert_eq!(gathered(&bytes), FaultKind::BadGateway);
    let told = read(&through(D, D, &bytes)).pop().unwrap();
    assert_eq!(
        (&*told.0, &*told.1),
        ("exception", "modelStreamErrorException")
    );
}

/// Whether a client takes the answer for complete.
fn ended(to: Dialect, told: &[u8]) -> bool {
    match to {
        D => read(told)
            .iter()
            .any(|(_, name, _)| name == "messageStop" || name == "metadata"),
        ANTHROPIC => data(told)
            .iter()
            .any(|event| event["type"] == "message_stop"),
        _ => data(told).iter().any(|chunk| *chunk == "[DONE]"),
    }
}

#[test]
fn a_torn_stream_gets_no_ending() {
    let bytes = all();
    // Behind the reason to stop there is nothing but counts.
    let proof = bytes.len() - end("tool_use").len()
        + event("messageStop", &json!({"stopReason": "tool_use"})).len();
    for to in [ANTHROPIC, CHAT, D] {
        for size in 0..bytes.len() {
            let told = cut(D, to, &bytes[..size], usize::MAX);
            assert_eq!(ended(to, &told), size >= proof, "{to} {size} {proof}");
        }
    }
    let mut gather = Gather::new(D, D, &Options::default());
    gather.push(&bytes[..proof - 1]).unwrap();
    assert_eq!(gather.finish().unwrap_err().kind(), FaultKind::BadGateway);
    let mut gather = Gather::new(D, D, &Options::default());
    gather.push(&bytes[..proof]).unwrap();
    gather.finish().unwrap();
}

#[test]
fn a_byte_that_is_wrong_ends_the_stream() {
    let head = [start(), text(0, "Hi")].concat();
    let mut bytes = [head.clone(), text(0, " there"), end("end_turn")].concat();
    let at = head.len() + 90;
    bytes[at] ^= 1;
    assert_eq!(gathered(&bytes), FaultKind::BadGateway);
    for to in [ANTHROPIC, CHAT, D] {
        let told = through(D, to, &bytes);
        let words = String::from_utf8_lossy(&told).into_owned();
        assert!(words.contains("Hi") && !words.contains("there"), "{words}");
    }
    let last = read(&through(D, D, &bytes)).pop().unwrap();
    assert_eq!(
        (&*last.0, &*last.1),
        ("exception", "modelStreamErrorException")
    );
}

#[test]
fn input_that_is_no_object_is_no_call() {
    let with = |pieces: &[&str], reason: &str| {
        let pieces: Vec<_> = pieces.iter().flat_map(|piece| input(0, piece)).collect();
        [start(), call(0, "c"), pieces, stop(0), end(reason)].concat()
    };
    assert_eq!(
        gathered(&with(&["{\"a\":", "1"], "tool_use")),
        FaultKind::BadGateway
    );
    let last = data(&through(D, ANTHROPIC, &with(&["{\"a\":"], "tool_use")))
        .pop()
        .unwrap();
    assert_eq!(last["type"], "error");
    // One that ran into the limit was told as far as it came, and the reason says so.
    let told = data(&through(D, ANTHROPIC, &with(&["{\"a\":"], "max_tokens")));
    let reason = told
        .iter()
        .find_map(|event| event["delta"]["stop_reason"].as_str());
    assert_eq!(reason, Some("max_tokens"));
}
