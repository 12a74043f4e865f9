//! Says how a connection failed, when no response could.

use std::{fmt, io};

/// Any error a request body may end with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What a client of the in-memory service sees where a TCP client would see its socket fail.
///
/// The [`source`](std::error::Error::source) of the connection-level variants is an [`io::Error`]
/// of the kind that a socket would give, so code that classifies errors by walking the chain finds
/// the same facts in both worlds.
#[derive(Debug)]
#[non_exhaustive]
pub enum SimError {
    /// No connection: [`io::ErrorKind::ConnectionRefused`].
    Refused(io::Error),
    /// The connection was reset: [`io::ErrorKind::ConnectionReset`].
    Reset(io::Error),
    /// The body ended before it was whole: [`io::ErrorKind::UnexpectedEof`].
    Truncated(io::Error),
    /// The request's own body failed while the provider read it.
    RequestBody(BoxError),
}

impl SimError {
    pub(crate) fn refused() -> Self {
        Self::Refused(io::ErrorKind::ConnectionRefused.into())
    }

    pub(crate) fn reset() -> Self {
        Self::Reset(io::ErrorKind::ConnectionReset.into())
    }

    pub(crate) fn truncated() -> Self {
        Self::Truncated(io::ErrorKind::UnexpectedEof.into())
    }
}

impl fmt::Display for SimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused(_) => "the simulated provider refused the connection",
            Self::Reset(_) => "the simulated provider reset the connection",
            Self::Truncated(_) => "the simulated provider's body ended before it was whole",
            Self::RequestBody(_) => "the request body failed",
        })
    }
}

impl std::error::Error for SimError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(source) | Self::Reset(source) | Self::Truncated(source) => Some(source),
            Self::RequestBody(source) => Some(&**source),
        }
    }
}
