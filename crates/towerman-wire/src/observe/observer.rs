//! Reads one answer as its bytes go by.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use towerman_core::{Dialect, FailureKind, Operation, Phase};

use super::state::{Learned, State};
use crate::{
    fault::{Blame, Head, ProviderError},
    framing::{Deframer, Framing},
    sse::Framer,
};

/// The most that is kept of a whole answer, to read it at its end.
pub const ANSWER_LIMIT: usize = 32 << 20;

/// How much of an error's body is kept.
pub const ERROR_LIMIT: usize = 64 << 10;

/// Reads one answer as its bytes go by: events, a whole body, or an error.
///
/// In a stream, nothing is allocated per event once the model's name is known.
#[derive(Debug)]
pub struct Observer {
    mode: Mode,
    state: State,
}

#[derive(Debug)]
enum Mode {
    /// Success, and no byte yet that tells events from a whole answer.
    Undecided { media_type: Media },
    /// Server-sent events.
    Events(Framer),
    /// Events in some other framing.
    Framed(Deframer),
    /// One JSON value, read when it is whole.
    Whole(Kept),
    /// An error, read when it is whole or large.
    Error {
        status: StatusCode,
        head: Head,
        kept: Vec<u8>,
    },
    /// Nothing more is read.
    Over,
}

/// A body that is kept: the only frame as it is, more of them joined.
#[derive(Debug, Default)]
struct Kept {
    only: Bytes,
    joined: Vec<u8>,
    size: usize,
}

#[derive(Clone, Copy, Debug)]
enum Media {
    Events,
    /// A stream in a framing of the dialect's own.
    Framed(Framing),
    Json,
    Other,
}

// === impl Observer ===

impl Observer {
    /// Begins with an answer's head. Without a `dialect` it is found out from the content.
    pub fn new(dialect: Option<Dialect>, status: StatusCode, media_type: Option<&str>) -> Self {
        let success = status.is_success();
        let is = |name: &str| {
            let head = media_type.and_then(|media_type| media_type.get(..name.len()));
            head.is_some_and(|head| head.eq_ignore_ascii_case(name))
        };
        let announced = media_type.and_then(|name| Framing::of_type(name.as_bytes()));
        let media_type = match (announced, dialect.map(Framing::of)) {
            (Some(Framing::Sse), _) => Media::Events,
            (Some(framing), _) => Media::Framed(framing),
            _ if is("application/json") => Media::Json,
            // Without a type, its streams cannot be told from whole answers by their first byte.
            (None, Some(framing @ (Framing::Lines | Framing::Frames))) => Media::Framed(framing),
            _ => Media::Other,
        };
        Self {
            mode: if success {
                Mode::Undecided { media_type }
            } else {
                Mode::Error {
                    status,
                    head: Head::default(),
                    kept: Vec::new(),
                }
            },
            state: State::new(dialect, if success { Phase::Open } else { Phase::Refused }),
        }
    }

    /// Says what the answer is one to, if not to a prompt.
    #[must_use]
    pub const fn of(mut self, operation: Operation) -> Self {
        self.state.operation = operation;
        self
    }

    /// Whether the head announced events.
    pub(super) const fn streams(&self) -> bool {
        matches!(
            self.mode,
            Mode::Undecided {
                media_type: Media::Events | Media::Framed(_)
            }
        )
    }

    /// The answer has these headers, of which only an error's say something more.
    pub(super) fn heed(&mut self, headers: &HeaderMap) {
        if let Mode::Error { head, .. } = &mut self.mode {
            *head = Head::read(headers);
        }
    }

    /// The body is to be this long. A whole answer was generated to its end before its head was
    /// sent, so all of it counts, however much arrives.
    pub(super) fn expect(&mut self, bytes: u64) {
        if matches!(self.mode, Mode::Undecided { .. }) && !self.streams() {
            self.state.received(bytes);
        }
    }

    /// Reads the next bytes of the body.
    pub fn push(&mut self, bytes: &Bytes) {
        let mut bytes = bytes;
        let trimmed;
        if let Mode::Undecided { media_type } = self.mode {
            // Line ends before the first byte count for nothing, in whatever chunk they come.
            let blank = bytes
                .iter()
                .take_while(|byte| b"\r\n".contains(byte))
                .count();
            if blank > 0 {
                trimmed = bytes.slice(blank..);
                bytes = &trimmed;
            }
            self.mode = decide(media_type, bytes);
            if matches!(self.mode, Mode::Events(_) | Mode::Framed(_)) {
                self.state.learned.content_bytes = 0;
            }
        }
        match &mut self.mode {
            Mode::Events(framer) => {
                let state = &mut self.state;
                if framer
                    .push(bytes, |event| state.event(event.into()))
                    .is_err()
                {
                    state.fail(FailureKind::Protocol);
                    self.mode = Mode::Over;
                }
            }
            Mode::Framed(deframer) => {
                let state = &mut self.state;
                if deframer.push(bytes, |event| state.event(event)).is_err() {
                    state.fail(FailureKind::Protocol);
                    self.mode = Mode::Over;
                }
            }
            Mode::Whole(kept) => {
                kept.push(bytes);
                self.state.received(kept.size as u64);
                if kept.size > ANSWER_LIMIT {
                    // Too large to judge, and too much to send twice.
                    self.state.deliver(0);
                }
            }
            Mode::Error { kept, .. } => {
                let room = ERROR_LIMIT - kept.len();
                kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
            Mode::Undecided { .. } | Mode::Over => {}
        }
    }

    /// The body ended as it should.
    pub fn finish(&mut self) {
        let state = &mut self.state;
        match std::mem::replace(&mut self.mode, Mode::Over) {
            Mode::Events(mut framer) => {
                if framer.finish(|event| state.event(event.into())).is_err() {
                    state.fail(FailureKind::Protocol);
                }
                state.over();
            }
            Mode::Framed(mut deframer) => {
                if deframer.finish(|event| state.event(event)).is_err() {
                    state.fail(FailureKind::Protocol);
                }
                state.over();
            }
            Mode::Whole(kept) if kept.size > ANSWER_LIMIT => state.complete(),
            Mode::Whole(kept) if kept.joined.is_empty() => state.whole(&kept.only),
            Mode::Whole(kept) => state.whole(&kept.joined),
            Mode::Undecided { .. } => state.whole(b""),
            Mode::Error { status, head, kept } => {
                let error = ProviderError::parse(&kept).under(&head);
                state.refused(&error.canonical(status));
                match error.blame(status) {
                    Blame::Endpoint(kind) => state.fail(kind),
                    Blame::Caller => state.excuse(),
                    Blame::Status => {}
                }
            }
            Mode::Over => {}
        }
    }

    /// The body broke off.
    pub fn abort(&mut self) {
        self.mode = Mode::Over;
        // A connection that breaks after the last event has cost nothing.
        if !self.state.learned.complete {
            self.state.fail(FailureKind::Reset);
        }
    }

    /// Whether three events in a row could not be read.
    pub(super) const fn is_garbage(&self) -> bool {
        self.state.is_garbage()
    }

    /// What was learned so far.
    pub const fn learned(&self) -> &Learned {
        &self.state.learned
    }

    /// What was learned, if something was since this was last asked.
    pub(super) fn news(&mut self) -> Option<&Learned> {
        std::mem::take(&mut self.state.news).then_some(&self.state.learned)
    }
}

/// Tells events from a whole answer: by the first byte that ends no line, because the media type is
/// sometimes missing and sometimes wrong. One byte, so that chunking cannot change the result.
fn decide(media_type: Media, bytes: &Bytes) -> Mode {
    let whole = match (bytes.first(), media_type) {
        (None, _) => return Mode::Undecided { media_type },
        (_, Media::Framed(framing)) => return Mode::Framed(Deframer::new(framing)),
        (Some(b'{' | b'[' | b'<'), _) | (_, Media::Json) => true,
        (_, Media::Events) => false,
        // A comment, a byte order mark, or the start of `data`, `event`, `id` or `retry`.
        (Some(first), Media::Other) => !b":\xEFdeir".contains(first),
    };
    if whole {
        Mode::Whole(Kept::default())
    } else {
        Mode::Events(Framer::new())
    }
}

// === impl Kept ===

impl Kept {
    fn push(&mut self, bytes: &Bytes) {
        self.size += bytes.len();
        if self.size > ANSWER_LIMIT {
            self.joined = Vec::new();
            self.only = Bytes::new();
        } else if self.size == bytes.len() {
            self.only = bytes.clone();
        } else {
            // Joined at once: a list of tiny frames would be larger than what is in them.
            self.joined
                .extend_from_slice(&std::mem::take(&mut self.only));
            self.joined.extend_from_slice(bytes);
        }
    }
}
