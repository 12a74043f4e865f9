//! Settles an attempt exactly once, whatever becomes of it.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use tokio::time::Instant;
use towerman_core::{
    Ask, Attempt, AttemptFacts, BoxError, End, Outcome, Phase, Priority, RouteContext, Tenant,
    policy::Route,
};

use crate::{
    Ledger, Line, LineId, Totals,
    settle::{Bill, settle},
};

/// What all services of a layer share.
pub(crate) struct Shared {
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) totals: Arc<Totals>,
    /// Lines written, so that no two have the same id.
    written: AtomicU64,
}

/// One attempt that is under way. It lives in the future, then in the body; dropping it before
/// it is settled settles it, as dropped.
#[derive(Debug)]
pub(crate) struct Settlement(Option<Case>);

#[derive(Debug)]
struct Case {
    shared: Arc<Shared>,
    attempt: Arc<Attempt>,
    began: Instant,
    /// There was content.
    content: bool,
    ask: Option<Arc<Ask>>,
    tenant: Arc<Tenant>,
    session: Option<Arc<str>>,
    request_id: Option<Arc<str>>,
    route: Option<Arc<Route>>,
    priority: Priority,
}

// === impl Shared ===

impl Shared {
    pub(crate) fn new(ledger: Arc<dyn Ledger>) -> Self {
        Self {
            ledger,
            totals: Arc::default(),
            written: AtomicU64::new(0),
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("totals", &self.totals)
            .field("written", &self.written)
            .finish_non_exhaustive()
    }
}

// === impl Settlement ===

impl Settlement {
    pub(crate) fn begin(shared: &Arc<Shared>, attempt: Arc<Attempt>, cx: &RouteContext) -> Self {
        Self(Some(Case {
            shared: Arc::clone(shared),
            attempt,
            began: Instant::now(),
            content: false,
            ask: cx.ask().cloned(),
            tenant: Arc::clone(cx.tenant()),
            session: cx.session().cloned(),
            request_id: cx.request_id().cloned(),
            route: cx.route().cloned(),
            priority: cx.priority(),
        }))
    }

    /// The attempt, while it is not settled.
    pub(crate) fn attempt(&self) -> Option<&Arc<Attempt>> {
        self.0.as_ref().map(|case| &case.attempt)
    }

    /// Something went by: has it brought content?
    pub(crate) fn watch(&mut self) {
        if let Some(case) = &mut self.0
            && !case.content
            && case.attempt.phase() == Phase::Content
        {
            case.content = true;
            // The first content of a whole answer comes when the last does, and says nothing.
            case.attempt.note(|facts| {
                if facts.streams {
                    facts
                        .first_content
                        .get_or_insert_with(|| case.began.elapsed());
                }
            });
        }
    }

    /// The service answered with an error.
    pub(crate) fn broke(mut self, error: &BoxError) {
        if let Some(attempt) = self.attempt() {
            let end = End::of_error(error.as_ref(), attempt.phase());
            self.settle(end);
        }
    }

    /// It is over. Only the first time counts.
    pub(crate) fn settle(&mut self, end: End) {
        self.watch();
        if let Some(case) = self.0.take() {
            case.settle(end);
        }
    }
}

impl Drop for Settlement {
    fn drop(&mut self) {
        self.settle(End::Dropped);
    }
}

// === impl Case ===

impl Case {
    fn settle(self, end: End) {
        let (phase, took) = (self.attempt.phase(), self.began.elapsed());
        let line = self.attempt.note(|facts| {
            let outcome = facts.end(phase, end, took);
            let price = self.attempt.endpoint().price.as_ref();
            let bill = settle(phase, facts, self.ask.as_deref(), price)?;
            facts.cost = bill.cost;
            facts.saved = bill.saved;
            facts.estimated = bill.estimated;
            if bill.estimated {
                facts.usage = Some(bill.usage);
            }
            Some(self.line(facts, outcome, &bill, took))
        });
        if let Some(line) = line {
            self.shared.totals.record(&line);
            self.shared.ledger.record(&line);
        }
    }

    fn line(&self, facts: &AttemptFacts, outcome: Outcome, bill: &Bill, took: Duration) -> Line {
        let (attempt, endpoint) = (self.attempt.number(), self.attempt.endpoint());
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let at_ms = millis(since.unwrap_or_default());
        Line {
            id: LineId {
                request_id: self.request_id.clone(),
                attempt,
                at_ms,
                nth: self.shared.written.fetch_add(1, Relaxed),
            },
            at_ms,
            request_id: self.request_id.clone(),
            attempt,
            tenant: Arc::clone(&self.tenant.name),
            session: self.session.clone(),
            route: self.route.as_ref().map(|route| Arc::clone(&route.name)),
            endpoint: Arc::clone(&endpoint.name),
            provider: Arc::clone(&endpoint.provider.name),
            model: facts.model.clone(),
            dialect: self.ask.as_ref().map(|ask| ask.dialect.as_str()),
            priority: self.priority.as_str(),
            stream: self.ask.as_ref().is_some_and(|ask| ask.stream),
            status: facts.status.map(|status| status.as_u16()),
            outcome: outcome.as_str(),
            usage: bill.usage,
            cost: bill.cost,
            saved: bill.saved,
            priced: bill.cost.is_some(),
            estimated: bill.estimated,
            maybe_billed: bill.maybe_billed,
            duration_ms: millis(took),
            first_content_ms: facts.first_content.map(millis),
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
