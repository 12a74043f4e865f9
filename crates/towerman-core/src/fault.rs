//! The one error that a client sees, before it is put into the client's dialect.

use std::{borrow::Cow, error::Error, fmt, time::Duration};

use http::StatusCode;

use crate::BoxError;

/// Why a request got no answer, in words that every dialect can say.
///
/// A layer that refuses a request returns this (or an error whose source is this); the outermost
/// layer renders it in the client's dialect. The message is shown to the client: it never holds
/// a provider's text, a key or an address.
#[derive(Debug)]
pub struct Fault {
    kind: FaultKind,
    message: Cow<'static, str>,
    param: Option<Cow<'static, str>>,
    retry_after: Option<Duration>,
    source: Option<BoxError>,
}

/// Classes of fault. Each maps to one HTTP status, and in each dialect to one error type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// 400: the request is malformed, or asks for what cannot be.
    InvalidRequest,
    /// 400: the prompt does not fit any model that could serve it.
    ContextLength,
    /// 401: no key, or an unknown one.
    Authentication,
    /// 403: a known caller that may not do this.
    Permission,
    /// 404: no such model or path.
    NotFound,
    /// 405: the path exists, the method does not.
    MethodNotAllowed,
    /// 408: the body did not come in time.
    RequestTimeout,
    /// 413: the body is larger than the limit.
    TooLarge,
    /// 415: the body is not JSON.
    UnsupportedMediaType,
    /// 429: too many requests.
    RateLimited,
    /// 500: a defect of ours.
    Internal,
    /// 502: an endpoint answered nonsense, refused our key, or could not be reached.
    BadGateway,
    /// 503: no endpoint can take this now.
    Unavailable,
    /// 504: no endpoint answered in time.
    Timeout,
}

impl FaultKind {
    /// The HTTP status.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest | Self::ContextLength => StatusCode::BAD_REQUEST,
            Self::Authentication => StatusCode::UNAUTHORIZED,
            Self::Permission => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::BadGateway => StatusCode::BAD_GATEWAY,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// A short name for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::ContextLength => "context_length",
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::RequestTimeout => "request_timeout",
            Self::TooLarge => "too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::RateLimited => "rate_limited",
            Self::Internal => "internal",
            Self::BadGateway => "bad_gateway",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
        }
    }

    /// Whether the request itself is at fault (4xx but 429).
    pub const fn is_callers(self) -> bool {
        !matches!(
            self,
            Self::RateLimited
                | Self::Internal
                | Self::BadGateway
                | Self::Unavailable
                | Self::Timeout
        )
    }
}

impl Fault {
    /// A fault with a message for the client.
    pub fn new(kind: FaultKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            param: None,
            retry_after: None,
            source: None,
        }
    }

    /// Names the part of the request that is wrong: a field or a JSON pointer.
    #[must_use]
    pub fn param(mut self, param: impl Into<Cow<'static, str>>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Says when it is worth trying again.
    #[must_use]
    pub const fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// Keeps what caused it, for logs.
    #[must_use]
    pub fn because(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The class.
    pub const fn kind(&self) -> FaultKind {
        self.kind
    }

    /// The words for the client.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The part of the request that is wrong, if it is one part.
    pub fn named_param(&self) -> Option<&str> {
        self.param.as_deref()
    }

    /// When to try again, if known.
    pub const fn delay(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.message)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as _)
    }
}
