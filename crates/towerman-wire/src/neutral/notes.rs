//! What a translation changes, noted while it is made.

use towerman_core::{Fault, Losses, Tier};

use super::refuse;

/// Losses as they are met.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    strict: bool,
    losses: Losses,
}

impl Notes {
    /// With `strict`, nothing may be dropped.
    pub(crate) fn new(strict: bool) -> Self {
        Self {
            strict,
            losses: Losses::default(),
        }
    }

    /// What stands at `at` is said in another way.
    pub(crate) fn mapped(&mut self, at: impl Into<Box<str>>, what: &'static str) {
        self.losses.add(at, Tier::Mapped, what);
    }

    /// What stands at `at` is left out; a fault if nothing may be.
    pub(crate) fn dropped(
        &mut self,
        at: impl Into<Box<str>>,
        what: &'static str,
    ) -> Result<(), Fault> {
        let at = at.into();
        if self.strict {
            return Err(self.refused(at, "cannot be said to this model, and nothing may be lost"));
        }
        self.losses.add(at, Tier::Dropped, what);
        Ok(())
    }

    /// What stands at `at` cannot be left out, nor said.
    pub(crate) fn refused(&mut self, at: impl Into<Box<str>>, why: &'static str) -> Fault {
        let at = at.into();
        let fault = refuse(&*at, why);
        self.losses.add(at, Tier::Refused, why);
        fault
    }

    pub(crate) fn into_losses(self) -> Losses {
        self.losses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strict_translation_drops_nothing() {
        let mut notes = Notes::new(false);
        notes.dropped("/user", "dropped").unwrap();
        notes.mapped("/stop", "bent");
        let losses = notes.into_losses();
        assert_eq!(losses.count(Tier::Dropped), 1);
        assert_eq!(&*losses.list()[1].pointer, "/stop");

        let mut notes = Notes::new(true);
        notes.mapped("/stop", "bent");
        let fault = notes.dropped("/user", "dropped").unwrap_err();
        assert_eq!(fault.named_param(), Some("/user"));
        assert_eq!(notes.into_losses().count(Tier::Refused), 1);
    }
}
