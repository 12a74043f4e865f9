//! Writes events of JSON in place: what is told a word at a time is not put together twice.

use serde::Serialize;

use super::frames::{Message, framed};

/// Appends a server-sent event.
pub(crate) fn event(name: Option<&str>, value: &impl Serialize, out: &mut Vec<u8>) {
    let start = out.len();
    if let Some(name) = name {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.push(b'\n');
    }
    out.extend_from_slice(b"data: ");
    if json(value, out) {
        out.extend_from_slice(b"\n\n");
    } else {
        out.truncate(start);
    }
}

/// Appends a line.
pub(crate) fn line(value: &impl Serialize, out: &mut Vec<u8>) {
    let start = out.len();
    if json(value, out) {
        out.push(b'\n');
    } else {
        out.truncate(start);
    }
}

/// Appends a frame of AWS's.
pub(crate) fn frame(name: &str, value: &impl Serialize, out: &mut Vec<u8>) {
    framed(Message::Event, name, out, |out| {
        // Writing plain shapes into memory cannot fail.
        json(value, out);
    });
}

/// Appends JSON on one line. A provider's own may be spelt over several: inside of strings no line
/// can end, and elsewhere a space says the same.
fn json(value: &impl Serialize, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let written = serde_json::to_writer(&mut *out, value).is_ok();
    let written_now = &mut out[start..];
    if memchr::memchr2(b'\n', b'\r', written_now).is_some() {
        for byte in written_now {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    #[test]
    fn json_over_several_lines_stays_one_event() {
        let raw = RawValue::from_string("{\"a\":\r\n[1,\n2]}".to_owned()).unwrap();
        let mut out = Vec::new();
        event(Some("e"), &raw, &mut out);
        event(None, &"a\nb", &mut out);
        line(&raw, &mut out);
        let told = "event: e\ndata: {\"a\":  [1, 2]}\n\ndata: \"a\\nb\"\n\n{\"a\":  [1, 2]}\n";
        assert_eq!(String::from_utf8(out).unwrap(), told);
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing_behind() {
        struct Never;
        impl Serialize for Never {
            fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(serde::ser::Error::custom("never"))
            }
        }
        let mut out = b"x".to_vec();
        event(Some("e"), &("half", Never), &mut out);
        line(&("half", Never), &mut out);
        assert_eq!(out, b"x");
    }
}
