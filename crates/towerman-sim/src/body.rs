//! Sends a response body at its pace, bills what leaves, and notices when the client does.

use std::{
    fmt,
    future::Future,
    iter::Peekable,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use crate::{
    error::SimError,
    reel::{Ending, Reel},
    reply::{Event, Events},
    visit::Visit,
};

/// The body of a simulated response.
///
/// Output tokens are billed as they are yielded. Dropped before its end, it counts as cancelled by
/// the client.
pub struct SimBody {
    events: Peekable<Events>,
    /// The event whose time has not come yet.
    next: Option<Event>,
    sleep: Option<Pin<Box<Sleep>>>,
    sent: usize,
    cut: Option<(usize, Ending)>,
    ending: Ending,
    length: Option<usize>,
    over: bool,
    visit: Visit,
}

impl SimBody {
    pub(crate) fn new(reel: Reel, visit: Visit) -> Self {
        let Reel {
            events,
            cut,
            ending,
            length,
        } = reel;
        let mut body = Self {
            events: events.peekable(),
            next: None,
            sleep: None,
            sent: 0,
            cut,
            ending,
            length,
            over: false,
            visit,
        };
        // Nobody polls a body that says it is at its end.
        body.settle_if_last();
        body
    }

    /// Settles when there is nothing more to send: a client may never ask for the end.
    fn settle_if_last(&mut self) {
        if self.events.peek().is_some() {
            return;
        }
        match self.ending {
            Ending::Complete => self.visit.complete(),
            Ending::Closed => self.visit.end(),
            Ending::Broken | Ending::Reset | Ending::Stall => return,
        }
        self.over = true;
    }

    fn conclude(&mut self, ending: Ending) -> Poll<Option<Result<Frame<Bytes>, SimError>>> {
        let error = match ending {
            // No one will wake this: it ends when the client gives up.
            Ending::Stall => return Poll::Pending,
            Ending::Complete | Ending::Closed => None,
            Ending::Broken => Some(SimError::truncated()),
            Ending::Reset => Some(SimError::reset()),
        };
        self.over = true;
        self.visit.end();
        Poll::Ready(error.map(Err))
    }
}

impl Body for SimBody {
    type Data = Bytes;
    type Error = SimError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.get_mut();
        if this.over {
            return Poll::Ready(None);
        }
        if this.next.is_none() {
            if let Some((at, ending)) = this.cut
                && this.sent == at
                && this.events.peek().is_some()
            {
                return this.conclude(ending);
            }
            let Some(event) = this.events.next() else {
                return this.conclude(this.ending);
            };
            this.sleep = (!event.wait.is_zero()).then(|| Box::pin(tokio::time::sleep(event.wait)));
            this.next = Some(event);
        }
        if let Some(sleep) = &mut this.sleep {
            ready!(sleep.as_mut().poll(cx));
            this.sleep = None;
        }
        let Some(event) = this.next.take() else {
            return this.conclude(this.ending);
        };
        this.sent += 1;
        this.visit.emit(event.tokens);
        this.settle_if_last();
        Poll::Ready(Some(Ok(Frame::data(event.bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.over
    }

    fn size_hint(&self) -> SizeHint {
        match self.length {
            Some(length) if self.sent == 0 => SizeHint::with_exact(length as u64),
            _ => SizeHint::default(),
        }
    }
}

impl fmt::Debug for SimBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimBody")
            .field("sent", &self.sent)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
