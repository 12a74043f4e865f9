//! A stream in another dialect, event by event.

use towerman_core::Dialect;

use super::neutral::Neutral;
use crate::neutral::Hearer;

/// How much longer than what came in what goes out mostly is at most.
const ROOM: usize = 256;

/// What a translated answer needs to know beyond the provider's bytes.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The client asked for OpenAI's usage chunk. Other dialects always tell usage.
    pub include_usage: bool,
    /// The time, in seconds, that some dialects ask for and others do not give.
    pub created: u64,
    /// The answer's id, for providers that give none. Some clients take no answer without.
    pub id: String,
    /// The model as the client knows it, for providers that do not name it.
    pub model: String,
    /// Stop sequences that the provider was not told: the answer ends where one begins.
    pub cut: Vec<String>,
    /// The tool that was offered in place of a schema: its input is told as the answer's text.
    pub answer_tool: Option<String>,
}

/// Translates a stream of events as it goes by.
///
/// The output depends on the bytes, not on how they were cut. State is that of the parts at hand;
/// only calls whose fragments interleave are held back where a dialect says one part after the
/// other.
///
/// A provider that breaks off gets no ending made up: the output breaks off with it. One that says
/// that it failed, or stops making sense, ends the stream with an error of the client's dialect.
#[derive(Debug)]
pub struct Stream {
    to: Dialect,
    neutral: Box<Neutral>,
}

// === impl Options ===

impl Options {
    pub(super) fn hearer(&self) -> Hearer {
        Hearer {
            include_usage: self.include_usage,
            created: self.created,
            model: self.model.clone(),
        }
    }
}

// === impl Stream ===

impl Stream {
    /// A stream of dialect `from` (the provider's), told in dialect `to` (the client's).
    pub fn new(from: Dialect, to: Dialect, options: &Options) -> Self {
        Self {
            to,
            neutral: Box::new(Neutral::new(from, to, options)),
        }
    }

    /// The media type of what comes out.
    pub fn media_type(&self) -> &'static str {
        super::media_type(self.to)
    }

    /// Takes the provider's next bytes in, and appends what they amount to.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        // Once, instead of piece by piece as events are written.
        out.reserve(chunk.len() + ROOM);
        self.neutral.push(chunk, out);
    }

    /// The provider's bytes are over: appends what was held back, if the answer is complete.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.neutral.finish(out);
    }
}
