//! The table: every fault, and what must become of it in a stream and in a whole answer.

use std::time::Duration;

use towerman::core::{
    Dialect,
    FaultKind::{BadGateway, RateLimited, Timeout, Unavailable},
};
use towerman_sim::{Fault, RetryAfter};

use super::story::{Bill, Story, breaks, callers, fails, refuses, serves};

/// One fault.
pub(crate) struct Row {
    pub(crate) name: String,
    fault: Box<dyn Fn(Dialect) -> Option<Fault> + Send + Sync>,
    story: Box<dyn Fn(Dialect, bool) -> Story + Send + Sync>,
}

impl Row {
    /// The fault of a provider of this dialect.
    pub(crate) fn fault(&self, provider: Dialect) -> Option<Fault> {
        (self.fault)(provider)
    }

    /// What must become of it.
    pub(crate) fn story(&self, provider: Dialect, stream: bool) -> Story {
        (self.story)(provider, stream)
    }
}

/// Where in an answer a fault strikes, in chunks: see [`Fault`].
#[derive(Clone, Copy)]
enum At {
    /// After the head.
    Head,
    /// After what a stream opens with.
    Opening,
    /// After some content of a stream; within a whole answer.
    Content,
}

impl At {
    const ALL: [(Self, &'static str); 3] = [
        (Self::Head, "at the head"),
        (Self::Opening, "before content"),
        (Self::Content, "in the content"),
    ];

    fn chunks(self, provider: Dialect) -> usize {
        let opening = match provider {
            Dialect::Anthropic => towerman_sim::Dialect::Anthropic,
            _ => towerman_sim::Dialect::OpenAi,
        }
        .opening_events();
        match self {
            Self::Head => 0,
            Self::Opening => opening,
            Self::Content => opening + 3,
        }
    }
}

/// Longer than any budget of the matrix.
const NEVER: Duration = Duration::from_secs(3_600);

/// Every fault that a simulated provider knows.
pub(crate) fn rows() -> Vec<Row> {
    let mut table = Table(Vec::new());
    table.both("nothing", |_| None, serves());
    // Nothing was sent, so there is nothing to bill and no harm in asking again.
    let refused = fails("connect", BadGateway).tries(3, 3);
    table.both(
        "refused",
        |_| Some(Fault::Refuse),
        refused.bill(Bill::Nothing),
    );
    let reset = fails("reset", BadGateway);
    table.both(
        "reset before the head",
        |_| Some(Fault::ResetBeforeHead),
        reset.bill(Bill::Perhaps),
    );
    let silent = fails("first_content_timeout", Timeout);
    table.both(
        "silent before the head",
        |_| Some(Fault::StallBeforeHead),
        silent.bill(Bill::Perhaps),
    );
    for (at, name) in At::ALL {
        let content = matches!(at, At::Content);
        table.split(
            format!("reset {name}"),
            move |provider| Some(Fault::ResetAfterChunks(at.chunks(provider))),
            if content { breaks("reset") } else { reset },
            reset,
        );
        table.split(
            format!("silent {name}"),
            move |provider| Some(Fault::StallAfterChunks(at.chunks(provider))),
            if content {
                breaks("idle_timeout")
            } else {
                silent
            },
            silent,
        );
        let truncated = fails("truncated", BadGateway);
        let garbage = fails("protocol", BadGateway);
        table.split(
            format!("closed {name}"),
            move |provider| Some(Fault::CloseAfterChunks(at.chunks(provider))),
            match at {
                At::Head => garbage,
                At::Opening => truncated,
                At::Content => breaks("truncated"),
            },
            garbage.bill(Bill::Blind),
        );
        table.add(
            format!("an error event {name}"),
            move |provider| {
                Some(Fault::ErrorInStream {
                    after_chunks: at.chunks(provider),
                })
            },
            move |provider, stream| match (stream, provider) {
                // Instead of a whole answer there is an error under a status of success.
                (false, _) => fails("overloaded", Unavailable),
                (true, Dialect::Anthropic) if content => breaks("overloaded"),
                (true, _) if content => breaks("in_stream_error"),
                (true, Dialect::Anthropic) => fails("overloaded", Unavailable),
                (true, _) => fails("in_stream_error", BadGateway),
            },
        );
        table.both(
            format!("one bad event {name}"),
            move |provider| {
                Some(Fault::MalformedEvents {
                    after_chunks: at.chunks(provider),
                    count: 1,
                })
            },
            serves(),
        );
        table.add(
            format!("three bad events {name}"),
            move |provider| {
                Some(Fault::MalformedEvents {
                    after_chunks: at.chunks(provider),
                    count: 3,
                })
            },
            move |_, stream| match stream {
                false => serves(),
                true if content => breaks("protocol").bill(Bill::Rest),
                true => fails("protocol", BadGateway).bill(Bill::Blind),
            },
        );
    }
    let pings = Fault::PingsOnly {
        every: Duration::from_millis(100),
    };
    table.both("pings for ever", move |_| Some(pings.clone()), silent);
    table.both(
        "drips too slowly",
        |_| Some(Fault::SlowDrip { every: NEVER }),
        silent,
    );
    table.both(
        "byte by byte",
        |_| {
            Some(Fault::SlowDrip {
                every: Duration::ZERO,
            })
        },
        serves(),
    );
    table.split(
        "garbage",
        |_| Some(Fault::Garbage),
        fails("truncated", BadGateway),
        fails("protocol", BadGateway),
    );
    table.both(
        "no body",
        |_| Some(Fault::EmptyBody),
        fails("protocol", BadGateway),
    );
    table.split(
        "cut in half",
        |_| Some(Fault::Truncated),
        breaks("reset"),
        reset,
    );
    statuses(&mut table);
    for (name, after) in [
        ("in seconds", RetryAfter::Seconds(7)),
        ("in milliseconds", RetryAfter::Millis(7_500)),
        ("as a date", RetryAfter::HttpDate(Duration::from_secs(9))),
        (
            "as a reset of limits",
            RetryAfter::RateLimitReset(Duration::from_secs(9)),
        ),
        ("without a time", RetryAfter::None),
        ("with a time that is none", RetryAfter::Garbage),
    ] {
        table.both(
            format!("429 {name}"),
            move |_| Some(Fault::RateLimited(after)),
            refuses("throttled", RateLimited).cools(),
        );
    }
    table.0
}

/// Heads that say what is wrong.
fn statuses(table: &mut Table) {
    let overloaded = refuses("overloaded", Unavailable).tries(3, 3);
    let server = refuses("server_error", BadGateway).tries(3, 3);
    let auth = refuses("auth", BadGateway).cools();
    let quota = refuses("quota", Unavailable).cools();
    let odd = refuses("protocol", BadGateway);
    table.both("overloaded", |_| Some(Fault::Overloaded), overloaded);
    table.both("out of quota", |_| Some(Fault::QuotaExceeded), quota);
    for (status, story) in [
        (302, odd),
        (400, callers(400)),
        (401, auth),
        (402, quota),
        (403, auth),
        (404, callers(404)),
        (408, server),
        (409, callers(409)),
        (413, callers(413)),
        (422, callers(422)),
        (429, refuses("throttled", RateLimited).cools()),
        (500, server),
        (502, server),
        (503, overloaded),
        (504, server),
        (529, overloaded),
    ] {
        table.both(
            format!("{status}"),
            move |_| Some(Fault::Status(status)),
            story,
        );
    }
    for (status, story) in [
        (200, fails("protocol", BadGateway)),
        (403, server),
        (404, callers(404)),
        (502, server),
        (503, overloaded),
    ] {
        table.both(
            format!("a page with {status}"),
            move |_| Some(Fault::Html { status }),
            story,
        );
    }
}

struct Table(Vec<Row>);

impl Table {
    /// A fault whose story is the same in streams and whole answers.
    fn both(
        &mut self,
        name: impl Into<String>,
        fault: impl Fn(Dialect) -> Option<Fault> + Send + Sync + 'static,
        story: Story,
    ) {
        self.split(name, fault, story, story);
    }

    fn split(
        &mut self,
        name: impl Into<String>,
        fault: impl Fn(Dialect) -> Option<Fault> + Send + Sync + 'static,
        stream: Story,
        whole: Story,
    ) {
        self.add(
            name,
            fault,
            move |_, streams| if streams { stream } else { whole },
        );
    }

    fn add(
        &mut self,
        name: impl Into<String>,
        fault: impl Fn(Dialect) -> Option<Fault> + Send + Sync + 'static,
        story: impl Fn(Dialect, bool) -> Story + Send + Sync + 'static,
    ) {
        self.0.push(Row {
            name: name.into(),
            fault: Box::new(fault),
            story: Box::new(story),
        });
    }
}
