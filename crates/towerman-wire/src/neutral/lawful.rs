//! Whether a decoder keeps the laws of [`Delta`].

use super::{Delta, Place};

/// Watches a stream of deltas.
#[derive(Debug, Default)]
pub(crate) struct Lawful {
    begun: bool,
    over: bool,
    open: Vec<Place>,
    opened: Vec<Place>,
    finished: Vec<u32>,
}

impl Lawful {
    /// Panics if `delta` may not come here.
    pub(crate) fn see(&mut self, delta: &Delta<'_>) {
        assert!(!self.over, "{delta:?} after the end");
        if let Delta::Fail(_) = delta {
            self.over = true;
            return;
        }
        if let Delta::Ping = delta {
            return;
        }
        assert_eq!(
            !self.begun,
            matches!(delta, Delta::Begin { .. }),
            "{delta:?} is not where it begins"
        );
        self.begun = true;
        match delta {
            Delta::Open { at, .. } => {
                assert!(!self.opened.contains(at), "{delta:?} was opened before");
                assert!(!self.finished.contains(&at.choice), "{delta:?} is too late");
                self.opened.push(*at);
                self.open.push(*at);
            }
            Delta::More { at, text } => {
                assert!(self.open.contains(at), "{delta:?} is not open");
                assert!(!text.is_empty(), "{delta:?} says nothing");
            }
            Delta::Seal { at, .. } | Delta::Cite { at, .. } => {
                assert!(self.open.contains(at), "{delta:?} is not open");
            }
            Delta::Close { at } => {
                assert!(self.open.contains(at), "{delta:?} is not open");
                self.open.retain(|open| open != at);
            }
            Delta::Finish { choice, .. } => {
                assert!(!self.finished.contains(choice), "{delta:?} comes twice");
                let open = self.open.iter().any(|at| at.choice == *choice);
                assert!(!open, "{delta:?} before its parts were closed");
                self.finished.push(*choice);
            }
            Delta::End => {
                assert!(self.open.is_empty(), "the end before parts were closed");
                self.over = true;
            }
            _ => {}
        }
    }
}
