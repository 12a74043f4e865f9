//! Frames of AWS's event streams: a length, headers, a payload, and a checksum of each half.
//!
//! Source: the encoding of `application/vnd.amazon.eventstream` in the Smithy specification.

#[cfg(test)]
mod tests;
mod write;

pub(crate) use self::write::{Message, frame, framed};
use super::Event;
use crate::sse::EVENT_LIMIT;

/// The length of the frame and of its headers, and a checksum of the two.
const PRELUDE: usize = 12;

/// The checksum at the end.
const CHECKSUM: usize = 4;

/// Takes frames apart, however they arrive.
///
/// What is no frame ends the stream: a length that is wrong once is wrong for all that follows.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// The beginning of a frame whose end has not come.
    held: Vec<u8>,
}

/// The bytes are no frame, or it is larger than [`EVENT_LIMIT`].
#[derive(Debug)]
pub(crate) struct NoFrame;

impl Frames {
    pub(crate) fn push(
        &mut self,
        chunk: &[u8],
        mut on_event: impl FnMut(Event<'_>),
    ) -> Result<(), NoFrame> {
        let mut rest = chunk;
        loop {
            if self.held.is_empty() {
                // Mostly, frames arrive whole, and nothing is copied.
                while let Some((frame, after)) = cut(rest)? {
                    on_event(read(frame)?);
                    rest = after;
                }
                self.held.extend_from_slice(rest);
                return Ok(());
            }
            let wanted = wanted(&self.held)?.saturating_sub(self.held.len());
            let Some((missing, after)) = rest.split_at_checked(wanted) else {
                self.held.extend_from_slice(rest);
                return Ok(());
            };
            self.held.extend_from_slice(missing);
            rest = after;
            // Behind the prelude the length is known, and more is wanted.
            if wanted_more(&self.held)? {
                continue;
            }
            on_event(read(&self.held)?);
            self.held.clear();
        }
    }
}

/// What was cut in two.
type Cut<'a> = (&'a [u8], &'a [u8]);

/// The first frame, if it is all there, and what follows it.
fn cut(bytes: &[u8]) -> Result<Option<Cut<'_>>, NoFrame> {
    if bytes.len() < PRELUDE {
        return Ok(None);
    }
    Ok(bytes.split_at_checked(wanted(bytes)?))
}

fn wanted_more(held: &[u8]) -> Result<bool, NoFrame> {
    Ok(held.len() < PRELUDE || held.len() < wanted(held)?)
}

/// How long the frame is, as far as its beginning tells.
fn wanted(bytes: &[u8]) -> Result<usize, NoFrame> {
    let Some((prelude, _)) = bytes.split_first_chunk::<PRELUDE>() else {
        return Ok(PRELUDE);
    };
    let total = number(prelude, 0)?;
    let head = number(prelude, 4)?;
    let sound = crc32fast::hash(&prelude[..8]) == sum(prelude, 8)?;
    let room = total
        .checked_sub(PRELUDE + CHECKSUM)
        .is_some_and(|room| head <= room);
    if sound && room && total <= EVENT_LIMIT {
        Ok(total)
    } else {
        Err(NoFrame)
    }
}

/// Reads a whole frame.
fn read(frame: &[u8]) -> Result<Event<'_>, NoFrame> {
    let (sealed, seal) = frame.split_last_chunk::<CHECKSUM>().ok_or(NoFrame)?;
    if crc32fast::hash(sealed) != u32::from_be_bytes(*seal) {
        return Err(NoFrame);
    }
    let head = number(sealed, 4)?;
    let inside = sealed.get(PRELUDE..).ok_or(NoFrame)?;
    let (mut headers, data) = inside.split_at_checked(head).ok_or(NoFrame)?;
    let (mut event, mut exception, mut error) = (None, None, None);
    let mut kind: &[u8] = b"event";
    while !headers.is_empty() {
        let ((name, value), after) = header(headers)?;
        match name {
            b":message-type" => kind = value,
            b":event-type" => event = Some(value),
            b":exception-type" => exception = Some(value),
            b":error-code" => error = Some(value),
            _ => {}
        }
        headers = after;
    }
    Ok(match kind {
        b"exception" => Event {
            name: exception,
            data,
            exception: true,
        },
        b"error" => Event {
            name: error,
            data,
            exception: true,
        },
        _ => Event {
            name: event,
            data,
            exception: false,
        },
    })
}

/// The name and the value of the first header, and what follows it.
fn header(bytes: &[u8]) -> Result<(Cut<'_>, &[u8]), NoFrame> {
    let (length, rest) = bytes.split_first().ok_or(NoFrame)?;
    let (name, rest) = rest
        .split_at_checked(usize::from(*length))
        .filter(|(name, _)| !name.is_empty())
        .ok_or(NoFrame)?;
    let (kind, mut rest) = rest.split_first().ok_or(NoFrame)?;
    let length = match kind {
        // True and false.
        0 | 1 => 0,
        // A byte, three integers, and a time.
        2 => 1,
        3 => 2,
        4 => 4,
        5 | 8 => 8,
        // Bytes and strings say how long they are.
        6 | 7 => {
            let (length, after) = rest.split_first_chunk().ok_or(NoFrame)?;
            rest = after;
            usize::from(u16::from_be_bytes(*length))
        }
        // A UUID.
        9 => 16,
        _ => return Err(NoFrame),
    };
    let (value, rest) = rest.split_at_checked(length).ok_or(NoFrame)?;
    Ok(((name, value), rest))
}

fn number(bytes: &[u8], at: usize) -> Result<usize, NoFrame> {
    usize::try_from(sum(bytes, at)?).map_err(|_| NoFrame)
}

fn sum(bytes: &[u8], at: usize) -> Result<u32, NoFrame> {
    let bytes = bytes.get(at..).and_then(<[u8]>::first_chunk);
    bytes.copied().map(u32::from_be_bytes).ok_or(NoFrame)
}
