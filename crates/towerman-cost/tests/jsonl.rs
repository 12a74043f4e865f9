//! What the file ledger promises: whole lines, no waiting, no silent loss.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs, io,
    io::Write,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

use towerman_cost::{Jsonl, Ledger, Line};

/// A line that is known by its request.
fn line(id: &str) -> Line {
    let mut line = Line::default();
    line.request_id = Some(id.into());
    line
}

/// The requests of every line; panics over one that is no JSON.
fn ids(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|line| line["request_id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn flushing_waits_until_every_line_is_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.jsonl");
    let ledger = Jsonl::open(&path).unwrap();
    ledger.flush().unwrap();
    let expected: Vec<_> = (0..1_000).map(|n| format!("r/{n}")).collect();
    for id in &expected {
        ledger.record(&line(id));
    }
    ledger.flush().unwrap();
    assert_eq!(ids(&fs::read_to_string(&path).unwrap()), expected);
    assert_eq!(ledger.dropped(), 0);
}

#[test]
fn dropping_writes_what_is_queued_and_reopening_appends() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.jsonl");
    for id in ["one", "two"] {
        Jsonl::open(&path).unwrap().record(&line(id));
    }
    assert_eq!(ids(&fs::read_to_string(&path).unwrap()), ["one", "two"]);
}

#[test]
fn a_line_torn_by_a_crash_does_not_take_the_next_one_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.jsonl");
    fs::write(&path, "{\"id\":\"one\"}\n{\"id\":\"tw").unwrap();
    Jsonl::open(&path).unwrap().record(&line("three"));
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[..2], ["{\"id\":\"one\"}", "{\"id\":\"tw"]);
    assert_eq!(ids(lines[2]), ["three"]);
    assert_eq!(lines.len(), 3);
    // Once healed, nothing more is added.
    drop(Jsonl::open(&path).unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_path_that_cannot_be_opened_is_an_error_at_once() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Jsonl::open(dir.path().join("no/such/dir")).is_err());
}

/// Bytes that arrived, for a test to look at.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// A writer that does as each instruction says, and says that it was called.
struct Told {
    calls: Sender<()>,
    instructions: Receiver<io::Result<usize>>,
    sink: Sink,
}

impl Told {
    fn new(sink: Sink) -> (Self, Receiver<()>, Sender<io::Result<usize>>) {
        let (calls, called) = channel();
        let (instruct, instructions) = channel();
        let told = Self {
            calls,
            instructions,
            sink,
        };
        (told, called, instruct)
    }
}

impl Write for Told {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.calls.send(());
        // With nobody left to instruct it, it takes everything.
        let limit = self.instructions.recv().unwrap_or(Ok(usize::MAX))?;
        let taken = limit.min(bytes.len());
        self.sink
            .0
            .lock()
            .unwrap()
            .extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_queue_counts_what_it_loses_and_never_waits() {
    let sink = Sink::default();
    let (told, called, instruct) = Told::new(sink.clone());
    let size = serde_json::to_vec(&line("r/0")).unwrap().len() + 1;
    let ledger = Jsonl::bounded(told, 3 * size).unwrap();
    ledger.record(&line("r/0"));
    // The writer has taken the first line, and hangs.
    called.recv().unwrap();
    for n in 1..=5 {
        ledger.record(&line(&format!("r/{n}")));
    }
    assert_eq!(ledger.dropped(), 2);
    drop(instruct);
    ledger.flush().unwrap();
    assert_eq!(ids(&sink.text()), ["r/0", "r/1", "r/2", "r/3"]);
    ledger.record(&line("r/6"));
    drop(ledger);
    assert_eq!(ids(&sink.text()).last().unwrap(), "r/6");
}

#[test]
fn what_waits_is_written_with_one_call() {
    let sink = Sink::default();
    let (told, called, instruct) = Told::new(sink.clone());
    let ledger = Jsonl::to(told).unwrap();
    ledger.record(&line("first"));
    called.recv().unwrap();
    for n in 0..100 {
        ledger.record(&line(&n.to_string()));
    }
    instruct.send(Ok(usize::MAX)).unwrap();
    instruct.send(Ok(usize::MAX)).unwrap();
    ledger.flush().unwrap();
    assert_eq!(called.try_iter().count(), 1);
    assert_eq!(ids(&sink.text()).len(), 101);
}

#[test]
fn a_disk_that_was_full_tears_no_line() {
    let sink = Sink::default();
    let (told, _called, instruct) = Told::new(sink.clone());
    let ledger = Jsonl::to(told).unwrap();
    // Ten bytes fit, then nothing; a moment later everything does.
    instruct.send(Ok(10)).unwrap();
    instruct
        .send(Err(io::ErrorKind::StorageFull.into()))
        .unwrap();
    ledger.record(&line("one"));
    let full = loop {
        ledger.record(&line("more"));
        // The writer may have failed before this flush began, and then tries again.
        instruct
            .send(Err(io::ErrorKind::StorageFull.into()))
            .unwrap();
        if let Err(error) = ledger.flush() {
            break error;
        }
    };
    assert_eq!(full.kind(), io::ErrorKind::StorageFull);
    assert_eq!(sink.text().len(), 10);
    drop(instruct);
    while ledger.flush().is_err() {}
    let ids = ids(&sink.text());
    assert_eq!(ids.first().unwrap(), "one");
    assert!(ids.len() >= 2);
    assert_eq!(ledger.dropped(), 0);
}

#[test]
fn flushing_flushes_the_writer_too() {
    struct Direct(Sink);
    impl Write for Direct {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let sink = Sink::default();
    let ledger = Jsonl::to(io::BufWriter::new(Direct(sink.clone()))).unwrap();
    ledger.record(&line("one"));
    ledger.flush().unwrap();
    assert_eq!(ids(&sink.text()), ["one"]);
}

#[test]
fn a_disk_that_stays_full_is_not_asked_without_pause() {
    struct Full(Arc<AtomicUsize>);
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.0.fetch_add(1, Relaxed);
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let calls = Arc::new(AtomicUsize::new(0));
    let ledger = Jsonl::to(Full(Arc::clone(&calls))).unwrap();
    ledger.record(&line("one"));
    assert!(ledger.flush().is_err());
    std::thread::sleep(Duration::from_millis(100));
    for _ in 0..100 {
        ledger.record(&line("more"));
    }
    assert!(calls.load(Relaxed) <= 4, "{calls:?}");
}

#[test]
fn a_writer_that_panics_ends_the_ledger_and_not_the_program() {
    struct Panics;
    impl Write for Panics {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            panic!("a defect of the writer's");
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let ledger = Jsonl::to(Panics).unwrap();
    ledger.record(&line("one"));
    assert!(ledger.flush().is_err());
    let before = ledger.dropped();
    ledger.record(&line("two"));
    assert_eq!(ledger.dropped(), before + 1);
}

#[test]
fn lines_of_many_threads_are_all_there_and_whole() {
    let sink = Sink::default();
    let (told, _called, instruct) = Told::new(sink.clone());
    drop(instruct);
    let ledger = Jsonl::to(told).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let ledger = &ledger;
            scope.spawn(move || {
                for n in 0..500 {
                    ledger.record(&line(&format!("{thread}/{n}")));
                }
            });
        }
    });
    drop(ledger);
    let mut ids = ids(&sink.text());
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2_000);
}
