//! How far an attempt got. Retry, money and status depend on nothing else.

/// The five phases of an attempt. Ordered: an attempt only moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Phase {
    /// P0: nothing was sent. Trying elsewhere is free.
    Unsent = 0,
    /// P1: sent, no head yet. Ambiguous: it may be billed.
    Sent = 1,
    /// P2: an error head came back. Not billed.
    Refused = 2,
    /// P3: a success head, and nothing but lifecycle events since. Input is billed.
    Open = 3,
    /// P4: content was delivered. Never retried silently.
    Content = 4,
}

impl Phase {
    pub(crate) const fn from_u8(value: u8) -> Self {
        match value {
            0 => Self::Unsent,
            1 => Self::Sent,
            2 => Self::Refused,
            3 => Self::Open,
            _ => Self::Content,
        }
    }

    /// Whether another endpoint may be tried without the client noticing.
    pub const fn is_retryable(self) -> bool {
        !matches!(self, Self::Content)
    }
}
