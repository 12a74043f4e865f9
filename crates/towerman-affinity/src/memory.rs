//! What one request will have taught.

use std::sync::Arc;

use tokio::time::Instant;
use towerman_core::{Attempt, Phase, RouteReport};

use crate::{
    fingerprint::Fingerprint,
    state::{State, Warm},
};

/// Waits for the first content, and for what the provider says of its cache.
#[derive(Debug)]
pub(crate) struct Memory {
    state: Arc<State>,
    report: RouteReport,
    print: Fingerprint,
    /// Where the prompt was thought to be.
    warm: Vec<Warm>,
    /// The attempt whose content the client gets, once it does.
    answering: Option<Arc<Attempt>>,
}

impl Memory {
    pub(crate) const fn new(
        state: Arc<State>,
        report: RouteReport,
        print: Fingerprint,
        warm: Vec<Warm>,
    ) -> Self {
        Self {
            state,
            report,
            print,
            warm,
            answering: None,
        }
    }

    /// A frame went by.
    pub(crate) fn look(&mut self) {
        if self.answering.is_some() {
            return;
        }
        let attempt = self.report.answer();
        self.answering = attempt.filter(|attempt| attempt.phase() == Phase::Content);
        if let Some(attempt) = &self.answering {
            let now = Instant::now().into_std();
            let slot = attempt.endpoint().slot;
            self.state.remember(&self.print, slot, now);
        }
    }

    /// The answer has ended: what was predicted can be compared with what was.
    pub(crate) fn end(&mut self) {
        self.look();
        let Some(attempt) = &self.answering else {
            return;
        };
        let usage = attempt.note(|facts| facts.usage);
        if let Some(usage) = usage.filter(|usage| usage.prompt() > 0) {
            let endpoint = attempt.endpoint();
            self.state
                .compare(&self.print, endpoint, &usage, &self.warm);
        }
    }
}
