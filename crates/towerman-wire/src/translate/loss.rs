//! What a translation dropped.

use towerman_core::Tier;

/// Losses beyond this many are not listed: a hostile body shall not make a long list.
const LIMIT: usize = 64;

/// Something cosmetic that the other dialect cannot say, and that was dropped or bent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loss {
    /// Where it stood in the request, as a JSON pointer.
    pub(crate) pointer: String,
    /// What became of it.
    pub(crate) what: &'static str,
}

/// Losses, as they are found. The first 64 are listed.
#[derive(Debug, Default)]
pub(crate) struct Losses(Vec<Loss>);

// === impl Losses ===

impl Losses {
    pub(crate) fn add(&mut self, pointer: impl Into<String>, what: &'static str) {
        if self.0.len() < LIMIT {
            self.0.push(Loss {
                pointer: pointer.into(),
                what,
            });
        }
    }

    pub(crate) fn into_core(self) -> towerman_core::Losses {
        let mut losses = towerman_core::Losses::default();
        for Loss { pointer, what } in self.0 {
            let dropped = what.starts_with("dropped");
            let tier = if dropped { Tier::Dropped } else { Tier::Mapped };
            losses.add(pointer, tier, what);
        }
        losses
    }
}
