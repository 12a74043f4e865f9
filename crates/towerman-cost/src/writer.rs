//! The thread that writes a [`Jsonl`](crate::Jsonl).

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use crate::jsonl::{Queue, Shared};

/// How long a failed write waits before it is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Writes batch after batch. What failed is kept and tried again from the byte it stopped at, so
/// that a disk which was full for a while tears no line.
pub(crate) struct Writer<W> {
    out: W,
    batch: Vec<u8>,
    /// Bytes of the batch that are written.
    done: usize,
    /// Lines ever taken from the queue: those before and in the batch.
    taken: u64,
}

/// The writer's side of what is shared. Dropped at the end of the thread, even by a panic.
pub(crate) struct Job(Arc<Shared>);

// === impl Writer ===

impl<W: Write> Writer<W> {
    /// A writer that begins with `first`.
    pub(crate) const fn new(out: W, first: Vec<u8>) -> Self {
        Self {
            out,
            batch: first,
            done: 0,
            taken: 0,
        }
    }

    pub(crate) fn run(mut self, job: &Job) {
        let shared = &*job.0;
        let mut queue = shared.lock();
        loop {
            while self.is_idle(&queue) {
                queue = wait(shared.work.wait(queue));
            }
            if self.batch.is_empty() {
                mem::swap(&mut self.batch, &mut queue.bytes);
                self.taken = queue.accepted;
            }
            let sync = queue.closing || queue.wanted > queue.synced;
            drop(queue);
            let result = self.write(sync);
            queue = shared.lock();
            match result {
                Ok(()) if sync => {
                    queue.synced = self.taken;
                    shared.progress.notify_all();
                    if queue.closing && queue.bytes.is_empty() {
                        return;
                    }
                }
                Ok(()) => {}
                Err(error) => {
                    queue.failures += 1;
                    queue.wanted = queue.synced;
                    queue.error = Some((error.kind(), error.to_string()));
                    shared.progress.notify_all();
                    if queue.closing {
                        let lost = lines(&self.batch[self.done..]) + lines(&queue.bytes);
                        queue.bytes.clear();
                        drop(queue);
                        return shared.lose(lost, "the last ones could not be written");
                    }
                    tracing::error!(target: "towerman::cost", %error, "the ledger cannot be written, and will be tried again");
                    queue = pause(shared, queue);
                }
            }
        }
    }

    fn is_idle(&self, queue: &Queue) -> bool {
        self.batch.is_empty()
            && queue.bytes.is_empty()
            && queue.wanted <= queue.synced
            && !queue.closing
    }

    /// Writes what is left of the batch; one call, if the writer takes all of it.
    fn write(&mut self, sync: bool) -> io::Result<()> {
        while self.done < self.batch.len() {
            match self.out.write(&self.batch[self.done..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.done += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.batch.clear();
        self.done = 0;
        if sync { self.out.flush() } else { Ok(()) }
    }
}

/// Waits before the next try, but not if somebody wants to know now.
fn pause<'a>(shared: &Shared, queue: MutexGuard<'a, Queue>) -> MutexGuard<'a, Queue> {
    let patient = |queue: &mut Queue| !queue.closing && queue.wanted <= queue.synced;
    let waited = shared.work.wait_timeout_while(queue, RETRY, patient);
    waited.unwrap_or_else(PoisonError::into_inner).0
}

fn wait<'a>(
    waited: Result<MutexGuard<'a, Queue>, PoisonError<MutexGuard<'a, Queue>>>,
) -> MutexGuard<'a, Queue> {
    waited.unwrap_or_else(PoisonError::into_inner)
}

/// Lines that end in `bytes`.
fn lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte == b'\n').count() as u64
}

// === impl Job ===

impl Job {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        queue.gone = true;
        let lost = lines(&mem::take(&mut queue.bytes));
        drop(queue);
        // Nobody shall wait for a thread that is no more.
        self.0.progress.notify_all();
        self.0.lose(lost, "its thread has ended");
    }
}
