//! Writes frames of an AWS event stream: lengths, headers, payload, and a checksum of each half.

use bytes::{BufMut, Bytes, BytesMut};

/// The type of a header whose value is a string.
const STRING: u8 = 7;

/// An event of the stream.
pub(super) fn event(name: &str, json: &str) -> Bytes {
    frame(
        &[
            (":event-type", name),
            (":content-type", "application/json"),
            (":message-type", "event"),
        ],
        json,
    )
}

/// An error that ends the stream.
pub(super) fn exception(kind: &str, json: &str) -> Bytes {
    // Errors are named as types in headers, and as members here.
    let mut name = kind.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    frame(
        &[
            (":exception-type", &name),
            (":content-type", "application/json"),
            (":message-type", "exception"),
        ],
        json,
    )
}

fn frame(headers: &[(&str, &str)], payload: &str) -> Bytes {
    let mut head = BytesMut::new();
    for (name, value) in headers {
        head.put_u8(name.len() as u8);
        head.put_slice(name.as_bytes());
        head.put_u8(STRING);
        head.put_u16(value.len() as u16);
        head.put_slice(value.as_bytes());
    }
    // Two lengths and a checksum before, a checksum after.
    let total = 12 + head.len() + payload.len() + 4;
    let mut out = BytesMut::with_capacity(total);
    out.put_u32(total as u32);
    out.put_u32(head.len() as u32);
    out.put_u32(crc32(&out));
    out.put_slice(&head);
    out.put_slice(payload.as_bytes());
    out.put_u32(crc32(&out));
    out.freeze()
}

/// The checksum that zip and Ethernet use.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| TABLE[(crc as u8 ^ byte) as usize] ^ (crc >> 8);
    !bytes.iter().fold(!0, step)
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let mut crc = at as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                0xEDB8_8320 ^ (crc >> 1)
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[at] = crc;
        at += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_common_one() {
        assert_eq!(crc32(b""), 0);
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    /// The first frame of the recorded stream bedrock-converse/002, its padding shortened.
    #[test]
    fn a_frame_is_laid_out_as_recorded() {
        let frame = event("messageStart", r#"{"p":"ab","role":"assistant"}"#);
        let head = b"\x0b:event-type\x07\x00\x0cmessageStart\r:content-type\x07\x00\x10application/json\r:message-type\x07\x00\x05event";
        assert_eq!(&frame[..4], (frame.len() as u32).to_be_bytes());
        assert_eq!(&frame[4..8], (head.len() as u32).to_be_bytes());
        assert_eq!(&frame[8..12], crc32(&frame[..8]).to_be_bytes());
        assert_eq!(&frame[12..12 + head.len()], head);
        let body = frame.len() - 4;
        assert_eq!(
            &frame[12 + head.len()..body],
            br#"{"p":"ab","role":"assistant"}"#
        );
        assert_eq!(&frame[body..], crc32(&frame[..body]).to_be_bytes());
    }
}
