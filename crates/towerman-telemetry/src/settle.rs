//! Settles a request exactly once: when its body ends, breaks or is dropped.

use std::{cell::LazyCell, sync::Arc, time::Duration};

use http::StatusCode;
use tokio::time::Instant;
use towerman_core::{Attempt, AttemptFacts, Outcome, Pico, RouteContext, RouteReport, Tier, Usage};

use crate::{
    asked::Asked,
    decision::{Decision, Ending},
    event,
    instruments::{EndpointSet, Set},
    layer::Shared,
};

/// Settles on drop, so that there is no way out that is not counted.
#[derive(Debug)]
pub(crate) struct Settlement {
    shared: Arc<Shared>,
    report: RouteReport,
    asked: Asked,
    started: Instant,
    status: Option<StatusCode>,
    complete: bool,
    broken: bool,
}

impl Settlement {
    pub(crate) fn new(shared: Arc<Shared>, report: RouteReport, asked: Asked) -> Self {
        let started = Instant::now();
        Self {
            shared,
            report,
            asked,
            started,
            status: None,
            complete: false,
            broken: false,
        }
    }

    pub(crate) const fn answered(&mut self, status: StatusCode) {
        self.status = Some(status);
    }

    /// The body has ended by itself.
    pub(crate) const fn completed(&mut self) {
        self.complete = true;
    }

    /// The service or the body failed.
    pub(crate) const fn broke(&mut self) {
        self.broken = true;
    }

    fn outcome(&self) -> &'static str {
        if let Some(fault) = self.report.fault() {
            return fault.as_str();
        }
        match self.status {
            _ if self.broken => "error",
            Some(status) if self.complete && status.is_server_error() => "error",
            Some(status) if self.complete && status.is_client_error() => "invalid_request",
            Some(_) if self.complete => "success",
            _ => "client_left",
        }
    }
}

impl Drop for Settlement {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        let cx = self.report.context().unwrap_or_default();
        let attempts = self.report.attempts();
        let set = self
            .shared
            .instruments
            .load(cx.policy().map(|policy| policy.revision()));
        let upstream = attempts
            .iter()
            .map(|attempt| settle(attempt, &set))
            .sum::<Duration>();
        let ending = Ending {
            asked: self.asked,
            outcome: self.outcome(),
            status: self.status.map_or(0, |status| status.as_u16()),
            took,
            overhead: took.saturating_sub(upstream),
        };

        let route = set.route(cx.route().map(|route| &*route.name));
        route.ended(cx.priority(), ending.outcome);
        route.seconds.record(took);
        route.overhead.record(ending.overhead);
        if ending.outcome == "success" && moved(&attempts) {
            route.failovers.increment(1);
        }
        self.tell(&cx, &attempts, &ending);
    }
}

impl Settlement {
    /// Tells the story, if anybody listens: nothing is built for an event that is not enabled.
    fn tell(&self, cx: &RouteContext, attempts: &[Arc<Attempt>], ending: &Ending) {
        let decision = LazyCell::new(|| Decision::new(&self.report, cx, attempts, ending));
        for listener in &self.shared.listeners {
            listener(&decision);
        }
        let plain = ending.outcome == "success" && attempts.len() <= 1;
        event::emit(self.shared.level(plain), &decision);
    }
}

/// Whether another endpoint answered than the first that was tried.
fn moved(attempts: &[Arc<Attempt>]) -> bool {
    match attempts {
        [first, .., last] => first.endpoint().slot != last.endpoint().slot,
        _ => false,
    }
}

/// Counts one attempt. How long it was under way.
fn settle(attempt: &Attempt, set: &Set) -> Duration {
    // Copied out: what records must not run under the attempt's lock.
    let ended = attempt.note(|facts| Ended::of(facts));
    if let Some(endpoint) = set.endpoint(attempt.endpoint().slot) {
        ended.count(endpoint);
    }
    ended.duration.unwrap_or_default()
}

/// What metrics need of an attempt's facts.
struct Ended {
    outcome: Outcome,
    duration: Option<Duration>,
    first_content: Option<Duration>,
    usage: Usage,
    /// By tier.
    losses: [u32; 3],
    skipped: u64,
    cost: Option<Pico>,
    saved: Option<Pico>,
}

impl Ended {
    fn of(facts: &AttemptFacts) -> Self {
        Self {
            outcome: facts.verdict(),
            duration: facts.duration,
            first_content: facts.first_content,
            usage: facts.usage.unwrap_or_default(),
            losses: facts
                .losses
                .as_deref()
                .map_or([0; 3], |losses| Tier::ALL.map(|tier| losses.count(tier))),
            skipped: facts.skipped,
            cost: facts.cost,
            saved: facts.saved,
        }
    }

    fn count(&self, endpoint: &EndpointSet) {
        endpoint.ended(self.outcome.as_str());
        if let Some(first) = self.first_content {
            endpoint.first_content.record(first);
        }
        for (counter, losses) in endpoint.losses.iter().zip(self.losses) {
            if losses > 0 {
                counter.increment(losses.into());
            }
        }
        if self.skipped > 0 {
            endpoint.skipped.increment(self.skipped);
        }
        for (counter, tokens) in endpoint.tokens.iter().zip(kinds(self.usage)) {
            if tokens > 0 {
                counter.increment(tokens);
            }
        }
        if let Some(cost) = self.cost {
            endpoint.cost.record(cost.usd());
        }
        if let Some(saved) = self.saved {
            endpoint.saved.record(saved.usd());
        }
    }
}

const fn kinds(usage: Usage) -> [u64; 4] {
    let written = usage.cache_write.saturating_add(usage.cache_write_long);
    [usage.input, usage.cache_read, written, usage.output]
}
