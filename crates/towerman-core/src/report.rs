//! The story of one request: what was known, what was tried, what came of it.

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{Attempt, Candidates, Endpoint, FaultKind, Pico, RouteContext, Usage, context::Known};

/// The one response extension: why a request went where it went, and what it used.
///
/// It is a handle: layers add to it as the request is served, so usage and cost are final only
/// when the body has ended.
#[derive(Clone)]
pub struct RouteReport(Arc<Inner>);

struct Inner {
    story: Mutex<Story>,
}

#[derive(Default)]
struct Story {
    /// `None` if nobody has decided anything yet.
    known: Option<Known>,
    attempts: Vec<Arc<Attempt>>,
    answered: Option<Arc<Attempt>>,
    steps: Vec<Step>,
    notes: Vec<Cow<'static, str>>,
    fault: Option<FaultKind>,
}

/// How long one step of the decision took.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The layer's name.
    pub name: &'static str,
    /// Time spent in the layer itself.
    pub took: Duration,
}

impl RouteReport {
    /// An empty story.
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            story: Mutex::default(),
        }))
    }

    /// Runs `work` and writes down how long it took.
    ///
    /// This measures, and decides nothing: it is the one place in this crate that reads a clock.
    pub fn step<T>(&self, name: &'static str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        let took = start.elapsed();
        self.with(|story| {
            if story.steps.is_empty() {
                // As many as our own layers make: one allocation, not three.
                story.steps.reserve(8);
            }
            story.steps.push(Step { name, took });
        });
        result
    }

    /// Writes down a remark: what moved the request, in a few words.
    pub fn note(&self, remark: impl Into<Cow<'static, str>>) {
        let remark = remark.into();
        self.with(|story| story.notes.push(remark));
    }

    /// Writes down what the request was when the last decision was taken.
    pub fn decided(&self, context: &RouteContext) {
        // Without its handle to this very report, which would keep both alive for ever.
        let known = context.known();
        self.with(|story| story.known = Some(known));
    }

    /// Writes down that an attempt begins.
    pub(crate) fn began(&self, attempt: &Arc<Attempt>, known: Known) {
        let attempt = Arc::clone(attempt);
        self.with(|story| {
            story.known = Some(known);
            story.attempts.push(attempt);
        });
    }

    /// Takes back that `attempt` began: it was turned away before anything was sent.
    pub fn withdrew(&self, attempt: &Arc<Attempt>) {
        self.with(|story| story.attempts.retain(|began| !Arc::ptr_eq(began, attempt)));
    }

    /// Writes down that it is `attempt` whose answer the client gets.
    pub fn answered(&self, attempt: &Arc<Attempt>) {
        let attempt = Arc::clone(attempt);
        self.with(|story| story.answered = Some(attempt));
    }

    /// Writes down that the client was refused.
    pub fn refused(&self, kind: FaultKind) {
        self.with(|story| story.fault = Some(kind));
    }

    /// What the request was when the last decision was taken.
    pub fn context(&self) -> Option<RouteContext> {
        self.with(|story| story.known.clone())
            .map(RouteContext::of_known)
    }

    /// The candidates, with what spoke for and against each.
    pub fn candidates(&self) -> Option<Arc<Candidates>> {
        self.context()
            .and_then(|context| context.candidates().cloned())
    }

    /// Every attempt, in order.
    pub fn attempts(&self) -> Vec<Arc<Attempt>> {
        self.with(|story| story.attempts.clone())
    }

    /// The attempt that answered, or was made last.
    pub fn answer(&self) -> Option<Arc<Attempt>> {
        self.with(|story| {
            let answer = story.answered.as_ref();
            answer.or_else(|| story.attempts.last()).cloned()
        })
    }

    /// The endpoint that answered, or was tried last.
    pub fn endpoint(&self) -> Option<Arc<Endpoint>> {
        self.answer().map(|attempt| Arc::clone(attempt.endpoint()))
    }

    /// What all attempts used.
    pub fn usage(&self) -> Usage {
        self.attempts()
            .iter()
            .filter_map(|attempt| attempt.facts().usage)
            .fold(Usage::default(), Usage::plus)
    }

    /// What all attempts cost.
    pub fn cost(&self) -> Pico {
        self.attempts()
            .iter()
            .filter_map(|attempt| attempt.facts().cost)
            .sum()
    }

    /// How long each step of the decision took.
    pub fn steps(&self) -> Vec<Step> {
        self.with(|story| story.steps.clone())
    }

    /// Remarks, in order.
    pub fn why(&self) -> Vec<Cow<'static, str>> {
        self.with(|story| story.notes.clone())
    }

    /// Why the client was refused, if it was.
    pub fn fault(&self) -> Option<FaultKind> {
        self.with(|story| story.fault)
    }

    fn with<T>(&self, change: impl FnOnce(&mut Story) -> T) -> T {
        change(&mut self.0.story.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Default for RouteReport {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RouteReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteReport")
            .field("attempts", &self.attempts())
            .field("why", &self.why())
            .field("steps", &self.steps())
            .finish_non_exhaustive()
    }
}
