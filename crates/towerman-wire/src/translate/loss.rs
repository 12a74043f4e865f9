//! What a translation dropped.

/// Losses beyond this many are not listed: a hostile body shall not make a long list.
const LIMIT: usize = 64;

/// Something cosmetic that the other dialect cannot say, and that was dropped or bent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Where it stood in the request, as a JSON pointer.
    pub pointer: String,
    /// What became of it.
    pub what: &'static str,
}

/// Losses, as they are found. The first 64 are listed.
#[derive(Debug, Default)]
pub(super) struct Losses(Vec<Loss>);

// === impl Losses ===

impl Losses {
    pub(super) fn add(&mut self, pointer: impl Into<String>, what: &'static str) {
        if self.0.len() < LIMIT {
            self.0.push(Loss {
                pointer: pointer.into(),
                what,
            });
        }
    }

    pub(super) fn into_vec(self) -> Vec<Loss> {
        self.0
    }
}
