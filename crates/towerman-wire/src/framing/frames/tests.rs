//! Frames, whole, cut and broken.

use super::{write::put, *};

/// An empty event named `a`, put together from the specification.
const GOLDEN: &[u8] =
    b"\x00\x00\x00 \x00\x00\x00\x10\xb9T\xe0\t\x0b:event-type\x07\x00\x01a\xe5\xc9\xf9\xec";

fn frames() -> Vec<u8> {
    let mut out = Vec::new();
    frame(
        Message::Event,
        "messageStart",
        br#"{"role":"assistant"}"#,
        &mut out,
    );
    frame(Message::Event, "empty", b"", &mut out);
    frame(
        Message::Exception,
        "throttlingException",
        br#"{"message":"slow"}"#,
        &mut out,
    );
    out
}

fn read_all(bytes: &[u8], size: usize) -> Result<Vec<(String, String, bool)>, NoFrame> {
    let (mut frames, mut seen) = (Frames::default(), Vec::new());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for chunk in bytes.chunks(size) {
        frames.push(chunk, |event| {
            let name = event.name.map(text).unwrap_or_default();
            seen.push((name, text(event.data), event.exception));
        })?;
    }
    Ok(seen)
}

#[test]
fn frames_do_not_depend_on_how_they_were_cut() {
    let bytes = frames();
    let expected = [
        ("messageStart", r#"{"role":"assistant"}"#, false),
        ("empty", "", false),
        ("throttlingException", r#"{"message":"slow"}"#, true),
    ];
    let expected = expected.map(|(name, data, bad)| (name.to_owned(), data.to_owned(), bad));
    for size in 1..=bytes.len() {
        assert_eq!(read_all(&bytes, size).unwrap(), expected, "{size}");
    }
}

#[test]
fn no_byte_can_be_another() {
    let bytes = frames();
    for at in 0..bytes.len() {
        let mut broken = bytes.clone();
        broken[at] ^= 0x10;
        // A length that is too long waits for more than there is, if its checksum is right.
        let read = read_all(&broken, broken.len());
        assert!(read.is_err(), "{at}");
    }
}

#[test]
fn every_type_of_header_is_passed_over() {
    let mut head = Vec::new();
    for (kind, value) in [
        (0, &[][..]),
        (1, &[]),
        (2, &[1]),
        (3, &[1, 2]),
        (4, &[1, 2, 3, 4]),
        (5, &[0; 8]),
        (6, &[0, 2, 9, 9]),
        (8, &[0; 8]),
        (9, &[0; 16]),
    ] {
        head.extend_from_slice(b"\x01x");
        head.push(kind);
        head.extend_from_slice(value);
    }
    put(":event-type", "found", &mut head);
    let whole = |head: &[u8]| {
        let total = u32::try_from(PRELUDE + head.len() + CHECKSUM).unwrap();
        let mut out = total.to_be_bytes().to_vec();
        out.extend_from_slice(&u32::try_from(head.len()).unwrap().to_be_bytes());
        out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
        out.extend_from_slice(head);
        out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
        out
    };
    assert_eq!(read_all(&whole(&head), 7).unwrap()[0].0, "found");
    for broken in [
        &b"\x01x\x0a"[..],
        b"\x00\x07\x00\x00",
        b"\x05x",
        b"\x01x\x07\x00\x09a",
    ] {
        read_all(&whole(broken), 99).unwrap_err();
    }
}

#[test]
fn a_frame_larger_than_any_may_be_is_not_waited_for() {
    let mut prelude = 0x0900_0000_u32.to_be_bytes().to_vec();
    prelude.extend_from_slice(&[0; 4]);
    prelude.extend_from_slice(&crc32fast::hash(&prelude).to_be_bytes());
    read_all(&prelude, 5).unwrap_err();
}

#[test]
fn what_others_put_together_is_taken_apart() {
    let seen = read_all(GOLDEN, 5).unwrap();
    assert_eq!(seen, [("a".to_owned(), String::new(), false)]);
}
