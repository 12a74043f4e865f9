//! A stream that goes through the neutral form: decoder, sequence, encoder.

use towerman_core::{Dialect, Fault, FaultKind};

use super::Options;
use crate::{
    dialect::{self, Codec, Decode, Encode, Unreadable},
    framing::{Deframer, Event, Framing},
    neutral::{Delta, Hearer, Sequence},
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

/// The side that the client hears.
#[derive(Debug)]
struct Teller {
    codec: &'static dyn Codec,
    encoder: Box<dyn Encode>,
    sequence: Option<Sequence>,
    over: bool,
    #[cfg(debug_assertions)]
    lawful: crate::neutral::Lawful,
}

// === impl Neutral ===

impl Neutral {
    pub(super) fn new(from: Dialect, to: Dialect, options: &Options) -> Option<Self> {
        let framing = Framing::of(from);
        let (from, to) = (dialect::of(from)?, dialect::of(to)?);
        Some(Self {
            deframer: Deframer::new(framing),
            decoder: from.decoder(),
            teller: Teller {
                codec: to,
                encoder: to.encoder(Hearer {
                    include_usage: options.include_usage,
                    created: options.created,
                    ..Hearer::default()
                }),
                sequence: to.sequential().then(Sequence::default),
                over: false,
                #[cfg(debug_assertions)]
                lawful: crate::neutral::Lawful::default(),
            },
            unreadable: 0,
        })
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

// === impl Teller ===

impl Teller {
    fn tell(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) {
        if self.over {
            return;
        }
        #[cfg(debug_assertions)]
        self.lawful.see(&delta);
        let Self {
            codec,
            encoder,
            sequence,
            over,
            ..
        } = self;
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
                        .take(delta, &mut |delta| encoder.delta(delta, out))
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

/// The answer is not of the dialect.
fn nonsense() -> Fault {
    Fault::new(
        FaultKind::BadGateway,
        "the provider's answer could not be understood",
    )
}
