//! How an attempt ended.

use std::time::Duration;

/// What an attempt says about the health of its endpoint. Known at the end of the body, not at
/// the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The endpoint did what it was asked, or refused for a reason that is the caller's.
    Success,
    /// The endpoint failed.
    Failure(FailureKind),
    /// The endpoint works but asked for fewer requests.
    Throttled {
        /// How long it asked to be left alone, if it said.
        retry_after: Option<Duration>,
    },
    /// The caller left. Neither success nor failure.
    Cancelled,
}

/// Ways in which an endpoint fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// No connection: refused, unresolved, TLS.
    Connect,
    /// The connection broke.
    Reset,
    /// No first content in time; of a whole answer: no answer.
    FirstContentTimeout,
    /// Silence in the middle of a stream.
    IdleTimeout,
    /// The whole deadline passed.
    Deadline,
    /// 5xx.
    Server,
    /// 503 or 529: up, but full.
    Overloaded,
    /// Our credentials were refused: 401 or 403.
    Auth,
    /// Out of quota or money at the provider.
    Quota,
    /// Not the dialect: garbage, HTML, an empty answer.
    Protocol,
    /// The stream ended before it was complete.
    Truncated,
    /// An error event inside a 200 stream.
    InStream,
}

impl Outcome {
    /// A short name for logs and metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure(kind) => kind.as_str(),
            Self::Throttled { .. } => "throttled",
            Self::Cancelled => "cancelled",
        }
    }
}

impl FailureKind {
    /// A short name for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Reset => "reset",
            Self::FirstContentTimeout => "first_content_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::Deadline => "deadline",
            Self::Server => "server_error",
            Self::Overloaded => "overloaded",
            Self::Auth => "auth",
            Self::Quota => "quota",
            Self::Protocol => "protocol",
            Self::Truncated => "truncated",
            Self::InStream => "in_stream_error",
        }
    }
}

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Finish {
    /// It was done, or met a stop sequence.
    Stop,
    /// It ran out of output tokens or context.
    Length,
    /// It wants tools called.
    ToolCalls,
    /// It, or a filter, refused.
    ContentFilter,
    /// A reason this version does not know.
    Other,
}

impl Finish {
    /// A short name for logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
            Self::Other => "other",
        }
    }
}
