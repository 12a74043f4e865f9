//! Instructions per request, counted under callgrind: stable on noisy machines.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;

use gungraun::{library_benchmark, library_benchmark_group, main};
use towerman_tests::in_memory::{Harness, PROMPT_1K, PROMPT_100K};

type Scene = (tokio::runtime::Runtime, Harness, usize);

/// A harness that has served a request, so that one-time costs are not counted.
fn warm(prompt: usize) -> Scene {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let harness = Harness::full();
    runtime.block_on(harness.whole(prompt));
    runtime.block_on(harness.stream(prompt));
    (runtime, harness, prompt)
}

#[library_benchmark]
#[bench::kb_1(args = (PROMPT_1K), setup = warm)]
#[bench::kb_100(args = (PROMPT_100K), setup = warm)]
fn whole((runtime, harness, prompt): Scene) -> Scene {
    black_box(runtime.block_on(harness.whole(prompt)));
    // Given back, so that taking it down is not counted.
    (runtime, harness, prompt)
}

#[library_benchmark]
#[bench::kb_1(args = (PROMPT_1K), setup = warm)]
fn stream((runtime, harness, prompt): Scene) -> Scene {
    black_box(runtime.block_on(harness.stream(prompt)));
    (runtime, harness, prompt)
}

library_benchmark_group!(name = requests; benchmarks = whole, stream);
main!(library_benchmark_groups = requests);
