//! The decision record as one `tracing` event.

use std::ops::Deref;

use tracing::Level;

use crate::Decision;

/// Emits the record. `decision` is only looked into if the event is enabled, so one that builds
/// itself on first use costs nothing otherwise.
pub(crate) fn emit(level: Level, decision: &impl Deref<Target = Decision>) {
    // A level is part of a call site in `tracing`, hence one for each.
    macro_rules! event {
        ($level:expr) => {
            tracing::event!(
                target: "towerman::decision",
                $level,
                request_id = decision.request_id.as_deref(),
                revision = decision.revision,
                method = decision.method,
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
    match level {
        Level::ERROR => event!(Level::ERROR),
        Level::WARN => event!(Level::WARN),
        Level::INFO => event!(Level::INFO),
        Level::DEBUG => event!(Level::DEBUG),
        Level::TRACE => event!(Level::TRACE),
    }
}

/// Nested parts of an event's fields are JSON: `tracing` has no lists, and `valuable`, which would
/// bring them, can only be had with `--cfg tracing_unstable`, which a library cannot ask for.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
