//! A ledger in a file: one JSON object per line.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
};

use crate::{
    Ledger, Line,
    writer::{Job, Writer},
};

/// Bytes that wait for the writer at most: about ten thousand lines.
const CAPACITY: usize = 8 << 20;

/// Appends lines to a file, or to any writer, from a thread of its own.
///
/// Recording never waits for the disk: a line is queued, and the thread writes all that is queued
/// with one call. While the disk is full or slow, the queue grows up to its bound; lines beyond
/// are lost, counted by [`dropped`](Self::dropped) and logged as errors.
///
/// Dropping it writes what is queued and ends the thread.
pub struct Jsonl {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the recording side and the writer share.
pub(crate) struct Shared {
    queue: Mutex<Queue>,
    /// There is work for the writer.
    pub(crate) work: Condvar,
    /// The writer got somewhere.
    pub(crate) progress: Condvar,
    capacity: usize,
    dropped: AtomicU64,
}

#[derive(Default)]
pub(crate) struct Queue {
    /// Whole lines.
    pub(crate) bytes: Vec<u8>,
    /// Lines ever queued.
    pub(crate) accepted: u64,
    /// Lines that must be on the disk, because somebody waits for it.
    pub(crate) wanted: u64,
    /// Lines that are.
    pub(crate) synced: u64,
    /// How often writing failed, and why it did last.
    pub(crate) failures: u64,
    pub(crate) error: Option<(io::ErrorKind, String)>,
    /// The ledger is being dropped.
    pub(crate) closing: bool,
    /// The writer has ended.
    pub(crate) gone: bool,
}

// === impl Jsonl ===

impl Jsonl {
    /// Appends to the file at `path`, which is made if it is not there.
    ///
    /// A crash may have torn the file's last line; new ones begin on a line of their own.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        let torn = is_torn(&mut file)?;
        Self::start(Synced(file), CAPACITY, torn)
    }

    /// Writes to `writer`, which is flushed when the ledger is.
    pub fn to(writer: impl Write + Send + 'static) -> io::Result<Self> {
        Self::start(writer, CAPACITY, false)
    }

    /// As [`to`](Self::to), with at most `bytes` of lines waiting.
    pub fn bounded(writer: impl Write + Send + 'static, bytes: usize) -> io::Result<Self> {
        Self::start(writer, bytes, false)
    }

    fn start(out: impl Write + Send + 'static, capacity: usize, torn: bool) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            work: Condvar::new(),
            progress: Condvar::new(),
            capacity,
            dropped: AtomicU64::new(0),
        });
        let job = Job::new(Arc::clone(&shared));
        let first = if torn { b"\n".to_vec() } else { Vec::new() };
        let thread = thread::Builder::new()
            .name("towerman-ledger".into())
            .spawn(move || Writer::new(out, first).run(&job))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Lines that were lost, because the queue was full or could not be written at the end.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Relaxed)
    }
}

impl Ledger for Jsonl {
    fn record(&self, line: &Line) {
        let Ok(mut text) = serde_json::to_vec(line) else {
            return self.shared.lose(1, "it could not be put into JSON");
        };
        text.push(b'\n');
        let mut queue = self.shared.lock();
        if queue.gone || queue.bytes.len() + text.len() > self.shared.capacity {
            drop(queue);
            return self.shared.lose(1, "the queue is full");
        }
        queue.bytes.extend_from_slice(&text);
        queue.accepted += 1;
        drop(queue);
        self.shared.work.notify_one();
    }

    fn flush(&self) -> io::Result<()> {
        let mut queue = self.shared.lock();
        let (target, failures) = (queue.accepted, queue.failures);
        queue.wanted = queue.wanted.max(target);
        self.shared.work.notify_one();
        loop {
            if queue.synced >= target {
                return Ok(());
            }
            if queue.gone {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            if queue.failures > failures {
                let (kind, text) = queue
                    .error
                    .clone()
                    .unwrap_or((io::ErrorKind::Other, String::new()));
                return Err(io::Error::new(kind, text));
            }
            queue = self
                .shared
                .progress
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Jsonl {
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.work.notify_one();
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has said so, and marked itself as gone.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Jsonl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jsonl")
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}

// === impl Shared ===

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts lines that will not be written, and says so: often at first, then ever more rarely.
    pub(crate) fn lose(&self, lines: u64, why: &str) {
        let before = self.dropped.fetch_add(lines, Relaxed);
        let dropped = before + lines;
        if lines > 0 && before.checked_ilog2() != dropped.checked_ilog2() {
            tracing::error!(target: "towerman::cost", dropped, why, "the ledger loses lines");
        }
    }
}

/// A file whose flush reaches the disk.
struct Synced(File);

impl Write for Synced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }
}

/// Whether the file ends in the middle of a line.
fn is_torn(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken;

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_cannot_be_written_at_the_end_is_counted_and_does_not_hang() {
        let ledger = Jsonl::to(Broken).unwrap();
        ledger.record(&Line::default());
        assert!(ledger.flush().is_err());
        assert_eq!(ledger.dropped(), 0, "it is tried again");
        ledger.record(&Line::default());
        let shared = Arc::clone(&ledger.shared);
        drop(ledger);
        assert_eq!(shared.dropped.load(Relaxed), 2);
    }
}
