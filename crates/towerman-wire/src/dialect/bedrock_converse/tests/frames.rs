//! Frames of AWS's event streams, put together and taken apart by code that shares nothing with
//! the codec.

use serde_json::Value;

/// CRC-32, a bit at a time, as its definition says it.
fn crc(bytes: &[u8]) -> [u8; 4] {
    let mut rest = u32::MAX;
    for byte in bytes {
        rest ^= u32::from(*byte);
        for _ in 0..8 {
            let odd = rest & 1 == 1;
            rest = (rest >> 1) ^ if odd { 0xedb8_8320 } else { 0 };
        }
    }
    (!rest).to_be_bytes()
}

fn length(of: usize) -> [u8; 4] {
    u32::try_from(of).unwrap().to_be_bytes()
}

/// A frame whose headers are strings.
pub(crate) fn frame(headers: &[(&str, &str)], payload: &str) -> Vec<u8> {
    let mut head = Vec::new();
    for (name, value) in headers {
        head.push(u8::try_from(name.len()).unwrap());
        head.extend_from_slice(name.as_bytes());
        head.push(7);
        head.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
        head.extend_from_slice(value.as_bytes());
    }
    let mut out = Vec::new();
    out.extend_from_slice(&length(head.len() + payload.len() + 16));
    out.extend_from_slice(&length(head.len()));
    out.extend_from_slice(&crc(&out));
    out.extend_from_slice(&head);
    out.extend_from_slice(payload.as_bytes());
    out.extend_from_slice(&crc(&out));
    out
}

/// An event, in the order of headers that AWS has.
pub(crate) fn event(name: &str, payload: &Value) -> Vec<u8> {
    let headers = [
        (":event-type", name),
        (":content-type", "application/json"),
        (":message-type", "event"),
    ];
    frame(&headers, &payload.to_string())
}

/// One frame after the other: what it tells of, its name, and its payload. Panics where a length
/// or a checksum is wrong.
pub(crate) fn read(mut bytes: &[u8]) -> Vec<(String, String, Value)> {
    let number = |bytes: &[u8]| {
        let number = u32::from_be_bytes(bytes.try_into().unwrap());
        usize::try_from(number).unwrap()
    };
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let (total, head) = (number(&bytes[..4]), number(&bytes[4..8]));
        let (frame, rest) = bytes.split_at(total);
        bytes = rest;
        assert_eq!(frame[8..12], crc(&frame[..8]));
        assert_eq!(frame[total - 4..], crc(&frame[..total - 4]));
        let (mut headers, payload) = frame[12..total - 4].split_at(head);
        let (mut kind, mut name) = (String::new(), String::new());
        while let Some((length, rest)) = headers.split_first() {
            let (key, rest) = rest.split_at((*length).into());
            assert_eq!(rest[0], 7);
            let length = u16::from_be_bytes([rest[1], rest[2]]);
            let (value, rest) = rest[3..].split_at(length.into());
            headers = rest;
            let value = String::from_utf8(value.to_vec()).unwrap();
            match key {
                b":message-type" => kind = value,
                b":event-type" | b":exception-type" | b":error-code" => name = value,
                b":content-type" => assert_eq!(value, "application/json"),
                other => panic!("{other:?}"),
            }
        }
        all.push((kind, name, serde_json::from_slice(payload).unwrap()));
    }
    all
}
