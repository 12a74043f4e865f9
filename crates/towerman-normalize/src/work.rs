//! What is done to an answer's bytes on their way back. Pure, but for the date of an answer.

use std::{
    collections::VecDeque,
    mem,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use towerman_core::{Ask, Attempt, Dialect, FailureKind, Fault, FaultKind, Target};
use towerman_wire::{
    counts,
    fault::{self, Refused},
    observe::{ANSWER_LIMIT, ERROR_LIMIT},
    translate, vectors,
};

use crate::{
    future::{Due, Exchange},
    strip::Strip,
};

/// What is done to the bytes.
pub(crate) enum Work {
    Pass,
    Strip(Strip),
    Stream(Box<translate::Stream>),
    /// A stream that the client wants whole.
    Gather(Box<translate::Gather>, Arc<Attempt>),
    /// A whole answer is put together and then translated.
    Whole(Box<Whole>),
    /// An error of a provider's is put together and then told.
    Error(Box<Error>),
}

pub(crate) struct Whole {
    bytes: Vec<u8>,
    to: Dialect,
    /// The client wants a stream.
    streams: bool,
    tells: Tells,
    attempt: Arc<Attempt>,
}

/// What a whole answer is.
enum Tells {
    Answer(translate::Options),
    Vectors(vectors::Told),
    Count,
}

pub(crate) struct Error {
    bytes: Vec<u8>,
    status: StatusCode,
    ask: Arc<Ask>,
    attempt: Arc<Attempt>,
}

// === impl Work ===

impl Work {
    /// What the answer needs whose head has come and was noted.
    pub(crate) fn of(exchange: Exchange, status: StatusCode) -> Self {
        let Exchange {
            ask: Some(ask),
            attempt,
            id,
            due,
            ..
        } = exchange
        else {
            return Self::Pass;
        };
        let provider = &attempt.endpoint().provider;
        let (from, to) = (provider.dialect, ask.dialect);
        let own = from == to && matches!(provider.target, Target::Inner);
        let streams = attempt.note(|facts| facts.streams);
        if !status.is_success() {
            // Our own service says nothing that its own clients may not hear.
            if own {
                return Self::Pass;
            }
            return Self::Error(Box::new(Error {
                bytes: Vec::new(),
                status,
                ask,
                attempt,
            }));
        }
        let as_it_is =
            |due: &Due| matches!(due, Due::Answer { answer_tool, .. } if answer_tool.is_none());
        if from == to && as_it_is(&due) {
            let asked = from == Dialect::OpenAiChat && ask.stream && !ask.include_usage;
            return if asked && streams {
                Self::Strip(Strip::default())
            } else {
                Self::Pass
            };
        }
        let id = id.map_or_else(made_up, |id| id.to_string());
        let model = ask.model.to_string();
        let whole = |tells, streams, attempt| {
            Self::Whole(Box::new(Whole {
                bytes: Vec::new(),
                to,
                streams,
                tells,
                attempt,
            }))
        };
        let (cut, answer_tool) = match due {
            Due::Answer { cut, answer_tool } => (cut, answer_tool),
            Due::Vectors(told) => {
                let told = vectors::Told { model, id, ..told };
                return whole(Tells::Vectors(told), false, attempt);
            }
            Due::Count => return whole(Tells::Count, false, attempt),
        };
        let options = translate::Options {
            include_usage: ask.include_usage,
            created: unix_time().as_secs(),
            id,
            model,
            cut,
            answer_tool,
        };
        // Some providers know only one of the two.
        match (streams, ask.stream) {
            (true, true) => Self::Stream(Box::new(translate::Stream::new(from, to, &options))),
            (true, false) => {
                let gather = translate::Gather::new(from, to, &options);
                Self::Gather(Box::new(gather), attempt)
            }
            (false, streams) => whole(Tells::Answer(options), streams, attempt),
        }
    }

    /// Makes the head true of the bytes that will follow it.
    pub(crate) fn describe(&self, headers: &mut HeaderMap) {
        if !matches!(self, Self::Pass) {
            headers.remove(header::CONTENT_LENGTH);
        }
        let told = match self {
            Self::Whole(whole) if whole.streams => translate::media_type(whole.to),
            Self::Stream(stream) => stream.media_type(),
            Self::Whole(_) | Self::Gather(..) | Self::Error(_) => "application/json",
            Self::Pass | Self::Strip(_) => return,
        };
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(told));
    }

    /// Takes in the next bytes; what may go on is appended to `out`.
    pub(crate) fn push(&mut self, data: Bytes, out: &mut VecDeque<Bytes>) -> Result<(), Fault> {
        match self {
            Self::Pass => out.push_back(data),
            Self::Strip(strip) => strip.push(&data, out)?,
            Self::Stream(stream) => {
                let mut made = Vec::new();
                stream.push(&data, &mut made);
                if !made.is_empty() {
                    out.push_back(made.into());
                }
            }
            Self::Gather(gather, attempt) => gather.push(&data).inspect_err(|_| {
                attempt.note(|facts| facts.fail(FailureKind::Protocol));
            })?,
            Self::Whole(whole) => whole.push(&data)?,
            Self::Error(error) => {
                let room = ERROR_LIMIT - error.bytes.len();
                error.bytes.extend_from_slice(&data[..data.len().min(room)]);
            }
        }
        Ok(())
    }

    /// The bytes are over.
    pub(crate) fn finish(&mut self, out: &mut VecDeque<Bytes>) -> Result<(), Fault> {
        match self {
            Self::Pass => {}
            Self::Strip(strip) => strip.finish(out),
            Self::Stream(stream) => {
                let mut made = Vec::new();
                stream.finish(&mut made);
                if !made.is_empty() {
                    out.push_back(made.into());
                }
            }
            Self::Gather(gather, _) => out.push_back(gather.finish()?),
            Self::Whole(whole) => out.push_back(whole.finish()?),
            Self::Error(error) => out.push_back(error.told()),
        }
        Ok(())
    }
}

// === impl Whole ===

impl Whole {
    fn push(&mut self, data: &[u8]) -> Result<(), Fault> {
        if self.bytes.len() + data.len() > ANSWER_LIMIT {
            self.bytes = Vec::new();
            self.attempt.note(|facts| facts.fail(FailureKind::Protocol));
            let message = "the provider's answer is larger than the limit";
            return Err(Fault::new(FaultKind::BadGateway, message));
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }

    fn finish(&mut self) -> Result<Bytes, Fault> {
        let from = self.attempt.endpoint().provider.dialect;
        let bytes = mem::take(&mut self.bytes);
        let told = match &self.tells {
            Tells::Count => counts::response(from, self.to, &bytes),
            Tells::Vectors(told) => vectors::response(from, self.to, &bytes, told),
            Tells::Answer(options) if self.streams => {
                translate::retell(from, self.to, &bytes, options)
            }
            Tells::Answer(options) => translate::response(from, self.to, &bytes, options),
        };
        told.inspect_err(|_| {
            self.attempt.note(|facts| facts.fail(FailureKind::Protocol));
        })
    }
}

// === impl Error ===

impl Error {
    /// The status is on its way already; what is told here is the body.
    fn told(&self) -> Bytes {
        let endpoint = self.attempt.endpoint();
        let refused = Refused {
            dialect: endpoint.provider.dialect,
            status: self.status,
            body: &self.bytes,
            model: &endpoint.model,
        };
        fault::relay(&refused, self.ask.dialect, &self.ask.model)
    }
}

/// Seconds, for the `created` that OpenAI's dialect asks for.
fn unix_time() -> Duration {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default()
}

/// An id for the answer to a request that has none.
fn made_up() -> String {
    format!("answer-{:x}", unix_time().as_nanos())
}
