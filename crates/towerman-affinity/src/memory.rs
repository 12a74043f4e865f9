//! What one request will have taught.

use std::{mem, sync::Arc};

use tokio::time::Instant;
use towerman_core::{Attempt, Phase, RouteReport, Slot};

use crate::{fingerprint::Mark, state::State};

/// Waits for the first content, and for what the provider says of its cache.
#[derive(Debug)]
pub(crate) struct Memory {
    state: Arc<State>,
    report: RouteReport,
    marks: Vec<Mark>,
    /// Where the prefix was thought to be.
    predicted: Vec<(Slot, u64)>,
    remembered: bool,
}

impl Memory {
    pub(crate) const fn new(
        state: Arc<State>,
        report: RouteReport,
        marks: Vec<Mark>,
        predicted: Vec<(Slot, u64)>,
    ) -> Self {
        Self {
            state,
            report,
            marks,
            predicted,
            remembered: false,
        }
    }

    /// A frame went by.
    pub(crate) fn look(&mut self) {
        if self.remembered {
            return;
        }
        if let Some(attempt) = self.answering() {
            self.remembered = true;
            self.state.remember(
                &self.marks,
                attempt.endpoint().slot,
                Instant::now().into_std(),
            );
        }
    }

    /// The answer has ended: what was predicted can be compared with what was.
    pub(crate) fn end(&mut self) {
        self.look();
        let marks = mem::take(&mut self.marks);
        let Some(attempt) = self.answering() else {
            return;
        };
        let slot = attempt.endpoint().slot;
        let predicted = self.predicted.iter().any(|(known, _)| *known == slot);
        let usage = attempt.facts().usage.filter(|usage| usage.prompt() > 0);
        if predicted && usage.is_some_and(|usage| usage.cache_read == 0) {
            // It has read the prompt now, but does not seem to keep prompts: let it earn it anew.
            self.state.forget(&marks, slot);
        }
    }

    /// The attempt whose content the client gets.
    fn answering(&self) -> Option<Arc<Attempt>> {
        self.report
            .attempts()
            .pop()
            .filter(|attempt| attempt.phase() == Phase::Content)
    }
}
