//! What went wrong on the way to a provider.

use std::{error::Error as _, fmt};

use towerman_core::{Attempt, BoxError, FailureKind};

/// The provider could not be reached, or broke off before its answer began.
#[derive(Debug)]
pub(crate) struct SendError {
    kind: FailureKind,
    source: BoxError,
}

impl SendError {
    /// Classifies `error`, and notes it on the attempt: whoever dials says why it failed.
    pub(crate) fn note(error: hyper_util::client::legacy::Error, attempt: &Attempt) -> BoxError {
        let kind = kind(&error);
        if kind == FailureKind::Connect {
            attempt.unsend();
        }
        attempt.note(|facts| facts.fail(kind));
        Self {
            kind,
            source: error.into(),
        }
        .into()
    }
}

fn kind(error: &hyper_util::client::legacy::Error) -> FailureKind {
    if error.is_connect() {
        return FailureKind::Connect;
    }
    let parse = error
        .source()
        .and_then(|source| source.downcast_ref::<hyper::Error>())
        .is_some_and(|error| error.is_parse());
    if parse {
        FailureKind::Protocol
    } else {
        FailureKind::Reset
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the request was not answered: {}", self.kind.as_str())
    }
}

impl std::error::Error for SendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.source.as_ref())
    }
}
