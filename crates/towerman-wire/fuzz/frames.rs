//! AWS's event streams as text that can be mutated, and back.

use serde_json::Value;
use towerman_wire::sse::{self, Framer};

/// The bytes around a frame's head and payload: lengths and a checksum before, a checksum after.
const PRELUDE: usize = 12;
const CHECKSUM: usize = 4;

/// The frames that server-sent events of the same names and payloads would be.
pub(crate) fn of_text(text: &[u8]) -> Vec<u8> {
    let (mut framer, mut out) = (Framer::new(), Vec::new());
    let mut put =
        |event: sse::Event<'_>| frame(event.name.unwrap_or_default(), event.data, &mut out);
    framer.push(text, &mut put).expect("nothing is that large");
    framer.finish(&mut put).expect("nothing is that large");
    out
}

/// The text that becomes these frames.
pub(crate) fn to_text(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, payload) in read(bytes) {
        sse::frame(Some(&name), payload, &mut out);
    }
    out
}

/// The events in frames of which every one is whole, with its name and JSON in it.
pub(crate) fn read(mut bytes: &[u8]) -> Vec<(String, &[u8])> {
    let mut events = Vec::new();
    while !bytes.is_empty() {
        let (total, head) = (number(bytes), number(&bytes[4..]));
        let (frame, rest) = bytes.split_at_checked(total).expect("half a frame");
        let (said, sum) = frame.split_at(total - CHECKSUM);
        assert_eq!(number(sum), crc32fast::hash(said) as usize, "the sum");
        assert_eq!(
            number(&frame[8..]),
            crc32fast::hash(&frame[..8]) as usize,
            "the head's sum"
        );
        let (head, payload) = said[PRELUDE..].split_at(head);
        serde_json::from_slice::<Value>(payload).expect("JSON");
        events.push((name(head), payload));
        bytes = rest;
    }
    events
}

/// What the frame's head says that it is.
fn name(mut head: &[u8]) -> String {
    let mut name = None;
    while let [length, rest @ ..] = head {
        let (key, rest) = rest.split_at(usize::from(*length));
        // A string: nothing else is written.
        let [7, high, low, rest @ ..] = rest else {
            panic!("a header of another type");
        };
        let (value, rest) = rest.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        if key == b":event-type" || key == b":exception-type" {
            name = Some(String::from_utf8_lossy(value).into_owned());
        }
        head = rest;
    }
    name.expect("a name")
}

fn number(bytes: &[u8]) -> usize {
    let bytes = bytes.first_chunk().expect("four bytes");
    u32::from_be_bytes(*bytes) as usize
}

fn frame(name: &[u8], payload: &[u8], out: &mut Vec<u8>) {
    let exception = name.ends_with(b"Exception");
    let [kind, message] = if exception {
        [":exception-type", "exception"]
    } else {
        [":event-type", "event"]
    };
    let mut head = Vec::new();
    for (key, value) in [(kind, name), (":message-type", message.as_bytes())] {
        let Ok(length) = u16::try_from(value.len()) else {
            return;
        };
        head.push(u8::try_from(key.len()).expect("short"));
        head.extend(key.as_bytes());
        head.push(7);
        head.extend(length.to_be_bytes());
        head.extend(value);
    }
    let length = |length: usize| u32::try_from(length).expect("small").to_be_bytes();
    let total = PRELUDE + head.len() + payload.len() + CHECKSUM;
    let mut frame = [length(total), length(head.len())].concat();
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame.extend(head);
    frame.extend(payload);
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    out.extend(frame);
}
