//! A stream that goes through the neutral form: decoder, sequence, encoder.

use std::borrow::Cow;

use bytes::Bytes;
use towerman_core::{Dialect, Fault, FaultKind};

use super::{Options, mender::Mender, trouble::nonsense};
use crate::{
    dialect::{self, Codec, Decode, Encode, Unreadable},
    framing::{Deframer, Event, Framing},
    neutral::{
        Answer, Delta, Fold, Hearer, Sequence,
        signed::{self, Seals},
        unfold,
    },
    observe::ANSWER_LIMIT,
};

/// Events in a row that cannot be read, before the answer makes no sense.
const UNREADABLE: u8 = 3;

#[derive(Debug)]
pub(super) struct Neutral {
    deframer: Deframer,
    decoder: Box<dyn Decode>,
    teller: Teller,
    unreadable: u8,
}

/// A stream that is told as a whole answer.
#[derive(Debug)]
pub struct Gather {
    deframer: Deframer,
    decoder: Box<dyn Decode>,
    fold: Fold,
    mender: Option<Mender>,
    codec: &'static dyn Codec,
    hearer: Hearer,
    /// For answers that have none.
    id: String,
    unreadable: u8,
    over: bool,
    size: usize,
}

/// The side that the client hears.
#[derive(Debug)]
struct Teller {
    codec: &'static dyn Codec,
    encoder: Box<dyn Encode>,
    sequence: Option<Sequence>,
    mender: Option<Mender>,
    /// For answers that have none.
    id: String,
    over: bool,
    #[cfg(debug_assertions)]
    lawful: crate::neutral::Lawful,
}

// === impl Neutral ===

impl Neutral {
    pub(super) fn new(from: Dialect, to: Dialect, options: &Options) -> Self {
        Self {
            deframer: Deframer::new(Framing::of(from)),
            decoder: dialect::of(from).decoder(),
            teller: Teller::new(dialect::of(to), options),
            unreadable: 0,
        }
    }

    pub(super) fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        let Self {
            deframer,
            decoder,
            teller,
            unreadable,
        } = self;
        let read = deframer.push(chunk, |event| {
            take(event, decoder.as_mut(), teller, unreadable, out);
        });
        if read.is_err() {
            teller.tell(Delta::Fail(nonsense()), out);
        }
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        let Self {
            deframer,
            decoder,
            teller,
            unreadable,
        } = self;
        let read = deframer.finish(|event| {
            take(event, decoder.as_mut(), teller, unreadable, out);
        });
        if read.is_err() {
            teller.tell(Delta::Fail(nonsense()), out);
        }
        if !teller.over {
            decoder.end(&mut |delta| teller.tell(delta, out));
        }
    }
}

fn take(
    event: Event<'_>,
    decoder: &mut dyn Decode,
    teller: &mut Teller,
    unreadable: &mut u8,
    out: &mut Vec<u8>,
) {
    if teller.over || (event.data.is_empty() && event.name.is_none()) {
        return;
    }
    match decoder.event(event, &mut |delta| teller.tell(delta, out)) {
        Ok(()) => *unreadable = 0,
        // A provider's slip of the pen must not cost the rest of the answer.
        Err(Unreadable) => {
            *unreadable += 1;
            if *unreadable == UNREADABLE {
                teller.tell(Delta::Fail(nonsense()), out);
            }
        }
    }
}

// === impl Gather ===

impl Gather {
    /// A stream of dialect `from`, gathered into a whole answer of dialect `to`.
    pub fn new(from: Dialect, to: Dialect, options: &Options) -> Self {
        Self {
            deframer: Deframer::new(Framing::of(from)),
            decoder: dialect::of(from).decoder(),
            fold: Fold::default(),
            mender: Mender::new(options),
            codec: dialect::of(to),
            hearer: options.hearer(),
            id: options.id.clone(),
            unreadable: 0,
            over: false,
            size: 0,
        }
    }

    /// Takes the provider's next bytes in.
    ///
    /// # Errors
    ///
    /// A [`FaultKind::BadGateway`] if the stream makes no sense, or is longer than
    /// [`ANSWER_LIMIT`].
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), Fault> {
        self.size += chunk.len();
        if self.size > ANSWER_LIMIT {
            let message = "the provider's answer is larger than the limit";
            return Err(Fault::new(FaultKind::BadGateway, message));
        }
        let Self {
            deframer,
            decoder,
            fold,
            mender,
            unreadable,
            over,
            ..
        } = self;
        let mut take = |delta: Delta<'_>| {
            *over |= matches!(delta, Delta::End | Delta::Fail(_));
            match mender {
                Some(mender) => mender.take(delta, &mut |delta| fold.take(delta)),
                None => fold.take(delta),
            }
        };
        let read = deframer.push(chunk, |event| {
            gather(event, decoder.as_mut(), &mut take, unreadable);
        });
        if read.is_err() || *unreadable >= UNREADABLE {
            return Err(nonsense());
        }
        Ok(())
    }

    /// The bytes are over: the whole answer.
    ///
    /// # Errors
    ///
    /// The fault that the stream told of, or a [`FaultKind::BadGateway`] if it did not come to its
    /// end.
    pub fn finish(&mut self) -> Result<Bytes, Fault> {
        let Self {
            deframer,
            decoder,
            fold,
            mender,
            unreadable,
            over,
            ..
        } = self;
        let mut take = |delta: Delta<'_>| {
            *over |= matches!(delta, Delta::End | Delta::Fail(_));
            match mender {
                Some(mender) => mender.take(delta, &mut |delta| fold.take(delta)),
                None => fold.take(delta),
            }
        };
        deframer
            .finish(|event| gather(event, decoder.as_mut(), &mut take, unreadable))
            .map_err(|_| nonsense())?;
        decoder.end(&mut take);
        match fold.finish() {
            Some(answer) => {
                let answer = named(answer?, &self.id);
                write(answer, self.codec, &self.hearer)
            }
            None => Err(Fault::new(
                FaultKind::BadGateway,
                "the provider broke off before the answer was complete",
            )),
        }
    }
}

fn gather(
    event: Event<'_>,
    decoder: &mut dyn Decode,
    take: &mut dyn FnMut(Delta<'_>),
    unreadable: &mut u8,
) {
    if *unreadable >= UNREADABLE || (event.data.is_empty() && event.name.is_none()) {
        return;
    }
    match decoder.event(event, take) {
        Ok(()) => *unreadable = 0,
        Err(Unreadable) => *unreadable += 1,
    }
}

/// The answer, with an id.
pub(super) fn named<'a>(mut answer: Answer<'a>, id: &'a str) -> Answer<'a> {
    if answer.id.is_empty() {
        answer.id = Cow::Borrowed(id);
    }
    answer
}

/// A whole answer for a client.
pub(super) fn write(
    mut answer: Answer<'_>,
    codec: &dyn Codec,
    hearer: &Hearer,
) -> Result<Bytes, Fault> {
    if codec.seals() == Seals::Thoughts {
        signed::apart(&mut answer);
    }
    codec.write_answer(answer, hearer)
}

/// A whole answer, made what was asked for where its provider was not told.
pub(super) fn mended<'a>(answer: Answer<'a>, options: &Options) -> Answer<'a> {
    let Some(mut mender) = Mender::new(options) else {
        return answer;
    };
    let mut fold = Fold::default();
    unfold(answer, &mut |delta| {
        mender.take(delta, &mut |delta| fold.take(delta));
    });
    match fold.finish() {
        Some(Ok(answer)) => answer,
        // Nothing that was whole falls apart by it.
        _ => Answer::default(),
    }
}

/// A whole answer of dialect `from`, told as a stream of dialect `to`.
///
/// # Errors
///
/// As [`response`](super::response).
pub fn retell(from: Dialect, to: Dialect, body: &[u8], options: &Options) -> Result<Bytes, Fault> {
    let answer = dialect::of(from).read_answer(body)?;
    let (mut teller, mut out) = (Teller::new(dialect::of(to), options), Vec::new());
    unfold(answer, &mut |delta| teller.tell(delta, &mut out));
    Ok(out.into())
}

// === impl Teller ===

impl Teller {
    fn new(to: &'static dyn Codec, options: &Options) -> Self {
        Self {
            codec: to,
            encoder: to.encoder(options.hearer()),
            sequence: to.sequential().then(Sequence::default),
            mender: Mender::new(options),
            id: options.id.clone(),
            over: false,
            #[cfg(debug_assertions)]
            lawful: crate::neutral::Lawful::default(),
        }
    }

    fn tell(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) {
        if self.over {
            return;
        }
        #[cfg(debug_assertions)]
        self.lawful.see(&delta);
        let Some(mut mender) = self.mender.take() else {
            return self.pass(delta, out);
        };
        mender.take(delta, &mut |delta| self.pass(delta, out));
        self.mender = Some(mender);
    }

    fn pass(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) {
        if self.over {
            return;
        }
        let Self {
            codec,
            encoder,
            sequence,
            id: ours,
            over,
            ..
        } = self;
        let delta = match delta {
            Delta::Begin { id, model, created } if id.is_empty() => Delta::Begin {
                id: Cow::Borrowed(&**ours),
                model,
                created,
            },
            delta => delta,
        };
        let fault = match delta {
            Delta::Fail(fault) => Some(fault),
            delta => {
                *over = matches!(delta, Delta::End);
                match sequence {
                    None => {
                        encoder.delta(delta, out);
                        None
                    }
                    Some(sequence) => sequence
                        .take(delta, &mut |delta| match codec.seals() {
                            Seals::Thoughts => {
                                signed::step(delta, &mut |delta| encoder.delta(delta, out));
                            }
                            _ => encoder.delta(delta, out),
                        })
                        .err()
                        .map(|_| nonsense()),
                }
            }
        };
        if let Some(fault) = fault {
            *over = true;
            codec.fault_event(&fault, None, out);
        }
    }
}
