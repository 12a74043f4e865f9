//! What deciding and observing cost, over an in-memory service: no network in it.
#![allow(clippy::unwrap_used, missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use towerman_tests::in_memory::{Harness, PROMPT_1K, PROMPT_100K};

fn request(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut group = c.benchmark_group("request");
    for (size, prompt) in [("1 KB", PROMPT_1K), ("100 KB", PROMPT_100K)] {
        let bare = Harness::bare();
        group.bench_function(format!("{size}, bare service"), |b| {
            b.to_async(Tokio(&runtime)).iter(|| bare.whole(prompt));
        });
        let full = Harness::full();
        group.bench_function(format!("{size}, whole answer, full stack"), |b| {
            b.to_async(Tokio(&runtime)).iter(|| full.whole(prompt));
        });
        group.bench_function(format!("{size}, stream of 20 events, full stack"), |b| {
            b.to_async(Tokio(&runtime)).iter(|| full.stream(prompt));
        });
    }
    group.finish();
}

/// Requests per iteration: enough that starting the tasks does not count.
const REQUESTS: usize = 1_600;
/// How many requests are under way at once, in the comparison of one thread with two.
const AT_ONCE: usize = 16;

/// The same requests on one thread and on two. Nothing in them waits, so without contention two
/// threads take half the time; what they take more, they spend on shared state (and on whatever
/// else the machine does). The bare service shows what the machine itself can do.
fn threads(c: &mut Criterion) {
    let mut group = c.benchmark_group("threads");
    group.throughput(Throughput::Elements(REQUESTS as u64));
    for threads in [1, 2] {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()
            .unwrap();
        for (name, harness) in [
            ("bare service", Harness::bare()),
            ("full stack", Harness::full()),
        ] {
            group.bench_function(format!("{REQUESTS} requests, {name}, {threads}"), |b| {
                b.to_async(Tokio(&runtime)).iter(|| at_once(&harness));
            });
        }
    }
    group.finish();
}

/// [`REQUESTS`] requests, [`AT_ONCE`] at a time, each client in a task of its own.
async fn at_once(harness: &Harness) {
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let harness = harness.clone();
        clients.spawn(async move {
            for _ in 0..REQUESTS / AT_ONCE {
                harness.whole(PROMPT_1K).await;
            }
        });
    }
    clients.join_all().await;
}

/// Criterion's own executor trait, over a runtime that has timers.
struct Tokio<'a>(&'a tokio::runtime::Runtime);

impl criterion::async_executor::AsyncExecutor for Tokio<'_> {
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.block_on(future)
    }
}

criterion_group!(benches, request, threads);
criterion_main!(benches);
