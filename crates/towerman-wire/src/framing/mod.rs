//! How the events of a stream are put into bytes, and got out of them again.

pub(crate) mod emit;
pub(crate) mod frames;
mod lines;

use http::{HeaderMap, header::CONTENT_TYPE};
use towerman_core::Dialect;

use self::{frames::Frames, lines::Lines};
use crate::sse;

/// One event of a stream, in whatever framing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event<'a> {
    /// Its type, where the framing names it: SSE's `event`, an event stream's `:event-type` or
    /// `:exception-type`.
    pub(crate) name: Option<&'a [u8]>,
    /// Mostly JSON.
    pub(crate) data: &'a [u8],
    /// The framing itself says that this is an error.
    pub(crate) exception: bool,
}

impl<'a> From<sse::Event<'a>> for Event<'a> {
    fn from(event: sse::Event<'a>) -> Self {
        Self {
            name: event.name,
            data: event.data,
            exception: false,
        }
    }
}

/// How a dialect's streams are framed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Server-sent events.
    #[default]
    Sse,
    /// One JSON value per line.
    Lines,
    /// `application/vnd.amazon.eventstream`: binary frames with checksums.
    Frames,
}

impl Framing {
    const ALL: [Self; 3] = [Self::Sse, Self::Lines, Self::Frames];

    /// The media type of its streams.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Sse => "text/event-stream",
            Self::Lines => "application/x-ndjson",
            Self::Frames => "application/vnd.amazon.eventstream",
        }
    }

    /// The framing of this media type, whatever its parameters.
    pub(crate) fn of_type(media_type: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|framing| {
            let name = framing.media_type().as_bytes();
            let head = media_type.get(..name.len());
            head.is_some_and(|head| head.eq_ignore_ascii_case(name))
        })
    }

    /// The framing that an answer's head announces.
    pub(crate) fn announced(headers: &HeaderMap) -> Option<Self> {
        Self::of_type(headers.get(CONTENT_TYPE)?.as_bytes())
    }

    /// The framing of a dialect's streams.
    pub(crate) const fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Ollama => Self::Lines,
            Dialect::BedrockConverse => Self::Frames,
            _ => Self::Sse,
        }
    }
}

/// Gets the events out of a stream's bytes, however those were cut.
#[derive(Debug)]
pub(crate) enum Deframer {
    Sse(sse::Framer),
    Lines(Lines),
    Frames(Frames),
}

/// The bytes are no stream of this framing, or an event is larger than any may be.
#[derive(Debug)]
pub(crate) struct Broken;

impl Deframer {
    pub(crate) fn new(framing: Framing) -> Self {
        match framing {
            Framing::Sse => Self::Sse(sse::Framer::new()),
            Framing::Frames => Self::Frames(Frames::default()),
            Framing::Lines => Self::Lines(Lines::default()),
        }
    }

    /// Takes bytes in, and tells of the events that they complete.
    pub(crate) fn push(
        &mut self,
        chunk: &[u8],
        mut on_event: impl FnMut(Event<'_>),
    ) -> Result<(), Broken> {
        match self {
            Self::Sse(framer) => framer
                .push(chunk, |event| on_event(event.into()))
                .map(drop)
                .map_err(|_| Broken),
            Self::Lines(lines) => lines
                .push(chunk, |line| on_event(Event::line(line)))
                .map_err(|_| Broken),
            Self::Frames(frames) => frames.push(chunk, on_event).map_err(|_| Broken),
        }
    }

    /// The bytes are over.
    pub(crate) fn finish(&mut self, mut on_event: impl FnMut(Event<'_>)) -> Result<(), Broken> {
        match self {
            Self::Sse(framer) => framer
                .finish(|event| on_event(event.into()))
                .map_err(|_| Broken),
            Self::Lines(lines) => {
                lines.finish(|line| on_event(Event::line(line)));
                Ok(())
            }
            // Half a frame is none: whoever reads the events knows that the end did not come.
            Self::Frames(_) => Ok(()),
        }
    }
}

impl<'a> Event<'a> {
    const fn line(data: &'a [u8]) -> Self {
        Self {
            name: None,
            data,
            exception: false,
        }
    }
}
