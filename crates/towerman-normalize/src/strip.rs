//! Takes the usage chunk out of an OpenAI stream whose client did not ask for it. Pure.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use towerman_core::{Fault, FaultKind};
use towerman_wire::{
    edit::is_usage_chunk,
    sse::{EVENT_LIMIT, Framer},
};

/// Forwards whole events, and leaves out those that hold usage and no choices.
///
/// Frames are sliced, not copied; only the beginning of an event that lies across two frames is.
#[derive(Debug, Default)]
pub(crate) struct Strip {
    framer: Framer,
    /// The beginning of an event whose end has not come.
    partial: BytesMut,
}

impl Strip {
    /// Takes in a frame; what may go on is appended to `out`.
    pub(crate) fn push(&mut self, frame: &Bytes, out: &mut VecDeque<Bytes>) -> Result<(), Fault> {
        let Self { framer, partial } = self;
        // So much of the frame has gone on, or was left out.
        let mut done = 0;
        let over = framer
            .push(frame, |event| {
                if !is_usage_chunk(event.data) {
                    return;
                }
                if event.span.start == 0 {
                    partial.clear();
                } else {
                    forward(partial, frame, done..event.span.start, out);
                }
                done = event.span.end;
            })
            .map_err(|_| too_large())?;
        forward(partial, frame, done..over, out);
        if partial.len() + frame.len() - over > EVENT_LIMIT {
            return Err(too_large());
        }
        partial.extend_from_slice(&frame[over..]);
        Ok(())
    }

    /// The stream ended: what is left is not a whole event, and is passed on as it is.
    pub(crate) fn finish(&mut self, out: &mut VecDeque<Bytes>) {
        if !self.partial.is_empty() {
            out.push_back(self.partial.split().freeze());
        }
    }
}

/// Passes on events that end in `frame`, with what is known of the first of them from before.
fn forward(
    partial: &mut BytesMut,
    frame: &Bytes,
    span: std::ops::Range<usize>,
    out: &mut VecDeque<Bytes>,
) {
    if span.is_empty() {
        return;
    }
    if !partial.is_empty() {
        out.push_back(partial.split().freeze());
    }
    out.push_back(frame.slice(span));
}

fn too_large() -> Fault {
    Fault::new(
        FaultKind::BadGateway,
        "the provider's stream has an event that is larger than the limit",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const USAGE: &str = "data: {\"choices\": [], \"usage\": {\"prompt_tokens\": 1}}\n\n";

    const EVENTS: [&str; 6] = [
        ": ping\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":null}\n\n",
        "event: x\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\ndata: \"usage\":{\"x\":1}}\n\n",
        USAGE,
        "data: [DONE]\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n",
    ];

    fn stripped<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Result<String, Fault> {
        let (mut strip, mut out) = (Strip::default(), VecDeque::new());
        for chunk in chunks {
            strip.push(&Bytes::copy_from_slice(chunk), &mut out)?;
        }
        strip.finish(&mut out);
        assert!(out.iter().all(|piece| !piece.is_empty()));
        Ok(String::from_utf8(out.iter().flatten().copied().collect()).unwrap())
    }

    #[test]
    fn only_the_usage_chunk_is_taken_out_however_the_stream_is_cut() {
        let kept = EVENTS[..3].concat() + EVENTS[4];
        for end in ["\n", "\r", "\r\n"] {
            let stream = EVENTS.concat().replace('\n', end);
            let expected = kept.replace('\n', end);
            for size in 1..stream.len() {
                let mut out = stripped(stream.as_bytes().chunks(size)).unwrap();
                if end == "\r\n" {
                    // Of a line end that lies in two frames the second half may be left, which
                    // says nothing.
                    out = out.replace("\r\n\r\n\n", "\r\n\r\n");
                }
                assert_eq!(out, expected, "{end:?} in chunks of {size}");
            }
        }
        let mixed = "data: {\"choices\":[],\"usage\":{}}\r\n\ndata: a\r\rdata: b\n\r\n";
        let out = stripped(std::iter::once(mixed.as_bytes())).unwrap();
        assert_eq!(out, "data: a\r\rdata: b\n\r\n");
    }

    #[test]
    fn a_comment_goes_on_at_once() {
        let (mut strip, mut out) = (Strip::default(), VecDeque::new());
        strip.push(&Bytes::from(": ping\n\nda"), &mut out).unwrap();
        assert_eq!(out, [Bytes::from(": ping\n\n")]);
    }

    #[test]
    fn a_stream_that_breaks_off_loses_nothing() {
        let cut = &EVENTS[1].as_bytes()[..40];
        assert_eq!(stripped(std::iter::once(cut)).unwrap().as_bytes(), cut);
    }

    #[test]
    fn an_event_without_end_is_refused_and_not_read_again_and_again() {
        let data = [b"data: ", &vec![b'x'; EVENT_LIMIT][..]].concat();
        let comments = b": 89\n".repeat(EVENT_LIMIT / 5 + 1);
        for endless in [data, comments] {
            let fault = stripped(endless.chunks(1 << 10)).unwrap_err();
            assert_eq!(fault.kind(), FaultKind::BadGateway);
        }
        // Copied once: eight megabytes in small frames would take minutes otherwise.
        let mut long = b"data: ".to_vec();
        long.resize(EVENT_LIMIT - 2, b'x');
        long.extend_from_slice(b"\n\n");
        assert_eq!(stripped(long.chunks(256)).unwrap().len(), long.len());
    }
}
