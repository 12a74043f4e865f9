//! Why a stream stopped.

use crate::{
    dialect::anthropic::{
        finish,
        said::{Change, some},
    },
    neutral::Delta,
};

#[derive(Debug, Default)]
pub(super) struct Ending {
    reason: String,
    sequence: Option<String>,
    explanation: Option<String>,
}

impl Ending {
    /// Takes in what is said of the message itself.
    pub(super) fn take(&mut self, change: Change<'_>) {
        if let Some(reason) = some(change.stop_reason) {
            self.reason = reason.into_owned();
        }
        if let Some(sequence) = some(change.stop_sequence) {
            self.sequence = Some(sequence.into_owned());
        }
        let explanation = change.stop_details.and_then(|details| details.explanation);
        if let Some(explanation) = some(explanation) {
            self.explanation = Some(explanation.into_owned());
        }
    }

    /// The end of the one choice that there is.
    pub(super) fn told(&mut self) -> Delta<'static> {
        let refused = self.reason == "refusal";
        let explanation = self.explanation.take().filter(|_| refused);
        Delta::Finish {
            choice: 0,
            finish: finish::read(&self.reason),
            sequence: self.sequence.take().map(Into::into),
            explanation: explanation.map(Into::into),
        }
    }
}
