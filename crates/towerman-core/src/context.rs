//! The one request extension.

use std::{sync::Arc, time::Instant};

use http::Request;

use crate::{
    Ask, Attempt, Candidates, Dialect, Endpoint, Listing, Operation, Policy, Priority, RouteReport,
    Tenant, policy::Route,
};

/// What layers know about a request, in named optional parts. Cheap to clone: the parts are
/// shared until one of the clones is changed.
///
/// See the [crate docs](crate#absence) for what each absence means.
#[derive(Clone, Debug, Default)]
pub struct RouteContext {
    known: Known,
    attempt: Option<Arc<Attempt>>,
    report: Option<RouteReport>,
}

/// What is the same for all attempts, and what the report keeps. `None` knows nothing.
pub(crate) type Known = Option<Arc<Parts>>;

#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    policy: Option<Arc<Policy>>,
    ask: Option<Arc<Ask>>,
    listing: Option<Arc<Listing>>,
    tenant: Option<Arc<Tenant>>,
    priority: Option<Priority>,
    session: Option<Arc<str>>,
    request_id: Option<Arc<str>>,
    task: Option<&'static str>,
    cohort: Option<u16>,
    route: Option<Arc<Route>>,
    candidates: Option<Arc<Candidates>>,
    deadline: Option<Instant>,
    foreign: bool,
}

impl RouteContext {
    /// The context of `request`: an empty one if no layer has said anything yet.
    pub fn of<B>(request: &Request<B>) -> &Self {
        static EMPTY: RouteContext = RouteContext {
            known: None,
            attempt: None,
            report: None,
        };
        request.extensions().get().unwrap_or(&EMPTY)
    }

    /// Changes the context of `request`, which gets one if it has none.
    pub fn edit<B, T>(request: &mut Request<B>, change: impl FnOnce(&mut Self) -> T) -> T {
        change(request.extensions_mut().get_or_insert_default())
    }

    /// The policy under which this request is served from beginning to end.
    pub fn policy(&self) -> Option<&Arc<Policy>> {
        self.parts()?.policy.as_ref()
    }

    /// Pins the policy.
    pub fn set_policy(&mut self, policy: Arc<Policy>) {
        self.edit_parts().policy = Some(policy);
    }

    /// What the body asks for.
    pub fn ask(&self) -> Option<&Arc<Ask>> {
        self.parts()?.ask.as_ref()
    }

    /// Says what the body asks for.
    pub fn set_ask(&mut self, ask: Arc<Ask>) {
        self.edit_parts().ask = Some(ask);
    }

    /// What it asks about the models that there are, if that is what it asks.
    pub fn listing(&self) -> Option<&Arc<Listing>> {
        self.parts()?.listing.as_ref()
    }

    /// Says that the request asks which models there are. Such a request is foreign.
    pub fn set_listing(&mut self, listing: Listing) {
        let parts = self.edit_parts();
        parts.listing = Some(Arc::new(listing));
        parts.foreign = true;
    }

    /// The client's dialect, if the request is one of a dialect.
    pub fn dialect(&self) -> Option<Dialect> {
        self.ask().map(|ask| ask.dialect)
    }

    /// Who asks: [`Tenant::anonymous`] if nobody said.
    pub fn tenant(&self) -> &Arc<Tenant> {
        let tenant = self.parts().and_then(|parts| parts.tenant.as_ref());
        tenant.unwrap_or_else(|| Tenant::anonymous())
    }

    /// Says who asks.
    pub fn set_tenant(&mut self, tenant: Arc<Tenant>) {
        self.edit_parts().tenant = Some(tenant);
    }

    /// How urgent it is: [`Priority::Normal`] if nobody said.
    pub fn priority(&self) -> Priority {
        let priority = self.parts().and_then(|parts| parts.priority);
        priority.unwrap_or_default()
    }

    /// Says how urgent it is.
    pub fn set_priority(&mut self, priority: Priority) {
        self.edit_parts().priority = Some(priority);
    }

    /// The conversation that this request belongs to.
    pub fn session(&self) -> Option<&Arc<str>> {
        self.parts()?.session.as_ref()
    }

    /// Says which conversation this request belongs to.
    pub fn set_session(&mut self, session: impl Into<Arc<str>>) {
        self.edit_parts().session = Some(session.into());
    }

    /// The id under which logs, ledger and client know this request.
    pub fn request_id(&self) -> Option<&Arc<str>> {
        self.parts()?.request_id.as_ref()
    }

    /// Names the request.
    pub fn set_request_id(&mut self, id: impl Into<Arc<str>>) {
        self.edit_parts().request_id = Some(id.into());
    }

    /// What kind of work it is, by rules.
    pub fn task(&self) -> Option<&'static str> {
        self.parts()?.task
    }

    /// Says what kind of work it is.
    pub fn set_task(&mut self, task: &'static str) {
        self.edit_parts().task = Some(task);
    }

    /// The A/B bucket, from 0 to 999.
    pub fn cohort(&self) -> Option<u16> {
        self.parts()?.cohort
    }

    /// Puts the request into an A/B bucket.
    pub fn set_cohort(&mut self, cohort: u16) {
        self.edit_parts().cohort = Some(cohort);
    }

    /// The route that the request takes.
    pub fn route(&self) -> Option<&Arc<Route>> {
        self.parts()?.route.as_ref()
    }

    /// Says which route the request takes.
    pub fn set_route(&mut self, route: Arc<Route>) {
        self.edit_parts().route = Some(route);
    }

    /// The endpoints that could serve it. `None` passes the request through.
    pub fn candidates(&self) -> Option<&Arc<Candidates>> {
        self.parts()?.candidates.as_ref()
    }

    /// Says which endpoints could serve it.
    pub fn set_candidates(&mut self, candidates: Candidates) {
        self.edit_parts().candidates = Some(Arc::new(candidates));
    }

    /// Changes the candidates, if there are any: the place to add a term or a veto.
    pub fn edit_candidates(&mut self, change: impl FnOnce(&mut Candidates)) {
        if self.candidates().is_some()
            && let Some(candidates) = &mut self.edit_parts().candidates
        {
            change(Arc::make_mut(candidates));
        }
    }

    /// The attempt that this request is, if one was begun.
    pub const fn attempt(&self) -> Option<&Arc<Attempt>> {
        self.attempt.as_ref()
    }

    /// Begins an attempt at `endpoint`, and writes it into the report, with what is known now.
    pub fn begin_attempt(&mut self, endpoint: Arc<Endpoint>, number: u32) -> Arc<Attempt> {
        let operation = self
            .ask()
            .map_or_else(Operation::default, |ask| ask.operation);
        let attempt = Arc::new(Attempt::new(endpoint, number).wants(operation));
        let known = self.known();
        self.report().began(&attempt, known);
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
    pub fn deadline(&self) -> Option<Instant> {
        self.parts()?.deadline
    }

    /// Says when all attempts must be over.
    pub fn set_deadline(&mut self, deadline: Instant) {
        self.edit_parts().deadline = Some(deadline);
    }

    /// Whether this request asks no model for anything: a page, a health check, an upload that
    /// happens to pass through the stack. Such a request is nobody's attempt, and is neither
    /// judged nor billed.
    pub fn is_foreign(&self) -> bool {
        matches!(&self.known, Some(parts) if parts.foreign)
    }

    /// Says that this request asks no model for anything. Only the layer that knows every
    /// dialect's paths can tell.
    pub fn set_foreign(&mut self) {
        self.edit_parts().foreign = true;
    }

    /// The report that this request's story is written to.
    pub fn report(&mut self) -> &RouteReport {
        self.report.get_or_insert_default()
    }

    /// The report, if anything was written yet.
    pub const fn try_report(&self) -> Option<&RouteReport> {
        self.report.as_ref()
    }

    /// What is the same for all attempts, to be kept.
    pub(crate) fn known(&self) -> Known {
        self.known.clone()
    }

    /// A context that knows this, without an attempt or a report.
    pub(crate) const fn of_known(known: Known) -> Self {
        Self {
            known,
            attempt: None,
            report: None,
        }
    }

    fn parts(&self) -> Option<&Parts> {
        self.known.as_deref()
    }

    fn edit_parts(&mut self) -> &mut Parts {
        Arc::make_mut(self.known.get_or_insert_default())
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
        assert!(cx.listing().is_none());
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
    fn clones_part_ways_when_one_is_changed() {
        let mut cx = RouteContext::default();
        cx.set_session("a");
        let before = cx.clone();
        cx.set_session("b");
        assert_eq!(before.session().map(|id| &**id), Some("a"));
        assert_eq!(cx.session().map(|id| &**id), Some("b"));
    }

    #[test]
    fn a_decided_report_does_not_keep_itself_alive() {
        let mut cx = RouteContext::default();
        let report = cx.report().clone();
        report.decided(&cx);
        assert!(report.context().unwrap().try_report().is_none());
    }
}
