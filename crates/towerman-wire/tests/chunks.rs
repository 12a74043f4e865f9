//! A vendor's events out of AWS's frames: by hand, and as they were recorded.

#![allow(clippy::unwrap_used, clippy::panic)]

mod recorded_support;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use towerman_core::{Dialect, FaultKind};
use towerman_wire::{
    chunks::{Chunks, MEDIA_TYPE},
    observe::Observer,
    translate::{Options, Stream},
};

const ANTHROPIC: Dialect = Dialect::Anthropic;

fn announced(media_type: &str) -> Option<Chunks> {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", media_type.parse().unwrap());
    Chunks::announced(ANTHROPIC, &headers)
}

/// What comes out, and whether all of it could be read.
fn told(bytes: &[u8], size: usize) -> (String, bool) {
    let mut chunks = announced("application/vnd.amazon.eventstream").unwrap();
    let mut out = Vec::new();
    for piece in bytes.chunks(size) {
        if let Err(fault) = chunks.push(piece, &mut out) {
            assert_eq!(fault.kind(), FaultKind::BadGateway);
            return (String::from_utf8(out).unwrap(), false);
        }
    }
    (String::from_utf8(out).unwrap(), true)
}

/// CRC-32 as Ethernet has it, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 * (crc & 1))
        })
    })
}

fn frame(kind: &str, name: &str, payload: &str) -> Vec<u8> {
    let mut head = Vec::new();
    let named = format!(":{kind}-type");
    for (name, value) in [(":message-type", kind), (&*named, name)] {
        head.push(u8::try_from(name.len()).unwrap());
        head.extend(name.as_bytes());
        head.push(7);
        head.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        head.extend(value.as_bytes());
    }
    let size = |length: usize| u32::try_from(length).unwrap().to_be_bytes();
    let mut out = [size(head.len() + payload.len() + 16), size(head.len())].concat();
    out.extend(crc(&out).to_be_bytes());
    out.extend(head);
    out.extend(payload.as_bytes());
    out.extend(crc(&out).to_be_bytes());
    out
}

fn chunk(event: &str) -> Vec<u8> {
    let payload = json!({ "bytes": STANDARD.encode(event), "p": "abc" });
    frame("event", "chunk", &payload.to_string())
}

#[test]
fn wrapped_events_come_out_as_they_were_said_however_they_are_cut() {
    let bytes = [
        chunk(r#"{"type":"ping"}"#),
        frame("event", "something-new", "{}"),
        chunk("{ \"index\": 0,\r\n \"type\":\"content_block_stop\"}"),
        // A type that would be a line of its own.
        chunk(r#"{"type":"a\nid: 1"}"#),
        // A serializer that escapes slashes, and one that says no type.
        frame(
            "event",
            "chunk",
            r#"{"p":1,"bytes":"ey\u004aBIjoiPz8\/In0="}"#,
        ),
    ];
    let wanted = "event: ping\ndata: {\"type\":\"ping\"}\n\n\
                  event: content_block_stop\ndata: { \"index\": 0,\n\
                  data:  \"type\":\"content_block_stop\"}\n\n\
                  data: {\"type\":\"a\\nid: 1\"}\n\n\
                  data: {\"A\":\"???\"}\n\n";
    let bytes = bytes.concat();
    for size in 1..=bytes.len() {
        assert_eq!(told(&bytes, size), (wanted.to_owned(), true), "{size}");
    }
}

#[test]
fn an_exception_is_the_error_of_the_dialect() {
    for (name, kind) in [
        ("throttlingException", "rate_limit_error"),
        ("serviceUnavailableException", "overloaded_error"),
        ("modelTimeoutException", "timeout_error"),
        ("validationException", "invalid_request_error"),
        ("modelStreamErrorException", "api_error"),
        ("internalServerException", "api_error"),
        ("newException", "api_error"),
    ] {
        for (payload, words) in [
            (r#"{"message":"it \"hurts\""}"#, "it \"hurts\""),
            ("", "the provider broke off its answer"),
        ] {
            let bytes = frame("exception", name, payload);
            let (text, sound) = told(&bytes, bytes.len());
            assert!(sound);
            let data = text.strip_prefix("event: error\ndata: ").unwrap();
            let data: Value = serde_json::from_str(data).unwrap();
            let wanted = json!({ "type": "error", "error": { "type": kind, "message": words } });
            assert_eq!(data, wanted);
        }
    }
}

#[test]
fn what_cannot_be_read_ends_the_stream_behind_what_could() {
    let mut garbled = chunk("{}");
    *garbled.last_mut().unwrap() ^= 1;
    for bad in [
        garbled,
        frame("event", "chunk", r#"{"bytes":"not base64"}"#),
        frame("event", "chunk", r#"{"bytes":7}"#),
        frame("event", "chunk", "{}"),
        frame("event", "chunk", "["),
    ] {
        let bytes = [chunk(r#"{"type":"a"}"#), bad, chunk(r#"{"type":"b"}"#)].concat();
        for size in [1, bytes.len()] {
            let wanted = "event: a\ndata: {\"type\":\"a\"}\n\n".to_owned();
            assert_eq!(told(&bytes, size), (wanted, false));
        }
    }
}

#[test]
fn only_such_streams_are_announced() {
    assert_eq!(MEDIA_TYPE, "text/event-stream");
    for other in [
        "application/json",
        "text/event-stream",
        "application/vnd.amazon",
    ] {
        assert!(announced(other).is_none());
    }
    assert!(Chunks::announced(ANTHROPIC, &HeaderMap::new()).is_none());
}

/// Frames as this test alone reads them: the events in them.
fn unwrapped(mut bytes: &[u8]) -> Vec<Value> {
    let mut events = Vec::new();
    while let Some((lengths, _)) = bytes.split_first_chunk::<8>() {
        let number = |at: usize| {
            let four = lengths[at..at + 4].try_into().unwrap();
            usize::try_from(u32::from_be_bytes(four)).unwrap()
        };
        let (frame, rest) = bytes.split_at(number(0));
        let payload: Value =
            serde_json::from_slice(&frame[12 + number(4)..frame.len() - 4]).unwrap();
        let event = STANDARD.decode(payload["bytes"].as_str().unwrap()).unwrap();
        events.push(serde_json::from_slice(&event).unwrap());
        bytes = rest;
    }
    events
}

#[test]
fn a_recorded_stream_of_claudes_is_anthropics() {
    let files = recorded_support::files("bedrock-invoke");
    let claude = files.into_iter().filter(|(_, exchange)| {
        let model = exchange["request"]["path"].as_str().unwrap();
        model.contains("anthropic") && exchange["response"]["eventstream_b64"].is_string()
    });
    for (name, exchange) in claude {
        let bytes = exchange["response"]["eventstream_b64"].as_str().unwrap();
        let bytes = STANDARD.decode(bytes).unwrap();
        let events = unwrapped(&bytes);
        let said: String = events
            .iter()
            .filter_map(|event| event["delta"]["text"].as_str())
            .collect();
        assert!(!said.is_empty(), "{name}");
        let (text, sound) = told(&bytes, bytes.len());
        assert!(sound);
        let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.len(), 2 * events.len());
        for (pair, event) in lines.chunks(2).zip(&events) {
            let kind = event["type"].as_str().unwrap();
            assert_eq!(pair[0], format!("event: {kind}"));
            let data = pair[1].strip_prefix("data: ").unwrap();
            assert_eq!(&serde_json::from_str::<Value>(data).unwrap(), event);
        }
        for size in [1, 7, 100] {
            assert_eq!(told(&bytes, size).0, text, "{name}");
        }

        let mut observer = Observer::new(Some(ANTHROPIC), StatusCode::OK, Some(MEDIA_TYPE));
        observer.push(&Bytes::from(text.clone()));
        observer.finish();
        let learned = observer.learned();
        assert!(learned.complete && learned.failure.is_none());
        let usage = learned.usage.unwrap();
        let metrics = &events.last().unwrap()["amazon-bedrock-invocationMetrics"];
        assert_eq!(metrics["inputTokenCount"], usage.input);
        assert_eq!(metrics["outputTokenCount"], usage.output);

        let mut stream = Stream::new(ANTHROPIC, Dialect::OpenAiChat, &Options::default());
        let mut out = Vec::new();
        stream.push(text.as_bytes(), &mut out);
        stream.finish(&mut out);
        let out = String::from_utf8(out).unwrap();
        let heard: String = out
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok())
            .filter_map(|chunk| {
                let text = &chunk["choices"][0]["delta"]["content"];
                text.as_str().map(str::to_owned)
            })
            .collect();
        assert_eq!(heard, said, "{name}");
    }
}
