//! The one request extension.

use std::{
    sync::{Arc, LazyLock},
    time::Instant,
};

use http::Request;

use crate::{
    Ask, Attempt, Candidates, Dialect, Endpoint, Policy, Priority, RouteReport, Tenant,
    policy::Route,
};

/// What layers know about a request, in named optional parts. Cheap to clone.
///
/// See the [crate docs](crate#absence) for what each absence means.
#[derive(Clone, Debug, Default)]
pub struct RouteContext {
    policy: Option<Arc<Policy>>,
    ask: Option<Arc<Ask>>,
    tenant: Option<Arc<Tenant>>,
    priority: Option<Priority>,
    session: Option<Arc<str>>,
    request_id: Option<Arc<str>>,
    task: Option<&'static str>,
    cohort: Option<u16>,
    route: Option<Arc<Route>>,
    candidates: Option<Arc<Candidates>>,
    attempt: Option<Arc<Attempt>>,
    deadline: Option<Instant>,
    foreign: bool,
    report: Option<RouteReport>,
}

impl RouteContext {
    /// The context of `request`: an empty one if no layer has said anything yet.
    pub fn of<B>(request: &Request<B>) -> &Self {
        static EMPTY: LazyLock<RouteContext> = LazyLock::new(RouteContext::default);
        request.extensions().get().unwrap_or(&EMPTY)
    }

    /// Changes the context of `request`, which gets one if it has none.
    pub fn edit<B, T>(request: &mut Request<B>, change: impl FnOnce(&mut Self) -> T) -> T {
        change(request.extensions_mut().get_or_insert_default())
    }

    /// The policy under which this request is served from beginning to end.
    pub const fn policy(&self) -> Option<&Arc<Policy>> {
        self.policy.as_ref()
    }

    /// Pins the policy.
    pub fn set_policy(&mut self, policy: Arc<Policy>) {
        self.policy = Some(policy);
    }

    /// What the body asks for.
    pub const fn ask(&self) -> Option<&Arc<Ask>> {
        self.ask.as_ref()
    }

    /// Says what the body asks for.
    pub fn set_ask(&mut self, ask: Arc<Ask>) {
        self.ask = Some(ask);
    }

    /// The client's dialect, if the request is one of a dialect.
    pub fn dialect(&self) -> Option<Dialect> {
        self.ask.as_ref().map(|ask| ask.dialect)
    }

    /// Who asks: [`Tenant::anonymous`] if nobody said.
    pub fn tenant(&self) -> &Arc<Tenant> {
        self.tenant.as_ref().unwrap_or_else(|| Tenant::anonymous())
    }

    /// Says who asks.
    pub fn set_tenant(&mut self, tenant: Arc<Tenant>) {
        self.tenant = Some(tenant);
    }

    /// How urgent it is: [`Priority::Normal`] if nobody said.
    pub fn priority(&self) -> Priority {
        self.priority.unwrap_or_default()
    }

    /// Says how urgent it is.
    pub const fn set_priority(&mut self, priority: Priority) {
        self.priority = Some(priority);
    }

    /// The conversation that this request belongs to.
    pub const fn session(&self) -> Option<&Arc<str>> {
        self.session.as_ref()
    }

    /// Says which conversation this request belongs to.
    pub fn set_session(&mut self, session: impl Into<Arc<str>>) {
        self.session = Some(session.into());
    }

    /// The id under which logs, ledger and client know this request.
    pub const fn request_id(&self) -> Option<&Arc<str>> {
        self.request_id.as_ref()
    }

    /// Names the request.
    pub fn set_request_id(&mut self, id: impl Into<Arc<str>>) {
        self.request_id = Some(id.into());
    }

    /// What kind of work it is, by rules.
    pub const fn task(&self) -> Option<&'static str> {
        self.task
    }

    /// Says what kind of work it is.
    pub const fn set_task(&mut self, task: &'static str) {
        self.task = Some(task);
    }

    /// The A/B bucket, from 0 to 999.
    pub const fn cohort(&self) -> Option<u16> {
        self.cohort
    }

    /// Puts the request into an A/B bucket.
    pub const fn set_cohort(&mut self, cohort: u16) {
        self.cohort = Some(cohort);
    }

    /// The route that the request takes.
    pub const fn route(&self) -> Option<&Arc<Route>> {
        self.route.as_ref()
    }

    /// Says which route the request takes.
    pub fn set_route(&mut self, route: Arc<Route>) {
        self.route = Some(route);
    }

    /// The endpoints that could serve it. `None` passes the request through.
    pub const fn candidates(&self) -> Option<&Arc<Candidates>> {
        self.candidates.as_ref()
    }

    /// Says which endpoints could serve it.
    pub fn set_candidates(&mut self, candidates: Candidates) {
        self.candidates = Some(Arc::new(candidates));
    }

    /// Changes the candidates, if there are any: the place to add a term or a veto.
    pub fn edit_candidates(&mut self, change: impl FnOnce(&mut Candidates)) {
        if let Some(candidates) = &mut self.candidates {
            change(Arc::make_mut(candidates));
        }
    }

    /// The attempt that this request is, if one was begun.
    pub const fn attempt(&self) -> Option<&Arc<Attempt>> {
        self.attempt.as_ref()
    }

    /// Begins an attempt at `endpoint`, and writes it into the report.
    pub fn begin_attempt(&mut self, endpoint: Arc<Endpoint>, number: u32) -> Arc<Attempt> {
        let attempt = Arc::new(Attempt::new(endpoint, number));
        self.report().began(&attempt);
        self.attempt = Some(Arc::clone(&attempt));
        attempt
    }

    /// The attempt that this request is. Without one, this service is one endpoint.
    pub fn attempt_or_begin(&mut self) -> Arc<Attempt> {
        match &self.attempt {
            Some(attempt) => Arc::clone(attempt),
            None => self.begin_attempt(Arc::clone(Endpoint::unrouted()), 1),
        }
    }

    /// When all attempts must be over.
    pub const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Says when all attempts must be over.
    pub const fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
    }

    /// Whether this request asks no model for anything: a page, a health check, an upload that
    /// happens to pass through the stack. Such a request is nobody's attempt, and is neither
    /// judged nor billed.
    pub const fn is_foreign(&self) -> bool {
        self.foreign
    }

    /// Says that this request asks no model for anything. Only the layer that knows every
    /// dialect's paths can tell.
    pub const fn set_foreign(&mut self) {
        self.foreign = true;
    }

    /// The report that this request's story is written to.
    pub fn report(&mut self) -> &RouteReport {
        self.report.get_or_insert_default()
    }

    /// The report, if anything was written yet.
    pub const fn try_report(&self) -> Option<&RouteReport> {
        self.report.as_ref()
    }

    pub(crate) fn without_report(&self) -> Self {
        Self {
            report: None,
            attempt: None,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_absence_means_something() {
        let request = Request::new(());
        let cx = RouteContext::of(&request);
        assert_eq!(cx.priority(), Priority::Normal);
        assert_eq!(&*cx.tenant().name, "anonymous");
        assert!(cx.policy().is_none());
        assert!(cx.ask().is_none());
        assert!(cx.dialect().is_none());
        assert!(cx.session().is_none());
        assert!(cx.request_id().is_none());
        assert!(cx.task().is_none());
        assert!(cx.cohort().is_none());
        assert!(cx.route().is_none());
        assert!(cx.candidates().is_none());
        assert!(cx.attempt().is_none());
        assert!(cx.deadline().is_none());
        assert!(!cx.is_foreign());
        assert!(cx.try_report().is_none());
    }

    #[test]
    fn without_an_attempt_the_service_is_one_endpoint() {
        let mut cx = RouteContext::default();
        let attempt = cx.attempt_or_begin();
        assert!(attempt.endpoint().is_unrouted());
        assert!(Arc::ptr_eq(&attempt, &cx.attempt_or_begin()));
        assert_eq!(cx.report().attempts().len(), 1);
    }

    #[test]
    fn a_decided_report_does_not_keep_itself_alive() {
        let mut cx = RouteContext::default();
        let report = cx.report().clone();
        report.decided(&cx);
        assert!(report.context().unwrap().try_report().is_none());
    }
}
