//! What a provider could not be told is done to its answer.

use super::{Options, answer_tool::Unwrap, cutter::Cutter};
use crate::neutral::Delta;

/// Makes the answer what was asked for.
#[derive(Debug)]
pub(super) struct Mender {
    unwrap: Option<Unwrap>,
    cutter: Option<Cutter>,
}

impl Mender {
    /// Nothing, if there is nothing to do.
    pub(super) fn new(options: &Options) -> Option<Self> {
        let unwrap = options.answer_tool.clone().map(Unwrap::new);
        let cutter = Cutter::new(options.cut.clone());
        (unwrap.is_some() || cutter.is_some()).then_some(Self { unwrap, cutter })
    }

    pub(super) fn take(&mut self, delta: Delta<'_>, say: &mut dyn FnMut(Delta<'_>)) {
        let mut cut = |delta: Delta<'_>| match &mut self.cutter {
            Some(cutter) => cutter.take(delta, say),
            None => say(delta),
        };
        match &mut self.unwrap {
            Some(unwrap) => unwrap.take(delta, &mut cut),
            None => cut(delta),
        }
    }
}
