//! Where lines go.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::Line;

/// Takes down what was spent.
///
/// [`record`](Self::record) is called from wherever an attempt ends, often inside a `Drop` on a
/// runtime's thread. It must not block and must not panic: a ledger that is slow queues, as
/// [`Jsonl`](crate::Jsonl) does.
pub trait Ledger: Send + Sync + 'static {
    /// Takes down one line.
    fn record(&self, line: &Line);

    /// Waits until everything recorded so far is where it belongs. May block: for shutdown.
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Takes nothing down. The layer's own [`Totals`](crate::Totals) are kept all the same.
impl Ledger for () {
    fn record(&self, _: &Line) {}
}

impl<L: Ledger + ?Sized> Ledger for Arc<L> {
    fn record(&self, line: &Line) {
        (**self).record(line);
    }

    fn flush(&self) -> io::Result<()> {
        (**self).flush()
    }
}

/// Two ledgers, each of which gets every line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tee<A, B>(pub A, pub B);

impl<A: Ledger, B: Ledger> Ledger for Tee<A, B> {
    fn record(&self, line: &Line) {
        self.0.record(line);
        self.1.record(line);
    }

    fn flush(&self) -> io::Result<()> {
        let (first, second) = (self.0.flush(), self.1.flush());
        first.and(second)
    }
}

/// Keeps every line in memory, for tests and examples. Clones share their lines.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<Vec<Line>>>);

impl Memory {
    /// An empty ledger.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every line so far, in the order in which attempts ended.
    pub fn lines(&self) -> Vec<Line> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger for Memory {
    fn record(&self, line: &Line) {
        self.lock().push(line.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Full;

    impl Ledger for Full {
        fn record(&self, _: &Line) {}

        fn flush(&self) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }

    #[test]
    fn both_sides_of_a_tee_get_every_line() {
        let (left, right) = (Memory::new(), Arc::new(Memory::new()));
        let tee = Tee(left.clone(), Arc::clone(&right));
        tee.record(&Line::default());
        assert_eq!((left.lines().len(), right.lines().len()), (1, 1));
        tee.flush().unwrap();
    }

    #[test]
    fn a_tee_reports_the_failure_of_either_side() {
        assert!(Tee(Full, ()).flush().is_err());
        assert!(Tee((), Arc::new(Full)).flush().is_err());
    }
}
