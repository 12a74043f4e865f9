//! Names why a request gets an error response, before a dialect puts it into words.

use std::{borrow::Cow, time::Duration};

use http::StatusCode;

/// What is wrong, in no dialect.
#[derive(Debug)]
pub(crate) enum Trouble<'a> {
    NoKey,
    WrongKey,
    NoRoute {
        method: &'a str,
        path: &'a str,
    },
    WrongMethod {
        method: &'a str,
        path: &'a str,
    },
    TooLarge,
    UnknownModel(&'a str),
    TooLong {
        tokens: u64,
        window: u64,
    },
    /// With how long to wait, where only the dialect's own words are to say so.
    RateLimited {
        reset: Option<Duration>,
    },
    Quota,
    Overloaded,
    Status(StatusCode),
}

/// The same in a dialect's words: what an error body is made of.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    /// The dialect's error type.
    pub(crate) kind: &'static str,
    pub(crate) code: Option<&'static str>,
    /// The parameter that is wrong, where the dialect has a field for it.
    pub(crate) param: Option<Cow<'static, str>>,
    pub(crate) message: Cow<'static, str>,
    /// How long to wait, where the dialect says that in the body.
    pub(crate) wait: Option<Duration>,
}

impl Problem {
    pub(crate) fn new(
        status: StatusCode,
        kind: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            kind,
            code: None,
            param: None,
            message: message.into(),
            wait: None,
        }
    }

    /// A 400 with the type that OpenAI and Anthropic use for it.
    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
    }

    pub(crate) const fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    pub(crate) fn param(mut self, param: impl Into<Cow<'static, str>>) -> Self {
        self.param = Some(param.into());
        self
    }
}
