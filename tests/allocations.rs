//! Allocations per request, counted and pinned: a change that adds one must say so here.
#![allow(clippy::unwrap_used)]

use towerman_tests::in_memory::{Harness, PROMPT_1K};

/// Allocations that the stack adds to a request, over those of the bare service.
fn added(request: &impl AsyncFn(&Harness)) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let count = |harness: &Harness| {
        // The first requests fill tables that the later ones find.
        for _ in 0..3 {
            runtime.block_on(request(harness));
        }
        allocation_counter::measure(|| runtime.block_on(request(harness))).count_total
    };
    count(&Harness::full()) - count(&Harness::bare())
}

#[test]
fn a_whole_answer_costs_a_known_number_of_allocations() {
    let added = added(&async |harness| {
        harness.whole(PROMPT_1K).await;
    });
    println!("{added} allocations per request");
    assert!(added <= WHOLE, "{added} allocations, {WHOLE} were pinned");
}

#[test]
fn a_stream_costs_little_more_than_a_whole_answer() {
    let whole = added(&async |harness| {
        harness.whole(PROMPT_1K).await;
    });
    let stream = added(&async |harness| {
        harness.stream(PROMPT_1K).await;
    });
    println!("{stream} allocations per stream of 21 frames, {whole} per whole answer");
    assert!(
        stream <= STREAM,
        "{stream} allocations, {STREAM} were pinned"
    );
}

/// Pinned: the last count.
const WHOLE: u64 = 48;
const STREAM: u64 = 53;
