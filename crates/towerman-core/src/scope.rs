//! How far an error reaches.

/// What an error of a provider's is about: whatever else shares it fails in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// This request, wherever it is sent.
    Request,
    /// Our key.
    Key,
    /// This model at this provider: it is missing, busy, failing or at its rate limit.
    Model,
    /// Our account at this provider: it is out of money or quota.
    Account,
}

impl Scope {
    /// A short name for records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Key => "key",
            Self::Model => "model",
            Self::Account => "account",
        }
    }
}
