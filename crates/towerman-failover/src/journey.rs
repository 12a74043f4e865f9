//! What a request takes along from attempt to attempt.

use std::sync::Arc;

use http::Request;
use tokio::time::Instant;
use towerman_core::{
    Attempt, Body, Fault, RouteContext, RouteReport,
    policy::{Class, FailoverRules},
};

use crate::{
    FailoverLayer, RetryBudget,
    attempt::{Failed, Limits},
    budget::RetryToken,
    course::Course,
};

/// What a request takes along from attempt to attempt.
#[derive(Debug)]
pub(crate) struct Journey {
    /// The request as it came, for the attempt after this one. `None` if there will be none.
    request: Option<Request<Body>>,
    cx: RouteContext,
    pub(crate) report: RouteReport,
    pub(crate) course: Course,
    pub(crate) limits: Limits,
    budget: Arc<RetryBudget>,
    token: Option<RetryToken>,
    /// Why an endpoint could not be given the request as it is.
    unfit: Option<Box<Fault>>,
}

impl Journey {
    pub(crate) fn begin(
        mut request: Request<Body>,
        course: impl FnOnce(&FailoverRules, &Class) -> Course,
        layer: &FailoverLayer,
        now: Instant,
    ) -> Self {
        let mut cx = RouteContext::edit(&mut request, |cx| cx.clone());
        let report = cx.report().clone();
        let (rules, class) = rules(&cx, layer);
        let whole = cx.ask().is_some_and(|ask| !ask.stream);
        let deadline = cx.deadline().map(Instant::from_std);
        layer.budget.deposit(rules.retry_percent);
        Self {
            request: Some(request),
            report,
            course: course(&rules, &class),
            limits: Limits {
                first_content: (!whole).then_some(class.first_content),
                answer: class.answer,
                idle: class.idle,
                deadline: deadline.unwrap_or_else(|| now + class.deadline),
                hold_back: rules.hold_back,
                max_answer: rules.max_answer,
            },
            budget: Arc::clone(&layer.budget),
            token: None,
            unfit: None,
            cx,
        }
    }

    /// Whether the next attempt may be made. The first is the request itself; only those after it
    /// are retries.
    pub(crate) fn may_go_on(&mut self, now: Instant) -> bool {
        if !self.course.failed_before() {
            return true;
        }
        self.token = self.budget.lend(now.into_std());
        if self.token.is_none() {
            self.report.note("the retry budget is used up");
        }
        self.token.is_some()
    }

    /// The request for an attempt at `stop`. `None` if its body cannot be sent again.
    pub(crate) fn attempt(&mut self, stop: usize) -> Option<(Request<Body>, Arc<Attempt>)> {
        let mut request = self.request.take()?;
        if !self.course.is_last() {
            self.request = again(&request);
        }
        let endpoint = Arc::clone(self.course.endpoint(stop));
        let attempt = self.cx.begin_attempt(endpoint, self.course.attempts());
        if let Some(token) = &mut self.token {
            token.begin(&attempt);
        }
        RouteContext::edit(&mut request, |cx| *cx = self.cx.clone());
        Some((request, attempt))
    }

    /// The attempt at `stop` delivers.
    pub(crate) fn arrived(&mut self, attempt: &Arc<Attempt>, now: Instant) {
        self.report.answered(attempt);
        self.note_skipped(now);
        if let Some(token) = self.token.take() {
            token.spend();
        }
    }

    /// The attempt at `stop` brought nothing. An error is the last word.
    pub(crate) fn failed(
        &mut self,
        stop: usize,
        attempt: &Arc<Attempt>,
        failed: Failed,
    ) -> Result<(), Fault> {
        let token = self.token.take();
        let name = &self.course.endpoint(stop).name;
        match failed {
            Failed::TurnedAway => {
                self.report.note(format!("{name} turned the call away"));
                self.report.withdrew(attempt);
                self.course.turned_away();
            }
            Failed::Unfit(fault) => {
                self.report
                    .note(format!("{name} cannot take the request: {fault}"));
                self.report.withdrew(attempt);
                self.course.unfit(stop);
                self.unfit = Some(Box::new(fault));
            }
            Failed::Attempt(outcome) => {
                self.report
                    .note(format!("{name} failed: {}", outcome.as_str()));
                self.course.failed(stop, outcome, attempt.phase());
                if let Some(token) = token {
                    token.spend();
                }
            }
            Failed::Final(fault) => return Err(fault),
        }
        Ok(())
    }

    /// What the client is told when nothing is left to try.
    pub(crate) fn end(&mut self, now: Instant) -> Fault {
        self.note_skipped(now);
        let now = now.into_std();
        // If nobody could take the request as it is, that is what the client must hear.
        let nothing_else = !self.course.failed_before() && self.course.earliest(now).is_none();
        match self.unfit.take() {
            Some(fault) if nothing_else => *fault,
            _ => self.course.fault(now),
        }
    }

    fn note_skipped(&self, now: Instant) {
        for name in self.course.skipped(now.into_std()) {
            let note = format!("{name} was refused by its circuit");
            self.report.note(note);
        }
    }
}

/// The same request again. `None` if its body cannot be sent again.
fn again(request: &Request<Body>) -> Option<Request<Body>> {
    let mut again = Request::new(request.body().try_clone()?);
    again.method_mut().clone_from(request.method());
    again.uri_mut().clone_from(request.uri());
    *again.version_mut() = request.version();
    again.headers_mut().clone_from(request.headers());
    // Most carry nothing but our own context, which every attempt gets anew.
    if request.extensions().len() > 1 {
        again.extensions_mut().clone_from(request.extensions());
    }
    Some(again)
}

fn rules(cx: &RouteContext, layer: &FailoverLayer) -> (FailoverRules, Class) {
    match cx.policy() {
        Some(policy) => (*policy.failover(), *policy.class(cx.priority())),
        None => (layer.rules, Class::default_for(cx.priority())),
    }
}
