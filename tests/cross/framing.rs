//! Events in bytes, by the simplest rules that well-made streams obey.

use serde_json::Value;
use towerman::core::Dialect;

/// Puts events that were recorded without their framing into the dialect's.
pub(crate) fn frame(dialect: Dialect, events: impl Iterator<Item = String>) -> Vec<u8> {
    let mut out = Vec::new();
    for event in events {
        match dialect {
            Dialect::Ollama => out.extend(format!("{event}\n").into_bytes()),
            Dialect::BedrockConverse => out.extend(aws_frame(&event)),
            // The name repeats the type where there is one.
            _ => match serde_json::from_str::<Value>(&event).ok().as_ref() {
                Some(value) if value["type"].is_string() => {
                    let name = value["type"].as_str().unwrap();
                    out.extend(format!("event: {name}\ndata: {event}\n\n").into_bytes());
                }
                _ => out.extend(format!("data: {event}\n\n").into_bytes()),
            },
        }
    }
    out
}

/// The JSON of every event. An event that is none (`[DONE]`) is a string. Converse's events are
/// objects whose only member is named after the event's type, as its documentation shows them.
pub(crate) fn events(dialect: Dialect, bytes: &[u8]) -> Vec<Value> {
    let parse = |data: &str| {
        let value = serde_json::from_str(data.trim());
        value.unwrap_or_else(|_| data.trim().into())
    };
    if dialect == Dialect::BedrockConverse {
        return aws_events(bytes);
    }
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    if dialect == Dialect::Ollama {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        return lines.map(parse).collect();
    }
    let data = text.split("\n\n").map(|event| {
        let lines = event.lines().filter_map(|line| line.strip_prefix("data:"));
        lines.collect::<Vec<_>>().join("\n")
    });
    data.filter(|data| !data.trim().is_empty())
        .map(|data| parse(&data))
        .collect()
}

fn be32(bytes: &[u8]) -> usize {
    u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize
}

fn aws_events(mut bytes: &[u8]) -> Vec<Value> {
    let mut events = Vec::new();
    while bytes.len() >= 16 {
        let (total, headers) = (be32(bytes), be32(&bytes[4..]));
        let Some(frame) = bytes.get(..total) else {
            break;
        };
        let mut head = &frame[12..12 + headers];
        let mut name = String::new();
        while !head.is_empty() {
            let key = usize::from(head[0]);
            let (header, rest) = head[1..].split_at(key);
            // Type 7: a string, its length in two bytes.
            assert_eq!(rest[0], 7, "another type of header");
            let size = usize::from(u16::from_be_bytes([rest[1], rest[2]]));
            if header == b":event-type" || header == b":exception-type" {
                name = String::from_utf8_lossy(&rest[3..3 + size]).into_owned();
            }
            head = &rest[3 + size..];
        }
        let payload: Value =
            serde_json::from_slice(&frame[12 + headers..total - 4]).unwrap_or_default();
        events.push(serde_json::json!({ name: payload }));
        bytes = &bytes[total..];
    }
    events
}

/// `{"TYPE": {…}}` as a frame of that type.
fn aws_frame(event: &str) -> Vec<u8> {
    let event: Value = serde_json::from_str(event).unwrap();
    let (name, payload) = event.as_object().unwrap().iter().next().unwrap();
    let payload = payload.to_string();
    let mut headers = Vec::new();
    for (key, value) in [
        (":message-type", "event"),
        (":event-type", name),
        (":content-type", "application/json"),
    ] {
        headers.push(u8::try_from(key.len()).unwrap());
        headers.extend(key.as_bytes());
        headers.push(7);
        headers.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        headers.extend(value.as_bytes());
    }
    let size = |size: usize| u32::try_from(size).unwrap().to_be_bytes();
    let mut frame = Vec::new();
    frame.extend(size(16 + headers.len() + payload.len()));
    frame.extend(size(headers.len()));
    frame.extend(crc32(&frame).to_be_bytes());
    frame.extend(headers);
    frame.extend(payload.as_bytes());
    frame.extend(crc32(&frame).to_be_bytes());
    frame
}

/// The checksum of gzip and of AWS's frames.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
    let take = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), step);
    !bytes.iter().fold(u32::MAX, take)
}
