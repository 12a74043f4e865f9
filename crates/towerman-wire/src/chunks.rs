//! A vendor's own events out of AWS's frames.
//!
//! Bedrock's `invoke-with-response-stream` sends `application/vnd.amazon.eventstream`, and in each
//! frame `{"bytes":"…"}`: an event of the vendor's, in base64. Here they become the server-sent
//! events that the vendor itself would have sent, so that nobody else needs to know.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderMap;
use towerman_core::{Dialect, Fault, FaultKind};

use crate::{
    fault::{self, ProviderError},
    framing::{Deframer, Event, Framing},
    json::{Cursor, Invalid, Text},
    sse,
};

/// Makes server-sent events of chunks as they go by.
#[derive(Debug)]
pub struct Chunks {
    dialect: Dialect,
    deframer: Deframer,
    /// The event at hand, decoded.
    plain: Vec<u8>,
}

/// The media type of what comes out.
pub const MEDIA_TYPE: &str = Framing::Sse.media_type();

impl Chunks {
    /// For an answer with this head, if it announces such a stream. Its events are `dialect`'s.
    pub fn announced(dialect: Dialect, headers: &HeaderMap) -> Option<Self> {
        let framed = Framing::announced(headers) == Some(Framing::Frames);
        framed.then(|| Self {
            dialect,
            deframer: Deframer::new(Framing::Frames),
            plain: Vec::new(),
        })
    }

    /// Takes bytes in, and appends the events that they complete.
    ///
    /// An exception of AWS's becomes the error with which a stream of the dialect ends. Frames that
    /// are neither are none of ours, and are left out.
    ///
    /// # Errors
    ///
    /// A [`FaultKind::BadGateway`] if the bytes are no such stream: the rest of it cannot be read.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        let Self {
            dialect,
            deframer,
            plain,
        } = self;
        let mut sound = true;
        let framed = deframer.push(bytes, |event| {
            if event.exception {
                let fault = exception(&event);
                out.extend_from_slice(&fault::event(*dialect, &fault, None));
            } else if event.name == Some(b"chunk") && sound {
                plain.clear();
                match decode(event.data, plain) {
                    Some(()) => sse::frame(name(plain).as_deref(), plain, out),
                    None => sound = false,
                }
            }
        });
        if framed.is_err() || !sound {
            let message = "the provider's stream cannot be read";
            return Err(Fault::new(FaultKind::BadGateway, message));
        }
        Ok(())
    }
}

/// The event inside of a chunk. `p`, which is padding, says nothing.
fn decode(payload: &[u8], plain: &mut Vec<u8>) -> Option<()> {
    let text = member(payload, "bytes").ok()??;
    let text = text.decode()?;
    STANDARD.decode_vec(&*text, plain).ok()
}

/// What the vendor calls the event.
fn name(event: &[u8]) -> Option<String> {
    let name = member(event, "type").ok()??.decode()?;
    // It will stand on a line.
    let plain = |byte: u8| byte.is_ascii_graphic();
    name.bytes().all(plain).then(|| name.into_owned())
}

/// A member of an object, if it is a string.
fn member<'a>(object: &'a [u8], name: &str) -> Result<Option<Text<'a>>, Invalid> {
    let mut found = None;
    let mut cursor = Cursor::new(object);
    cursor.object(|cursor, key| {
        if key.is(name) {
            found = cursor.text()?;
            return Ok(());
        }
        cursor.skip()
    })?;
    Ok(found)
}

/// What AWS says went wrong.
fn exception(event: &Event<'_>) -> Fault {
    let kind = match event.name {
        Some(b"throttlingException") => FaultKind::RateLimited,
        Some(b"serviceUnavailableException") => FaultKind::Unavailable,
        Some(b"modelTimeoutException") => FaultKind::Timeout,
        Some(b"validationException") => FaultKind::InvalidRequest,
        _ => FaultKind::BadGateway,
    };
    let said = ProviderError::parse(event.data).message;
    let message = if said.is_empty() {
        "the provider broke off its answer".to_owned()
    } else {
        said
    };
    Fault::new(kind, message)
}
