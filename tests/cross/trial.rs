//! One recording, translated into one dialect.

use std::{fmt, time::SystemTime};

use http::{HeaderMap, StatusCode};
use serde_json::Value;
use towerman::{
    core::{Dialect, Fault, FaultKind},
    wire::{
        fault::{self, Refused},
        translate::{self, Job, Options, Stream},
    },
};

use crate::{
    framing,
    heard::{self, Heard},
    recording::{Answer, Recording},
};

/// What is translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A whole answer.
    Whole,
    Stream,
    /// An error, of its own or instead of an answer.
    Error,
    Request,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Accepted,
    /// The other dialect cannot say it, and the translation said so, or the dialect's clients
    /// cannot have asked for it.
    Refused(String),
    /// The recording is not what its folder says; the translation noticed.
    Other(String),
    Failed(String),
}

/// For the judge.
#[derive(Debug)]
pub(crate) struct Exhibit {
    pub(crate) status: u16,
    pub(crate) bytes: Vec<u8>,
    /// What was translated, where it was of the same dialect.
    pub(crate) original: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Trial<'a> {
    pub(crate) name: &'a str,
    pub(crate) from: Dialect,
    pub(crate) to: Dialect,
    pub(crate) kind: Kind,
    /// What the recording says.
    pub(crate) expected: Heard,
    pub(crate) exhibit: Option<Exhibit>,
    pub(crate) outcome: Option<Outcome>,
}

/// Everything that one recording is translated into.
pub(crate) fn all(recording: &Recording) -> Vec<Trial<'_>> {
    let mut trials = Vec::new();
    for to in Dialect::ALL {
        trials.extend(answer(recording, to));
        trials.extend(request(recording, to));
    }
    trials
}

fn options() -> Options {
    Options {
        include_usage: true,
        created: 7,
        id: String::new(),
        model: "asked".into(),
        cut: Vec::new(),
        answer_tool: None,
    }
}

impl<'a> Trial<'a> {
    fn new(recording: &'a Recording, to: Dialect, kind: Kind) -> Self {
        Self {
            name: &recording.name,
            from: recording.dialect,
            to,
            kind,
            expected: Heard::default(),
            exhibit: None,
            outcome: None,
        }
    }

    fn shown(self, status: StatusCode, bytes: impl Into<Vec<u8>>) -> Self {
        let exhibit = Some(Exhibit {
            status: status.as_u16(),
            bytes: bytes.into(),
            original: None,
        });
        Self { exhibit, ..self }
    }

    fn settled(self, outcome: Outcome) -> Self {
        Self {
            outcome: Some(outcome),
            ..self
        }
    }
}

impl fmt::Display for Trial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, from, to, .. } = self;
        write!(f, "{name} {:?} {from} → {to}", self.kind)
    }
}

fn answer(recording: &Recording, to: Dialect) -> Option<Trial<'_>> {
    if recording.status >= 400 {
        return error(recording, to);
    }
    match &recording.answer {
        Answer::Whole(body) => Some(whole(recording, body, to)),
        Answer::Stream(bytes) => Some(stream(recording, bytes, to)),
        Answer::None => None,
    }
}

fn whole<'a>(recording: &'a Recording, body: &str, to: Dialect) -> Trial<'a> {
    let mut trial = Trial::new(recording, to, Kind::Whole);
    let from = recording.dialect;
    let value: Value = serde_json::from_str(body).unwrap();
    let translated = translate::response(from, to, body.as_bytes(), &options());
    match (heard::whole(from, &value), translated) {
        (None, Err(_)) => trial.settled(Outcome::Other("an answer of another API".into())),
        (None, Ok(_)) => trial.settled(Outcome::Failed("no answer was taken for one".into())),
        (Some(heard), Err(fault)) if heard.failed => {
            trial.kind = Kind::Error;
            trial.expected = heard;
            let (status, body) = fault::render(to, &fault, None);
            trial.shown(status, body)
        }
        (Some(heard), Ok(_)) if heard.failed => {
            trial.settled(Outcome::Failed("an error was taken for an answer".into()))
        }
        (Some(heard), Err(_)) if heard.free() && !takes_text(to) => {
            let why =
                "calls a tool whose input is free text, which no request of this dialect offers";
            trial.settled(Outcome::Refused(why.into()))
        }
        (Some(_), Err(fault)) => trial.settled(Outcome::Failed(told(&fault))),
        (Some(heard), Ok(bytes)) => {
            trial.expected = heard;
            trial.shown(StatusCode::OK, bytes)
        }
    }
}

fn stream<'a>(recording: &'a Recording, bytes: &[u8], to: Dialect) -> Trial<'a> {
    let mut trial = Trial::new(recording, to, Kind::Stream);
    let from = recording.dialect;
    let (mut stream, mut out) = (Stream::new(from, to, &options()), Vec::new());
    stream.push(bytes, &mut out);
    stream.finish(&mut out);
    match heard::stream(from, &framing::events(from, bytes)) {
        None => trial.settled(Outcome::Other("a stream of another API".into())),
        Some(heard) => {
            trial.expected = heard;
            trial.shown(StatusCode::OK, out)
        }
    }
}

/// An answer that says by its status that it is an error.
fn error(recording: &Recording, to: Dialect) -> Option<Trial<'_>> {
    let Answer::Whole(body) = &recording.answer else {
        return None;
    };
    let mut trial = Trial::new(recording, to, Kind::Error);
    trial.expected.failed = true;
    let refused = Refused {
        dialect: recording.dialect,
        status: StatusCode::from_u16(recording.status).unwrap(),
        body: body.as_bytes(),
        model: "theirs",
    };
    let now = SystemTime::UNIX_EPOCH;
    let read = fault::read(refused.status, &HeaderMap::new(), refused.body, now);
    let (status, _) = fault::render(to, &Fault::new(read.kind, ""), None);
    Some(trial.shown(status, fault::relay(&refused, to, "ours")))
}

fn request(recording: &Recording, to: Dialect) -> Option<Trial<'_>> {
    // What was refused where it was sent proves nothing.
    let body = recording
        .request
        .as_ref()
        .filter(|_| recording.status != 400)?;
    let trial = Trial::new(recording, to, Kind::Request);
    let mut job = Job::new(recording.dialect, to, "theirs");
    job.stream = recording.streams;
    Some(match translate::translate(&job, body.as_bytes()) {
        Ok(translated) => {
            let mut trial = trial.shown(StatusCode::OK, translated.body);
            if let (true, Some(exhibit)) = (recording.dialect == to, &mut trial.exhibit) {
                exhibit.original = Some(body.clone());
            }
            trial
        }
        Err(fault) => {
            let outcome = refusal(&fault, body);
            trial.settled(outcome)
        }
    })
}

/// A refusal is one of ours if it points at something that the request has.
fn refusal(fault: &Fault, body: &str) -> Outcome {
    let body: Value = serde_json::from_str(body).unwrap();
    let Some(pointer) = fault.named_param() else {
        return Outcome::Failed(told(fault));
    };
    let parent = pointer.rfind('/').map_or("", |end| &pointer[..end]);
    let missing = fault.message().ends_with("is missing") && body.pointer(parent).is_some();
    if fault.kind() != FaultKind::InvalidRequest || !(missing || body.pointer(pointer).is_some()) {
        return Outcome::Failed(told(fault));
    }
    // The reason, without the place.
    let why = fault.message().replace(pointer, "…");
    Outcome::Refused(why)
}

/// Whether there are tools whose input is text. Requests that offer such are refused elsewhere.
const fn takes_text(to: Dialect) -> bool {
    matches!(to, Dialect::OpenAiChat | Dialect::OpenAiResponses)
}

fn told(fault: &Fault) -> String {
    format!("{:?}: {fault}", fault.kind())
}
