//! Cuts a stream where its events end.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use memchr::memrchr2;

use crate::{framing::Framing, sse::EVENT_LIMIT};

/// Passes on whole events only: what the client has never ends in the middle of one, so that an
/// error can be told in an event of its own, whenever the provider breaks off.
///
/// Providers send an event per frame, so nearly every frame passes as it is. Frames are neither
/// joined nor copied unless an event is cut by their ends. What is longer than [`EVENT_LIMIT`] is
/// no event, and passes as it comes.
#[derive(Debug, Default)]
pub struct Tail {
    framing: Framing,
    kept: BytesMut,
}

impl Tail {
    /// For an answer with this head, if it announces a stream of events.
    pub fn announced(headers: &HeaderMap) -> Option<Self> {
        let framing = Framing::announced(headers)?;
        Some(Self {
            framing,
            kept: BytesMut::new(),
        })
    }

    /// Takes a frame, and gives what ends with the end of an event. The rest is kept.
    pub fn push(&mut self, mut frame: Bytes) -> Option<Bytes> {
        if self.kept.is_empty() {
            let end = self.framing.events_end(&frame);
            if end < frame.len() {
                self.kept.extend_from_slice(&frame.split_off(end));
            }
            return (end > 0).then_some(frame);
        }
        // What is kept has no end of an event, but perhaps the beginning of one.
        let seen = match self.framing {
            Framing::Sse => self.kept.len().saturating_sub(3),
            Framing::Lines => self.kept.len(),
            Framing::Frames => 0,
        };
        self.kept.extend_from_slice(&frame);
        match self.framing.events_end(&self.kept[seen..]) {
            0 if self.kept.len() > EVENT_LIMIT => self.take(),
            0 => None,
            end => Some(self.kept.split_to(seen + end).freeze()),
        }
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// What is left when the stream ended by itself.
    pub fn take(&mut self) -> Option<Bytes> {
        (!self.kept.is_empty()).then(|| self.kept.split().freeze())
    }
}

impl Framing {
    /// How many bytes at the start are whole events.
    fn events_end(self, bytes: &[u8]) -> usize {
        match self {
            Self::Sse => events_end(bytes),
            Self::Lines => memchr::memrchr(b'\n', bytes).map_or(0, |end| end + 1),
            Self::Frames => frames_end(bytes),
        }
    }
}

/// Frames begin with their length, four bytes of it.
fn frames_end(bytes: &[u8]) -> usize {
    let mut end = 0;
    while let Some(length) = bytes[end..].first_chunk() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        // Less than the smallest frame is no length, and these are no frames: nothing is held back.
        if length < 16 {
            return bytes.len();
        }
        match end.checked_add(length) {
            Some(next) if next <= bytes.len() => end = next,
            _ => break,
        }
    }
    end
}

/// Up to the last empty line, and with it.
fn events_end(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some(end) = memrchr2(b'\n', b'\r', rest) {
        let before = match &rest[..=end] {
            [before @ .., b'\r', b'\n'] | [before @ .., _] => before,
            [] => return 0,
        };
        if let [.., b'\n' | b'\r'] = before {
            return end + 1;
        }
        rest = before;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(frames: &[&str]) -> (String, String) {
        let mut tail = Tail::default();
        let mut all = Vec::new();
        for frame in frames {
            all.extend(tail.push(Bytes::copy_from_slice(frame.as_bytes())));
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&all.concat()), text(&tail.take().unwrap_or_default()))
    }

    #[test]
    fn what_passes_ends_with_an_event_wherever_frames_are_cut() {
        for end in ["\n\n", "\r\n\r\n", "\r\r", "\n\r\n"] {
            let events = format!("data: 1{end}data: 2{end}");
            let text = format!("{events}data: 3");
            for cut in 0..=text.len() {
                let (one, two) = text.split_at(cut);
                let (passed, kept) = passed(&[one, two]);
                assert_eq!(format!("{passed}{kept}"), text, "nothing is lost");
                // A lone CR ends a line too, so the LF behind it may wait for the next event.
                assert!(events.starts_with(&passed), "cut at {cut} of {text:?}");
                assert_eq!(passed.trim_end(), events.trim_end());
            }
        }
    }

    #[test]
    fn lines_and_binary_frames_are_never_cut_either() {
        let frame = |size: u32| {
            let mut frame = size.to_be_bytes().to_vec();
            frame.resize(size.try_into().unwrap(), 7);
            frame
        };
        let frames = [frame(16), frame(40), frame(17)].concat();
        let lines = b"{\"a\":1}\n{\"b\":2}\n{\"c\":".to_vec();
        for (kind, bytes, whole) in [
            ("application/x-ndjson", lines, 16),
            (
                "application/vnd.amazon.eventstream",
                frames[..70].to_vec(),
                56,
            ),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("content-type", kind.parse().unwrap());
            for size in 1..=bytes.len() {
                let mut tail = Tail::announced(&headers).unwrap();
                let mut passed = Vec::new();
                for chunk in bytes.chunks(size) {
                    passed.extend(tail.push(Bytes::copy_from_slice(chunk)));
                }
                let passed = passed.concat();
                assert_eq!(passed, bytes[..whole], "{kind} in {size}s");
                assert_eq!(tail.take().unwrap(), bytes[whole..]);
            }
        }
        assert!(Tail::announced(&HeaderMap::new()).is_none());
    }

    #[test]
    fn a_frame_of_whole_events_is_not_copied() {
        let frame = Bytes::from_static(b"data: 1\n\ndata: 2\n\n");
        let passed = Tail::default().push(frame.clone()).unwrap();
        assert_eq!(passed.as_ptr(), frame.as_ptr());
        assert_eq!(passed, frame);
    }

    #[test]
    fn what_never_ends_is_not_kept_for_ever() {
        let mut tail = Tail::default();
        let frame = Bytes::from(vec![b'x'; EVENT_LIMIT / 2]);
        let passed: usize = (0..6)
            .filter_map(|_| tail.push(frame.clone()))
            .map(|bytes| bytes.len())
            .sum();
        assert_eq!(passed, 3 * EVENT_LIMIT);
    }

    #[test]
    fn half_an_event_waits() {
        let (passed, kept) = passed(&["data: {\"a\"", ":1}\n"]);
        assert_eq!((&*passed, &*kept), ("", "data: {\"a\":1}\n"));
    }
}
