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

#[test]
fn an_event_that_is_only_forwarded_costs_none() {
    let of = |events| {
        added(&async |harness| {
            harness.stream_of(PROMPT_1K, events).await;
        })
    };
    let (few, many) = (of(20), of(220));
    println!("{few} allocations per stream of 20 events, {many} of 220");
    // How the answer is collected differs by some.
    assert!(many <= few, "{} for 200 more", many - few);
}

/// Pinned: the last count.
const WHOLE: u64 = 46;
const STREAM: u64 = 49;
