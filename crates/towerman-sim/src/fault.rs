//! Names what can go wrong with one request, from the connection to the last event.

use std::time::Duration;

/// One way for a provider to fail.
///
/// **Chunks.** Faults that strike "after `n` chunks" count what goes on the wire. In a stream a
/// chunk is one SSE event, one line (Ollama), one frame (Bedrock) or one element of an array
/// (Gemini without SSE), the opening ones included: a text stream's first delta is chunk 2 in the
/// OpenAI dialect (after the role) and chunk 4 in Anthropic's (see
/// [`Dialect::opening_events`](crate::Dialect::opening_events)). In an answer that is not streamed
/// a chunk is 64 bytes of the JSON body. With `n` = 0 the client gets a head and nothing else; an
/// answer shorter than `n` chunks ends well.
///
/// **Billing.** A fault that lets a 200 head out bills the request: its prompt, and the output
/// tokens that left. Any other fault bills nothing.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// The provider is not there. While it stands ([`Faults::always`](crate::Faults::always)) the
    /// TCP listener is closed, and idle connections too. A scripted one cannot close the port for
    /// just one client, so over TCP that connection is reset before the head.
    Refuse,
    /// The connection is reset once the whole request has arrived, before any response.
    ResetBeforeHead,
    /// The connection is reset (a TCP RST) after this many chunks.
    ResetAfterChunks(usize),
    /// The body ends cleanly after this many chunks, without the stream's terminal frame.
    CloseAfterChunks(usize),
    /// The request is read and never answered.
    StallBeforeHead,
    /// Nothing more comes after this many chunks, and the connection stays open.
    StallAfterChunks(usize),
    /// A 200, then only keep-alives for ever: `ping` events or SSE comments in a stream, blank
    /// lines where JSON or lines of it are awaited. Bedrock has none: it sends frames of an event
    /// type that no client knows.
    PingsOnly {
        /// The time between two pings.
        every: Duration,
    },
    /// The right answer, one byte at a time.
    SlowDrip {
        /// The time between two bytes.
        every: Duration,
    },
    /// A 200 with the right content type and a body that is neither JSON nor any kind of stream.
    Garbage,
    /// A proxy's HTML page.
    Html {
        /// The page's status.
        status: u16,
    },
    /// Half of the body. A `content-length` promises all of it, or a stream is cut within a chunk.
    Truncated,
    /// A 200 with no body.
    EmptyBody,
    /// A 429 that says when to come back, or fails to.
    RateLimited(RetryAfter),
    /// A 429 that waiting does not cure: the account's money is spent. It carries no hint. It is a
    /// 402 from Cohere and Ollama, and a 400 from Bedrock.
    QuotaExceeded,
    /// This status, with the dialect's own error body. A 3xx gets a `location`; a number that is
    /// no status becomes 500.
    Status(u16),
    /// The dialect's overload answer: 529 from Anthropic, 503 from all others.
    Overloaded,
    /// A 200 that turns into an error in the dialect's own way: an error event, an exception frame,
    /// an error line, bare JSON (Gemini) or an end that says so (Cohere) after this many chunks of a
    /// stream, an error object as the whole of a JSON body.
    ErrorInStream {
        /// How many good chunks come first.
        after_chunks: usize,
    },
    /// Chunks whose JSON does not parse among the good ones. It leaves a JSON body alone.
    MalformedEvents {
        /// How many good chunks come first.
        after_chunks: usize,
        /// How many bad ones come then, one after the other.
        count: usize,
    },
}

/// How a 429 says when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryAfter {
    /// `retry-after: 7`
    Seconds(u64),
    /// `retry-after-ms: 250`
    Millis(u64),
    /// `retry-after: Sun, 06 Nov 1994 08:49:37 GMT`, this far from now (whole seconds).
    HttpDate(Duration),
    /// No `retry-after`; the rate-limit headers say when the limit resets, this far from now:
    /// `x-ratelimit-reset-requests: 1m26.4s` from OpenAI, an RFC 3339 instant (whole seconds) in
    /// `anthropic-ratelimit-requests-reset` from Anthropic. Gemini says it in the body, as
    /// `RetryInfo` and in words; Bedrock, Cohere and Ollama have no way to, and say nothing.
    RateLimitReset(Duration),
    /// Not at all.
    None,
    /// `retry-after: soon`
    Garbage,
}
