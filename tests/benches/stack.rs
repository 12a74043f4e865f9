//! What deciding and observing cost, over an in-memory service: no network in it.
#![allow(clippy::unwrap_used, missing_docs)]

use criterion::{Criterion, criterion_group, criterion_main};
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

/// Criterion's own executor trait, over a runtime that has timers.
struct Tokio<'a>(&'a tokio::runtime::Runtime);

impl criterion::async_executor::AsyncExecutor for Tokio<'_> {
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.block_on(future)
    }
}

criterion_group!(benches, request);
criterion_main!(benches);
