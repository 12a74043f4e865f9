//! Writes frames.

use super::{CHECKSUM, PRELUDE};

/// Appends one frame. `message` is what `:message-type` says, and `name` what the header that
/// goes with it does.
pub(crate) fn frame(message: Message, name: &str, payload: &[u8], out: &mut Vec<u8>) {
    framed(message, name, out, |out| out.extend_from_slice(payload));
}

/// Appends one frame, with the payload that `write` appends.
pub(crate) fn framed(
    message: Message,
    name: &str,
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>),
) {
    let start = out.len();
    out.extend_from_slice(&[0; PRELUDE]);
    for (key, value) in [
        (message.header(), name),
        (":content-type", "application/json"),
        (":message-type", message.as_str()),
    ] {
        put(key, value, out);
    }
    let head = out.len() - start - PRELUDE;
    write(out);
    let total = out.len() - start + CHECKSUM;
    // Neither is ever near four gigabytes.
    let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    out[start..start + 4].copy_from_slice(&length(total));
    out[start + 4..start + 8].copy_from_slice(&length(head));
    let sum = crc32fast::hash(&out[start..start + 8]);
    out[start + 8..start + PRELUDE].copy_from_slice(&sum.to_be_bytes());
    let sum = crc32fast::hash(&out[start..]);
    out.extend_from_slice(&sum.to_be_bytes());
}

/// What a frame tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Event,
    Exception,
}

impl Message {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Exception => "exception",
        }
    }

    const fn header(self) -> &'static str {
        match self {
            Self::Event => ":event-type",
            Self::Exception => ":exception-type",
        }
    }
}

pub(super) fn put(key: &str, value: &str, out: &mut Vec<u8>) {
    // Names are ours; a value beyond what a frame can hold is cut.
    let key = &key.as_bytes()[..key.len().min(u8::MAX.into())];
    let value = &value.as_bytes()[..value.len().min(u16::MAX.into())];
    out.push(u8::try_from(key.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(key);
    out.push(7);
    out.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(value);
}
