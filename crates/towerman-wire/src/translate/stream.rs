//! A stream in another dialect, event by event.

use serde::Serialize;
use towerman_core::Dialect;

use super::{anthropic_to_openai, neutral::Neutral, openai_to_anthropic, trouble};
use crate::{
    neutral::Hearer,
    sse::{self, Framer},
};

/// What a translated stream needs to know beyond the provider's bytes.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The client asked for OpenAI's usage chunk. Anthropic's dialect always tells usage.
    pub include_usage: bool,
    /// The time, in seconds, that OpenAI's dialect asks for and Anthropic's does not give.
    pub created: u64,
    /// The model as the client knows it, for providers that do not name it.
    pub model: String,
}

impl Options {
    pub(super) fn hearer(&self) -> Hearer {
        Hearer {
            include_usage: self.include_usage,
            created: self.created,
            model: self.model.clone(),
        }
    }
}

/// Translates a stream of server-sent events as it goes by.
///
/// The output depends on the bytes, not on how they were cut. State is that of the block at hand;
/// only calls whose fragments interleave are held back, because Anthropic's dialect says one block
/// after the other.
///
/// A provider that breaks off gets no ending made up: the output breaks off with it. One that says
/// that it failed, or stops making sense, ends the stream with an error of the client's dialect.
#[derive(Debug)]
pub struct Stream {
    to: Dialect,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Neutral(Box<Neutral>),
    Pair(Framer, Events),
}

#[derive(Debug)]
enum Events {
    Same,
    ToAnthropic(Box<openai_to_anthropic::Events>),
    ToOpenAi(Box<anthropic_to_openai::Events>),
}

// === impl Stream ===

impl Stream {
    /// A stream of dialect `from` (the provider's), told in dialect `to` (the client's).
    pub fn new(from: Dialect, to: Dialect, options: Options) -> Self {
        if let Some(neutral) = Neutral::new(from, to, &options) {
            return Self {
                to,
                way: Way::Neutral(Box::new(neutral)),
            };
        }
        let events = match (from, to) {
            (Dialect::OpenAiChat, Dialect::Anthropic) => {
                Events::ToAnthropic(Box::new(openai_to_anthropic::Events::new()))
            }
            (Dialect::Anthropic, Dialect::OpenAiChat) => {
                Events::ToOpenAi(Box::new(anthropic_to_openai::Events::new(options)))
            }
            _ => Events::Same,
        };
        Self {
            to,
            way: Way::Pair(Framer::new(), events),
        }
    }

    /// The media type of what comes out.
    pub fn media_type(&self) -> &'static str {
        super::media_type(self.to)
    }

    /// Takes the provider's next bytes in, and appends what they amount to.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        match &mut self.way {
            Way::Neutral(neutral) => neutral.push(chunk, out),
            Way::Pair(_, Events::Same) => out.extend_from_slice(chunk),
            Way::Pair(framer, events) => {
                if framer
                    .push(chunk, |event| events.take(event.data, out))
                    .is_err()
                {
                    events.fail(out);
                }
            }
        }
    }

    /// The provider's bytes are over: appends what was held back, if the answer is complete.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        match &mut self.way {
            Way::Neutral(neutral) => neutral.finish(out),
            Way::Pair(framer, events) => {
                if framer.finish(|event| events.take(event.data, out)).is_err() {
                    events.fail(out);
                }
                events.end(out);
            }
        }
    }
}

impl Events {
    fn take(&mut self, data: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Same => {}
            Self::ToAnthropic(events) => events.take(data, out),
            Self::ToOpenAi(events) => events.take(data, out),
        }
    }

    fn fail(&mut self, out: &mut Vec<u8>) {
        match self {
            Self::Same => {}
            Self::ToAnthropic(events) => events.fail(&trouble::nonsense(), out),
            Self::ToOpenAi(events) => events.fail(&trouble::nonsense(), out),
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if let Self::ToAnthropic(events) = self {
            events.end(out);
        }
    }
}

/// Appends one event.
pub(super) fn emit(name: Option<&str>, shape: &impl Serialize, out: &mut Vec<u8>) {
    // Writing plain shapes into memory cannot fail.
    if let Ok(data) = serde_json::to_vec(shape) {
        sse::frame(name, &data, out);
    }
}
