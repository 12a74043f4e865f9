//! The request body inside the stack: held and replayable, or passing through.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::BoxError;

/// A request body.
///
/// Once it is *held*, every attempt gets its own copy with [`try_clone`](Self::try_clone), which
/// copies no bytes. A body that merely passes through (a request that is none of our business) is
/// streamed and cannot be replayed.
pub struct Body(Repr);

enum Repr {
    Held(Bytes),
    /// Pieces of one body, sent one after the other: an edited body without a copy of the rest.
    Rope {
        pieces: Arc<[Bytes]>,
        next: usize,
    },
    Stream(Pin<Box<dyn http_body::Body<Data = Bytes, Error = BoxError> + Send>>),
}

impl Body {
    /// A body of no bytes.
    pub const fn empty() -> Self {
        Self(Repr::Held(Bytes::new()))
    }

    /// A held body made of `pieces`, which are sent in order and never joined.
    pub fn rope(pieces: impl Into<Arc<[Bytes]>>) -> Self {
        Self(Repr::Rope {
            pieces: pieces.into(),
            next: 0,
        })
    }

    /// A body that passes through and cannot be replayed.
    pub fn stream<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Repr::Stream(Box::pin(MapError { body })))
    }

    /// The bytes of a held body, unless it is a rope.
    pub const fn bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Repr::Held(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The same body again from its start, if it is held.
    pub fn try_clone(&self) -> Option<Self> {
        match &self.0 {
            Repr::Held(bytes) => Some(Self(Repr::Held(bytes.clone()))),
            Repr::Rope { pieces, .. } => Some(Self::rope(Arc::clone(pieces))),
            Repr::Stream(_) => None,
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Repr::Held(bytes))
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.0 {
            Repr::Held(_) => "Held",
            Repr::Rope { .. } => "Rope",
            Repr::Stream(_) => "Stream",
        };
        // Prompts do not belong in logs: only the size is shown.
        f.debug_struct(name)
            .field("bytes", &http_body::Body::size_hint(self).exact())
            .finish()
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Repr::Held(bytes) if bytes.is_empty() => Poll::Ready(None),
            Repr::Held(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Repr::Rope { pieces, next } => {
                let piece = pieces.get(*next).cloned();
                *next += 1;
                Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
            }
            Repr::Stream(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Repr::Held(bytes) => bytes.is_empty(),
            Repr::Rope { pieces, next } => *next >= pieces.len(),
            Repr::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Repr::Held(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Repr::Rope { pieces, next } => SizeHint::with_exact(
                pieces
                    .iter()
                    .skip(*next)
                    .map(|piece| piece.len() as u64)
                    .sum(),
            ),
            Repr::Stream(body) => body.size_hint(),
        }
    }
}

pin_project_lite::pin_project! {
    struct MapError<B> {
        #[pin]
        body: B,
    }
}

impl<B> http_body::Body for MapError<B>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.project().body.poll_frame(cx).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use http_body::Body as _;

    use super::*;

    fn read(body: &mut Body) -> Vec<u8> {
        let mut out = Vec::new();
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(frame)) = Pin::new(&mut *body).poll_frame(&mut cx) {
            out.extend_from_slice(&frame.unwrap().into_data().unwrap());
        }
        out
    }

    #[test]
    fn a_rope_reads_as_its_pieces_and_replays_from_the_start() {
        let mut body = Body::rope(vec![Bytes::from("ab"), Bytes::from("c")]);
        assert_eq!(body.size_hint().exact(), Some(3));
        assert_eq!(read(&mut body), b"abc");
        assert!(body.is_end_stream());
        assert_eq!(read(&mut body.try_clone().unwrap()), b"abc");
    }

    #[test]
    fn a_held_body_replays_and_a_stream_does_not() {
        assert_eq!(
            read(&mut Body::from("hello").try_clone().unwrap()),
            b"hello"
        );
        assert!(Body::stream(Body::from("x")).try_clone().is_none());
    }

    #[test]
    fn debug_shows_no_content() {
        assert!(!format!("{:?}", Body::from("secret prompt")).contains("secret"));
    }
}
