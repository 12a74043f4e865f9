//! Reads AWS event-stream frames strictly, checksums included.

use serde_json::Value;

use crate::common::Event;

/// CRC-32, bit by bit.
fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 * (crc & 1));
        }
    }
    !crc
}

fn number(bytes: &[u8]) -> usize {
    u32::from_be_bytes(bytes.try_into().unwrap()) as usize
}

/// Every frame as an event, named as its type says.
pub fn read(mut bytes: &[u8]) -> Vec<Event> {
    let mut events = Vec::new();
    while !bytes.is_empty() {
        let (total, head) = (number(&bytes[..4]), number(&bytes[4..8]));
        assert_eq!(checksum(&bytes[..8]) as usize, number(&bytes[8..12]));
        let frame = &bytes[..total];
        let body = total - 4;
        assert_eq!(checksum(&frame[..body]) as usize, number(&frame[body..]));
        let headers = headers(&frame[12..12 + head]);
        let of = |name: &str| {
            let mut headers = headers.iter();
            headers
                .find(|(own, _)| own == name)
                .map(|(_, value)| value.clone())
        };
        assert_eq!(of(":content-type").as_deref(), Some("application/json"));
        let name = match of(":message-type").as_deref() {
            Some("event") => of(":event-type"),
            Some("exception") => of(":exception-type"),
            other => panic!("{other:?}"),
        };
        let data: Value = serde_json::from_slice(&frame[12 + head..body]).unwrap();
        events.push(Event {
            name: Some(name.unwrap()),
            data,
        });
        bytes = &bytes[total..];
    }
    events
}

fn headers(mut bytes: &[u8]) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    let take = |bytes: &mut &[u8], length: usize| {
        let (taken, rest) = bytes.split_at(length);
        *bytes = rest;
        String::from_utf8(taken.to_vec()).unwrap()
    };
    while let [length, rest @ ..] = bytes {
        bytes = rest;
        let name = take(&mut bytes, usize::from(*length));
        assert_eq!(bytes[0], 7, "a header that is no string");
        let length = u16::from_be_bytes([bytes[1], bytes[2]]);
        bytes = &bytes[3..];
        let value = take(&mut bytes, usize::from(length));
        headers.push((name, value));
    }
    headers
}
