//! How a call comes to its end, as a layer around it sees it.

use std::error::Error;

use crate::{FailureKind, Fault, Phase, find};

/// How a call came to its end, as seen by a layer that watches it.
///
/// What it means for the endpoint is for [`AttemptFacts::end`](crate::AttemptFacts::end) to say:
/// somebody further in may know better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The answer was read to its end.
    Read,
    /// The service or the body failed; this is why, unless somebody knows better.
    Broke(FailureKind),
    /// The service would not take the request: that says nothing about the endpoint.
    Unfit,
    /// It was dropped before its end.
    Dropped,
}

impl End {
    /// The end that `frame` is to a body's reader, if it is one. `last` is whether the body says
    /// that nothing follows: whoever knows that will not poll again.
    pub const fn of_frame<T, E>(frame: Option<&Result<T, E>>, last: bool) -> Option<Self> {
        match frame {
            Some(Ok(_)) if !last => None,
            Some(Ok(_)) | None => Some(Self::Read),
            Some(Err(_)) => Some(Self::Broke(FailureKind::Reset)),
        }
    }

    /// The end that `error` is, which came instead of an answer when an attempt was at `phase`.
    pub fn of_error(error: &(dyn Error + 'static), phase: Phase) -> Self {
        let unsent = phase == Phase::Unsent;
        match find::<Fault>(error) {
            // A layer further in would not put the request to this endpoint. (The source of
            // a circuit's refusal is a fault, too.)
            Some(fault) if unsent || fault.kind().is_callers() => Self::Unfit,
            _ if unsent => Self::Broke(FailureKind::Connect),
            _ => Self::Broke(FailureKind::Reset),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BoxError, FaultKind};

    #[test]
    fn a_body_ends_with_its_last_frame_its_error_or_nothing() {
        let (fine, broken): (Result<(), ()>, Result<(), ()>) = (Ok(()), Err(()));
        assert_eq!(End::of_frame(Some(&fine), false), None);
        assert_eq!(End::of_frame(Some(&fine), true), Some(End::Read));
        assert_eq!(
            End::of_frame(None::<&Result<(), ()>>, false),
            Some(End::Read)
        );
        let reset = Some(End::Broke(FailureKind::Reset));
        assert_eq!(End::of_frame(Some(&broken), false), reset);
    }

    #[test]
    fn what_nobody_sent_says_nothing_unless_nobody_explains_it() {
        let fault = |kind| BoxError::from(Fault::new(kind, "no"));
        let (ours, theirs) = (fault(FaultKind::BadGateway), fault(FaultKind::TooLarge));
        let unexplained = BoxError::from("no");
        let ends = |phase| {
            [&ours, &theirs, &unexplained].map(|error| End::of_error(error.as_ref(), phase))
        };
        let broke = End::Broke;
        assert_eq!(
            ends(Phase::Unsent),
            [End::Unfit, End::Unfit, broke(FailureKind::Connect)]
        );
        let reset = broke(FailureKind::Reset);
        assert_eq!(ends(Phase::Sent), [reset, End::Unfit, reset]);
    }
}
