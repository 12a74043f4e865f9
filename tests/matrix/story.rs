//! What must become of a request whose provider fails in a certain way.

use towerman::core::FaultKind;

/// What must become of the request, if the endpoint meets the fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Story {
    pub(crate) then: Then,
    /// The outcome of each attempt at the endpoint, as metrics and ledger name it.
    pub(crate) outcome: &'static str,
    /// Attempts at the endpoint if there is no other, at least and at most.
    pub(crate) tries: (usize, usize),
    pub(crate) bill: Bill,
    /// Whether the endpoint is left alone for a while.
    pub(crate) cools: bool,
}

/// What the client sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// A good answer: the fault does no harm.
    Serves,
    /// Nothing of the attempt: another endpoint answers, or without one this fault is told.
    Fails(FaultKind),
    /// The beginning of the answer, and then an error event.
    Breaks,
    /// This status: the request is at fault, and is not tried elsewhere.
    Callers(u16),
}

/// What the ledger says of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bill {
    /// Nothing: it was never sent.
    Nothing,
    /// A line of zero.
    Zero,
    /// A line that says what the provider's book says.
    Exact,
    /// A line that rests on an estimate, and is no lower than the provider's book.
    Estimate,
    /// A line that rests on an estimate, of which only the prompt must be no lower: nothing told how
    /// long the answer was that did not arrive.
    Blind,
    /// What the book says where the rest of the stream is read and told to nobody, as a translation
    /// does; else as blind as the above.
    Rest,
    /// An estimate, with the remark that nobody knows whether it is billed.
    Perhaps,
}

const fn story(then: Then, outcome: &'static str, bill: Bill) -> Story {
    Story {
        then,
        outcome,
        tries: (1, 1),
        bill,
        cools: false,
    }
}

/// The fault does no harm.
pub(crate) const fn serves() -> Story {
    story(Then::Serves, "success", Bill::Exact)
}

/// An answer had begun, and nothing of it had reached the client.
pub(crate) const fn fails(outcome: &'static str, told: FaultKind) -> Story {
    story(Then::Fails(told), outcome, Bill::Estimate)
}

/// The provider said with a status that it fails.
pub(crate) const fn refuses(outcome: &'static str, told: FaultKind) -> Story {
    story(Then::Fails(told), outcome, Bill::Zero)
}

/// Content had reached the client.
pub(crate) const fn breaks(outcome: &'static str) -> Story {
    story(Then::Breaks, outcome, Bill::Estimate)
}

/// The request is at fault.
pub(crate) const fn callers(status: u16) -> Story {
    story(Then::Callers(status), "success", Bill::Zero)
}

impl Story {
    pub(crate) const fn tries(mut self, least: usize, most: usize) -> Self {
        self.tries = (least, most);
        self
    }

    pub(crate) const fn bill(mut self, bill: Bill) -> Self {
        self.bill = bill;
        self
    }

    pub(crate) const fn cools(mut self) -> Self {
        self.cools = true;
        self
    }
}
