//! A stream as one JSON array.
//!
//! Gemini's clients that do not ask for server-sent events get their stream so: the bytes of a
//! JSON array whose elements arrive one by one.

use bytes::Bytes;

use crate::sse::Framer;

/// Makes a JSON array of server-sent events as they go by: an element of each event's data.
#[derive(Debug, Default)]
pub struct Array {
    framer: Framer,
    begun: bool,
}

impl Array {
    /// Takes bytes in, and gives what they add to the array.
    ///
    /// An event that is larger than any may be ends the array where it stands.
    pub fn push(&mut self, chunk: &[u8]) -> Bytes {
        let Self { framer, begun } = self;
        let mut out = Vec::with_capacity(chunk.len() + 2);
        // What overflows here overflowed where the stream was made, which has said so.
        let _ = framer.push(chunk, |event| {
            if !event.data.is_empty() {
                out.extend_from_slice(if *begun { b",\r\n" } else { b"[" });
                out.extend_from_slice(event.data);
                *begun = true;
            }
        });
        out.into()
    }

    /// The stream is over: gives what ends the array.
    pub fn finish(&mut self) -> Bytes {
        // A last event needs no empty line.
        let mut out = self.push(b"\n\n").to_vec();
        out.extend_from_slice(if self.begun { b"]" } else { b"[]" });
        out.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_become_elements_however_they_are_cut() {
        let stream =
            b": hello\n\ndata: {\"a\":1}\r\n\r\ndata: {\"b\":\ndata: 2}\n\ndata: {\"c\":3}";
        for size in 1..=stream.len() {
            let mut array = Array::default();
            let mut out = Vec::new();
            for chunk in stream.chunks(size) {
                out.extend_from_slice(&array.push(chunk));
            }
            out.extend_from_slice(&array.finish());
            let text = String::from_utf8(out).unwrap();
            assert_eq!(text, "[{\"a\":1},\r\n{\"b\":\n2},\r\n{\"c\":3}]", "{size}");
        }
        assert_eq!(&*Array::default().finish(), b"[]");
    }
}
