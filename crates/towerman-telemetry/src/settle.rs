//! Settles a request exactly once: when its body ends, breaks or is dropped.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use tokio::time::Instant;
use towerman_core::{RouteReport, Usage};

use crate::{
    decision::{Decision, Ending},
    layer::Shared,
};

/// Settles on drop, so that there is no way out that is not counted.
#[derive(Debug)]
pub(crate) struct Settlement {
    shared: Arc<Shared>,
    report: RouteReport,
    started: Instant,
    status: Option<StatusCode>,
    complete: bool,
    broken: bool,
}

impl Settlement {
    pub(crate) fn new(shared: Arc<Shared>, report: RouteReport) -> Self {
        let started = Instant::now();
        Self {
            shared,
            report,
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
        let attempts = self.report.attempts();
        let facts: Vec<_> = attempts.iter().map(|attempt| attempt.facts()).collect();
        let upstream: Duration = facts.iter().filter_map(|facts| facts.duration).sum();
        let ending = Ending {
            outcome: self.outcome(),
            status: self.status.map_or(0, |status| status.as_u16()),
            took,
            overhead: took.saturating_sub(upstream),
        };

        let cx = self.report.context().unwrap_or_default();
        let set = self.shared.instruments.load();
        let route = set.route(cx.route().map(|route| &*route.name));
        route.ended(cx.priority(), ending.outcome);
        route.seconds.record(took);
        route.overhead.record(ending.overhead);
        if attempts.len() > 1 && ending.outcome == "success" {
            route.failovers.increment(1);
        }
        for (attempt, facts) in attempts.iter().zip(&facts) {
            let Some(endpoint) = set.endpoint(attempt.endpoint().slot) else {
                continue;
            };
            endpoint.ended(facts.verdict().as_str());
            if let Some(first) = facts.first_content {
                endpoint.first_content.record(first);
            }
            for (counter, tokens) in endpoint
                .tokens
                .iter()
                .zip(kinds(facts.usage.unwrap_or_default()))
            {
                counter.increment(tokens);
            }
            if let Some(cost) = facts.cost {
                endpoint.cost.record(cost.usd());
            }
            if let Some(saved) = facts.saved {
                endpoint.saved.record(saved.usd());
            }
        }
        self.tell(&ending, attempts.len());
    }
}

impl Settlement {
    /// Builds the decision record, if anybody listens.
    fn tell(&self, ending: &Ending, attempts: usize) {
        // Nobody asks why a request went where it was meant to go and was answered there.
        let plain = ending.outcome == "success" && attempts <= 1;
        let logged = if plain {
            tracing::enabled!(target: "towerman::decision", tracing::Level::DEBUG)
        } else {
            tracing::enabled!(target: "towerman::decision", tracing::Level::INFO)
        };
        if !logged && self.shared.listeners.is_empty() {
            return;
        }
        let decision = Decision::new(&self.report, ending);
        for listener in &self.shared.listeners {
            listener(&decision);
        }
        if logged {
            log(&decision, plain);
        }
    }
}

/// The event. Its level is part of a call site in `tracing`, hence two of them.
fn log(decision: &Decision, plain: bool) {
    macro_rules! event {
        ($level:expr) => {
            tracing::event!(
                target: "towerman::decision",
                $level,
                request_id = decision.request_id.as_deref(),
                revision = decision.revision,
                dialect = decision.dialect,
                model = decision.model.as_deref(),
                stream = decision.stream,
                prompt_tokens = decision.prompt_tokens,
                tenant = &*decision.tenant,
                priority = decision.priority,
                task = decision.task,
                cohort = decision.cohort,
                route = decision.route.as_deref(),
                strategy = decision.strategy.as_deref(),
                candidates = json(&decision.candidates),
                attempts = json(&decision.attempts),
                why = json(&decision.why),
                steps = json(&decision.steps),
                outcome = decision.outcome,
                status = decision.status,
                duration_ms = decision.duration_ms,
                overhead_us = decision.overhead_us,
                cost_usd = &*decision.cost_usd,
                saved_usd = &*decision.saved_usd,
            )
        };
    }
    if plain {
        event!(tracing::Level::DEBUG);
    } else {
        event!(tracing::Level::INFO);
    }
}

/// Nested parts of an event's fields are JSON: `tracing` has no lists.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

const fn kinds(usage: Usage) -> [u64; 4] {
    let written = usage.cache_write.saturating_add(usage.cache_write_long);
    [usage.input, usage.cache_read, written, usage.output]
}
