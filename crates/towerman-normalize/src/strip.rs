//! Takes the usage chunk out of an OpenAI stream whose client did not ask for it. Pure.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use memchr::memmem;

/// Forwards whole events, and leaves out those that hold usage and no choices.
///
/// Frames are sliced, not copied; only an event that lies across two frames is put together.
#[derive(Debug, Default)]
pub(crate) struct Strip {
    /// The beginning of an event whose end has not come.
    partial: BytesMut,
}

impl Strip {
    /// Takes in a frame; what may go on is appended to `out`.
    pub(crate) fn push(&mut self, frame: Bytes, out: &mut VecDeque<Bytes>) {
        let mut frame = frame;
        if !self.partial.is_empty() {
            self.partial.extend_from_slice(&frame);
            frame = self.partial.split().freeze();
        }
        let Some(end) = last_boundary(&frame) else {
            self.partial.extend_from_slice(&frame);
            return;
        };
        self.partial.extend_from_slice(&frame[end..]);
        frame.truncate(end);
        if memmem::find(&frame, b"\"usage\":{").is_none() {
            // The common case: nothing to look for.
            out.push_back(frame);
            return;
        }
        let mut rest = frame;
        while !rest.is_empty() {
            let event = rest.split_to(first_boundary(&rest).unwrap_or(rest.len()));
            if !is_usage_chunk(&event) {
                out.push_back(event);
            }
        }
    }

    /// The stream ended: what is left is not a whole event, and is passed on as it is.
    pub(crate) fn finish(&mut self, out: &mut VecDeque<Bytes>) {
        if !self.partial.is_empty() {
            out.push_back(self.partial.split().freeze());
        }
    }
}

/// Whether this event is the one that `include_usage` asks for: usage, and an empty list of
/// choices.
fn is_usage_chunk(event: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Chunk<'a> {
        #[serde(borrow)]
        choices: Option<Vec<&'a serde_json::value::RawValue>>,
        #[serde(borrow)]
        usage: Option<&'a serde_json::value::RawValue>,
    }
    event
        .split(|byte| *byte == b'\n')
        .filter_map(|line| line.strip_prefix(b"data:"))
        .filter_map(|data| serde_json::from_slice::<Chunk<'_>>(data).ok())
        .any(|chunk| {
            let empty = chunk.choices.is_some_and(|choices| choices.is_empty());
            empty
                && chunk
                    .usage
                    .is_some_and(|usage| usage.get().starts_with('{'))
        })
}

/// Where the last whole event ends.
fn last_boundary(bytes: &[u8]) -> Option<usize> {
    let unix = memmem::rfind(bytes, b"\n\n").map(|at| at + 2);
    unix.max(memmem::rfind(bytes, b"\r\n\r\n").map(|at| at + 4))
}

/// Where the first whole event ends.
fn first_boundary(bytes: &[u8]) -> Option<usize> {
    let unix = memmem::find(bytes, b"\n\n").map(|at| at + 2);
    let dos = memmem::find(bytes, b"\r\n\r\n").map(|at| at + 4);
    match (unix, dos) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = concat!(
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":null}\n\n",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"x\":1}}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n",
        "data: [DONE]\n\n",
    );

    fn strip(chunks: impl Iterator<Item = &'static [u8]>) -> String {
        let (mut strip, mut out) = (Strip::default(), VecDeque::new());
        chunks.for_each(|chunk| strip.push(Bytes::from_static(chunk), &mut out));
        strip.finish(&mut out);
        String::from_utf8(out.iter().flatten().copied().collect()).unwrap()
    }

    #[test]
    fn only_the_usage_chunk_is_taken_out_however_the_stream_is_cut() {
        let expected = STREAM.replace(
            "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n",
            "",
        );
        for size in 1..STREAM.len() {
            assert_eq!(
                strip(STREAM.as_bytes().chunks(size)),
                expected,
                "chunks of {size}"
            );
        }
    }

    #[test]
    fn a_stream_that_breaks_off_loses_nothing() {
        let cut = &STREAM.as_bytes()[..40];
        assert_eq!(strip(std::iter::once(cut)).as_bytes(), cut);
    }
}
