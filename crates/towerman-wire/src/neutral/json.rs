//! JSON that comes in pieces.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::json::Cursor;

/// Containers around the input of a call: the body, its messages, a message, its content, a block.
const AROUND: u32 = 5;

/// The object that `text` spells, byte for byte. Nothing is an empty object.
pub(crate) fn object(text: Cow<'_, str>) -> Option<Box<RawValue>> {
    if text.trim().is_empty() {
        return RawValue::from_string("{}".to_owned()).ok();
    }
    if !is_object(&text) {
        return None;
    }
    RawValue::from_string(text.into_owned()).ok()
}

/// Whether `text` spells an object that every reader can read.
pub(crate) fn is_object(text: &str) -> bool {
    let mut cursor = Cursor::new(text.as_bytes()).inside(AROUND);
    // As strict as what reads requests: what passes here must pass there.
    cursor.peek() == Some(b'{')
        && cursor.skip().and_then(|()| cursor.end()).is_ok()
        && cursor.lone_surrogate().is_none()
}

/// Follows fragments of an object, to know when it is complete.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    depth: u32,
    in_string: bool,
    escaped: bool,
    complete: bool,
}

impl Progress {
    /// Whether nothing but white space may follow.
    pub(crate) const fn is_complete(&self) -> bool {
        self.complete
    }

    pub(crate) fn follow(&mut self, fragment: &str) {
        for byte in fragment.bytes() {
            if self.in_string {
                self.in_string = self.escaped || byte != b'"';
                self.escaped = !self.escaped && byte == b'\\';
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.complete = self.depth == 0;
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_are_objects() {
        assert_eq!(object("".into()).unwrap().get(), "{}");
        assert_eq!(
            object(" {\"b\": 1,\"a\":2} ".into()).unwrap().get(),
            "{\"b\": 1,\"a\":2}"
        );
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(125), "]".repeat(125));
        for no in [
            "[1]",
            "\"x\"",
            "{\"a\":",
            "{} {}",
            "null",
            "{\"a\":1e999}",
            r#"{"a":"\ud800"}"#,
            &*deep,
        ] {
            assert!(object(no.to_owned().into()).is_none(), "{no}");
        }
    }

    #[test]
    fn an_object_is_complete_at_its_last_brace() {
        let text = r#"{"a":"}\"}","b":[{}]}"#;
        for cut in 0..text.len() {
            let mut progress = Progress::default();
            progress.follow(&text[..cut]);
            assert!(!progress.is_complete(), "{cut}");
            progress.follow(&text[cut..]);
            assert!(progress.is_complete(), "{cut}");
        }
    }
}
