//! What is known of an answer so far.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use towerman_core::{
    AttemptFacts, Dialect, FailureKind, Finish, Operation, Outcome, Phase, Scope, Usage,
};

use super::{
    answer::{detect, read_answer},
    anthropic,
    delta::Delta,
    openai,
};
use crate::{
    dialect,
    fault::{Canonical, ProviderError},
    framing::Event,
    usage::Tokens,
};

/// Events in a row that cannot be read, before the stream counts as garbage.
const GARBAGE: u8 = 3;

/// What an answer has said so far.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Learned {
    /// How far it got.
    pub phase: Phase,
    /// What it used, as last reported.
    pub usage: Option<Usage>,
    /// Why the model stopped.
    pub finish: Option<Finish>,
    /// The model that answered.
    pub model: Option<Arc<str>>,
    /// It said that it is complete.
    pub complete: bool,
    /// How it failed.
    pub failure: Option<FailureKind>,
    /// It is an error of the caller's, though its status does not say so.
    pub excused: bool,
    /// How far its error reaches.
    pub scope: Option<Scope>,
    /// How long the words of an error ask to be left alone.
    pub retry_after: Option<Duration>,
    /// Bytes of content delivered. Of a whole answer that could not be read, bytes of its body.
    pub content_bytes: u64,
    /// Events that could not be read.
    pub skipped: u64,
}

/// What is known, and what is needed to learn more.
#[derive(Debug)]
pub(super) struct State {
    pub(super) dialect: Option<Dialect>,
    pub(super) operation: Operation,
    pub(super) learned: Learned,
    tokens: Tokens,
    start: openai::Start,
    /// Events in a row that could not be read.
    garbage: u8,
    /// Something was learned that nobody has asked for yet.
    pub(super) news: bool,
}

// === impl State ===

impl State {
    /// At the head of an answer.
    pub(super) fn new(dialect: Option<Dialect>, phase: Phase) -> Self {
        Self {
            dialect,
            operation: Operation::default(),
            learned: Learned {
                phase,
                usage: None,
                finish: None,
                model: None,
                complete: false,
                failure: None,
                excused: false,
                scope: None,
                retry_after: None,
                content_bytes: 0,
                skipped: 0,
            },
            tokens: Tokens::default(),
            start: openai::Start::default(),
            garbage: 0,
            news: true,
        }
    }

    pub(super) fn is(&self, dialect: Dialect) -> bool {
        self.dialect == Some(dialect)
    }

    /// Takes in an event.
    pub(super) fn event(&mut self, event: Event<'_>) {
        let data = event.data;
        if self.learned.complete || data.is_empty() && !event.exception {
            return;
        }
        if data.starts_with(b"[DONE]") && !self.is(Dialect::Anthropic) {
            return self.complete();
        }
        let dialect = match self.dialect.or_else(|| detect(data)) {
            Some(dialect) => dialect,
            // Events of no dialect we know are somebody's content.
            None => return self.deliver(data.len()),
        };
        self.dialect = Some(dialect);
        let read = match dialect {
            Dialect::Anthropic => anthropic::event(data),
            Dialect::OpenAiChat => openai::read(data, &mut self.start),
            _ => dialect::of(dialect).learn(event),
        };
        let Ok(delta) = read else {
            self.learned.skipped += 1;
            self.news = true;
            self.garbage = self.garbage.saturating_add(1);
            if self.garbage == GARBAGE {
                self.fail(FailureKind::Protocol);
            }
            return;
        };
        self.garbage = 0;
        if delta.error {
            let error = match event.name.filter(|_| event.exception) {
                Some(name) => ProviderError::parse(data).named(name),
                None => ProviderError::parse(data),
            };
            self.refused(&error.canonical(StatusCode::OK));
            let overloaded =
                (dialect == Dialect::Anthropic || event.exception) && error.is_overloaded();
            self.fail(if overloaded {
                FailureKind::Overloaded
            } else {
                FailureKind::InStream
            });
        }
        self.apply(dialect, &delta);
    }

    fn apply(&mut self, dialect: Dialect, delta: &Delta<'_>) {
        if self.learned.model.is_none() {
            self.learned.model = delta.model();
            self.news |= self.learned.model.is_some();
        }
        if delta.tokens != Tokens::default() {
            self.tokens = self.tokens.merge(delta.tokens);
            self.learned.usage = self.tokens.usage(dialect);
            self.news = true;
        }
        if delta.finish.is_some() {
            self.learned.finish = delta.finish;
            self.news = true;
        }
        if delta.content {
            self.learned.content_bytes += delta.content_bytes;
            self.learned.phase = Phase::Content;
            self.news = true;
        }
        if delta.complete {
            self.complete();
        }
    }

    pub(super) fn whole(&mut self, body: &[u8]) {
        let dialect = self.dialect.or_else(|| match self.operation {
            Operation::Generate => detect(body),
            operation => speaker(operation),
        });
        let Some(dialect) = dialect else {
            // Nobody said that this is a dialect, and it does not look like one.
            self.learned.content_bytes = 0;
            self.deliver(body.trim_ascii().len());
            return self.complete();
        };
        let answer = read_answer(self.operation, dialect, body);
        self.learned.usage = answer.usage;
        self.learned.finish = answer.finish;
        self.learned.model = answer.model;
        if let Some(error) = &answer.error {
            self.refused(error);
        }
        match answer.failure {
            Some(kind) => self.fail(kind),
            None => {
                self.learned.content_bytes = answer.content_bytes;
                self.learned.phase = Phase::Content;
                self.complete();
            }
        }
    }

    /// This much of a whole answer is here, and not yet read.
    pub(super) fn received(&mut self, size: u64) {
        // Vectors and counts are not generated, and not billed by their size.
        if self.operation == Operation::Generate {
            self.learned.content_bytes = self.learned.content_bytes.max(size);
        }
        self.news = true;
    }

    pub(super) fn deliver(&mut self, bytes: usize) {
        self.learned.phase = Phase::Content;
        self.learned.content_bytes += bytes as u64;
        self.news = true;
    }

    /// The bytes of a stream are over.
    pub(super) fn over(&mut self) {
        // Not every OpenAI-like server sends `[DONE]`; the reason to stop is proof enough.
        let proof = match self.dialect {
            Some(dialect) => dialect::of(dialect).finish_is_proof(),
            None => false,
        };
        if proof && self.learned.finish.is_some() || self.dialect.is_none() {
            self.complete();
        } else if !self.learned.complete {
            self.fail(FailureKind::Truncated);
        }
    }

    pub(super) fn complete(&mut self) {
        self.learned.complete = true;
        self.news = true;
    }

    /// So many events in a row made no sense that no more will be waited for.
    pub(super) const fn is_garbage(&self) -> bool {
        self.garbage >= GARBAGE
    }

    /// The first cause is the cause.
    pub(super) fn fail(&mut self, kind: FailureKind) {
        self.learned.failure.get_or_insert(kind);
        self.news = true;
    }

    /// The provider told of an error.
    pub(super) const fn refused(&mut self, error: &Canonical) {
        self.learned.scope = Some(error.scope);
        self.learned.retry_after = error.retry_after;
        self.news = true;
    }

    /// The endpoint is not to blame for the error that its status tells of.
    pub(super) const fn excuse(&mut self) {
        self.learned.excused = true;
        self.news = true;
    }
}

/// The dialect that has `operation`.
fn speaker(operation: Operation) -> Option<Dialect> {
    Dialect::ALL
        .into_iter()
        .find(|dialect| dialect.path_of(operation).is_some())
}

// === impl Learned ===

impl Learned {
    /// Writes what was learned into the attempt's facts.
    pub(super) fn note(&self, facts: &mut AttemptFacts) {
        facts.usage = self.usage.or(facts.usage);
        facts.finish = self.finish.or(facts.finish);
        if facts.model.is_none() {
            facts.model.clone_from(&self.model);
        }
        facts.scope = self.scope.or(facts.scope);
        // A header is more exact than words.
        facts.retry_after = facts.retry_after.or(self.retry_after);
        facts.complete |= self.complete;
        facts.content_bytes = self.content_bytes;
        facts.skipped = self.skipped;
        if let Some(kind) = self.failure {
            facts.fail(kind);
        } else if self.excused {
            // The status alone would count against the endpoint.
            facts.outcome.get_or_insert(Outcome::Success);
        }
    }
}
