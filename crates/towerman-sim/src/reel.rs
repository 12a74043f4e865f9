//! Puts a fault into the body of an accepted request, or leaves it whole.

use std::{
    iter::{once, repeat_n},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;

use crate::{
    fault::Fault,
    reply::{Event, Events, Reply},
    trouble::Trouble,
    wire::{Form, Wire},
};

/// Bytes of a JSON body in one chunk, for the faults that count chunks.
const CHUNK: usize = 64;

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Everything was sent.
    Complete,
    /// Cleanly, though not everything was sent.
    Closed,
    /// Like a connection that closes within a message.
    Broken,
    /// Like a connection that is reset.
    Reset,
    /// Never.
    Stall,
}

/// A body to come.
pub(crate) struct Reel {
    pub(crate) events: Events,
    /// After this many events, if there are more, this ending.
    pub(crate) cut: Option<(usize, Ending)>,
    /// The ending after the last event.
    pub(crate) ending: Ending,
    /// The promised `content-length`.
    pub(crate) length: Option<usize>,
}

impl Reel {
    /// A body of one piece.
    pub(crate) fn whole(body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let length = Some(body.len());
        // An empty body has no event: it is over before it starts.
        let events = (!body.is_empty()).then(|| Event::new(body, 0));
        Self {
            events: Box::new(events.into_iter()),
            cut: None,
            ending: Ending::Complete,
            length,
        }
    }

    fn open_ended(events: Events, ending: Ending) -> Self {
        Self {
            events,
            cut: None,
            ending,
            length: None,
        }
    }
}

/// The answer as one JSON body.
pub(crate) fn whole(
    wire: &dyn Wire,
    reply: &Reply,
    fault: Option<&Fault>,
    request_id: &str,
) -> Reel {
    let body = Bytes::from(wire.whole(reply));
    let length = Some(body.len());
    let cut = |at, ending, length| {
        let body = body.clone();
        let starts = (0..body.len()).step_by(CHUNK);
        let chunks =
            starts.map(move |from| Event::new(body.slice(from..body.len().min(from + CHUNK)), 0));
        Reel {
            events: Box::new(chunks),
            cut: Some((at, ending)),
            ending: Ending::Complete,
            length,
        }
    };
    match fault {
        Some(Fault::ResetAfterChunks(n)) => cut(*n, Ending::Reset, length),
        Some(Fault::StallAfterChunks(n)) => cut(*n, Ending::Stall, length),
        // A promised length would make this an unclean end.
        Some(Fault::CloseAfterChunks(n)) => cut(*n, Ending::Closed, None),
        Some(Fault::PingsOnly { every }) => forever(Bytes::from_static(b"\n"), *every),
        Some(Fault::SlowDrip { every }) => Reel {
            length,
            ..drip(Box::new(once(Event::new(body, 0))), *every)
        },
        Some(Fault::Truncated) => {
            let half = Event::new(body.slice(..body.len() / 2), 0);
            Reel {
                length,
                ..Reel::open_ended(Box::new(once(half)), Ending::Broken)
            }
        }
        Some(Fault::ErrorInStream { .. }) => Reel {
            ending: Ending::Closed,
            ..Reel::whole(wire.error(Form::Whole, &wire.problem(&IN_STREAM), request_id))
        },
        Some(Fault::Garbage) => garbage(),
        Some(Fault::EmptyBody) => empty(),
        _ => Reel::whole(body),
    }
}

/// The answer as a stream, its tokens `pace` apart.
pub(crate) fn stream(
    wire: &'static dyn Wire,
    reply: &Arc<Reply>,
    pace: Duration,
    fault: Option<&Fault>,
    request_id: &str,
) -> Reel {
    let events = paced(wire.events(reply), pace);
    let cut = |events, at, ending| Reel {
        cut: Some((at, ending)),
        ..Reel::open_ended(events, Ending::Complete)
    };
    match fault {
        Some(Fault::ResetAfterChunks(n)) => cut(events, *n, Ending::Reset),
        Some(Fault::StallAfterChunks(n)) => cut(events, *n, Ending::Stall),
        Some(Fault::CloseAfterChunks(n)) => cut(events, *n, Ending::Closed),
        Some(Fault::PingsOnly { every }) => forever(wire.ping(reply.form), *every),
        Some(Fault::SlowDrip { every }) => drip(events, *every),
        Some(Fault::Truncated) => truncated(events),
        Some(Fault::ErrorInStream { after_chunks }) => {
            let mut good = 0;
            let events: Vec<_> = events.take(*after_chunks).inspect(|_| good += 1).collect();
            let problem = wire.problem(&IN_STREAM);
            let error = wire.error_event(reply, &problem, request_id, good);
            let all = events.into_iter().chain(once(Event::new(error, 0)));
            Reel::open_ended(Box::new(all), Ending::Closed)
        }
        Some(Fault::MalformedEvents {
            after_chunks,
            count,
        }) => {
            let mut events = events;
            let good: Vec<_> = events.by_ref().take(*after_chunks).collect();
            let malformed = wire.malformed(reply.form, good.len());
            let all = good
                .into_iter()
                .chain(repeat_n(malformed, *count).map(|bytes| Event::new(bytes, 0)))
                .chain(events);
            Reel::open_ended(Box::new(all), Ending::Complete)
        }
        Some(Fault::Garbage) => garbage(),
        Some(Fault::EmptyBody) => empty(),
        _ => Reel::open_ended(events, Ending::Complete),
    }
}

/// What goes wrong in the middle of an answer.
const IN_STREAM: Trouble<'_> = Trouble::Overloaded;

fn garbage() -> Reel {
    Reel {
        ending: Ending::Closed,
        ..Reel::whole("\u{1}%%% this is neither JSON nor an event stream %%%\u{2}")
    }
}

fn empty() -> Reel {
    Reel {
        ending: Ending::Closed,
        ..Reel::whole(Bytes::new())
    }
}

fn paced(events: Events, pace: Duration) -> Events {
    // The first token comes with the head, so it takes one pace less.
    let mut first = true;
    Box::new(events.map(move |mut event| {
        if event.tokens > 0 {
            let paces = event.tokens - u64::from(std::mem::take(&mut first));
            event.wait = pace.saturating_mul(u32::try_from(paces).unwrap_or(u32::MAX));
        }
        event
    }))
}

fn forever(ping: Bytes, every: Duration) -> Reel {
    let pings = std::iter::repeat_with(move || Event {
        wait: every,
        ..Event::new(ping.clone(), 0)
    });
    Reel::open_ended(Box::new(pings), Ending::Stall)
}

fn drip(events: Events, every: Duration) -> Reel {
    let bytes = events.flat_map(move |event| {
        let last = event.bytes.len().saturating_sub(1);
        (0..event.bytes.len()).map(move |at| Event {
            bytes: event.bytes.slice(at..=at),
            // The token is there when all of it is.
            tokens: if at == last { event.tokens } else { 0 },
            wait: every,
        })
    });
    Reel::open_ended(Box::new(bytes), Ending::Complete)
}

/// The first half of a stream's bytes, ended within an event.
fn truncated(events: Events) -> Reel {
    let mut all: Vec<_> = events.collect();
    let mut left = all.iter().map(|event| event.bytes.len()).sum::<usize>() / 2;
    let whole = all.iter().take_while(|event| {
        let fits = event.bytes.len() < left;
        left -= if fits { event.bytes.len() } else { 0 };
        fits
    });
    let whole = whole.count();
    all.truncate(whole + 1);
    if let Some(last) = all.last_mut() {
        last.bytes
            .truncate(left.min(last.bytes.len().saturating_sub(1)).max(1));
        last.tokens = 0;
    }
    Reel::open_ended(Box::new(all.into_iter()), Ending::Broken)
}
