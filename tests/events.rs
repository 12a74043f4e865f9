//! Allocations per event of a stream that is told in another dialect.
#![allow(clippy::unwrap_used)]

use towerman::{
    core::Dialect,
    wire::translate::{Options, Stream},
};
use towerman_tests::dialects::{self, Words};

const MEASURED: usize = 100;
/// Those at the beginning: they say who answers, and open what is said.
const FIRST: usize = 5;
/// The budget, with the buffer of what is made.
const BUDGET: u64 = 4;

/// Allocations per event, rounded up. Nothing if `from` tells such words whole.
fn per_event(from: Dialect, to: Dialect, words: Words) -> Option<u64> {
    let events = dialects::stream(from, words, FIRST + MEASURED);
    let told = events.get(FIRST..FIRST + MEASURED)?;
    let mut stream = Stream::new(from, to, &Options::default());
    let mut push = |event: &Vec<u8>| {
        let mut out = Vec::new();
        stream.push(event, &mut out);
        out.len()
    };
    let _opening: usize = events[..FIRST].iter().map(&mut push).sum();
    let mut bytes = 0;
    let counted = allocation_counter::measure(|| bytes = told.iter().map(&mut push).sum());
    assert!(
        bytes > 0 || words != Words::Text,
        "{from} to {to} says nothing"
    );
    Some(
        counted
            .count_total
            .div_ceil(u64::try_from(MEASURED).unwrap()),
    )
}

#[test]
fn an_event_in_another_dialect_costs_few_allocations() {
    let mut over = Vec::new();
    for words in [Words::Text, Words::Thought, Words::Input] {
        for from in Dialect::ALL {
            let mut row = format!("{words:?} {from:18}");
            for to in Dialect::ALL.into_iter().filter(|to| *to != from) {
                let Some(each) = per_event(from, to, words) else {
                    continue;
                };
                row += &format!(" {to} {each}");
                if each > BUDGET {
                    over.push(format!("{words:?}, {from} to {to}: {each}"));
                }
            }
            println!("{row}");
        }
    }
    assert!(over.is_empty(), "over {BUDGET} per event: {over:#?}");
}
