//! The fault matrix: whatever a provider does, the client gets one answer in its dialect, another
//! provider is tried if that can help, and the ledger agrees with the provider's own book.
//!
//! Every fault, in streams and in whole answers, for clients and providers of either dialect, with
//! a good provider behind the failing one and without. The result is also written to
//! `target/fault-matrix.csv`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod matrix;

use std::{collections::BTreeSet, fmt::Write as _, sync::Arc, time::Instant};

use matrix::{
    case::{Case, run},
    rows::rows,
};
use tokio::{sync::Semaphore, task::JoinSet};
use towerman::core::Dialect;
use towerman_tests::{root, target};

/// Cases under way at once: most of them wait.
const AT_ONCE: usize = 32;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_provider_does_the_client_gets_one_answer_and_the_books_agree() {
    let begun = Instant::now();
    let rows = Arc::new(rows());
    let (gate, mut tasks, mut cases) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new(), 0);
    for row in 0..rows.len() {
        for case in Case::all() {
            let (rows, gate) = (Arc::clone(&rows), Arc::clone(&gate));
            tasks.spawn(async move {
                let _turn = gate.acquire().await.unwrap();
                (row, cases, run(&rows[row], case).await)
            });
            cases += 1;
        }
    }
    let (mut lines, mut broken) = (Vec::new(), Vec::new());
    while let Some(done) = tasks.join_next().await {
        let (row, nth, (line, faults)) = done.unwrap();
        if !faults.is_empty() {
            broken.push(format!("{line}\n    {}", faults.join("\n    ")));
        }
        lines.push((nth, row, line));
    }
    lines.sort();
    let mut csv = String::from(
        "fault,client,provider,mode,company,status,ends,outcome,attempts,ledger_pico_usd,book_pico_usd,estimated,holds\n",
    );
    for (_, _, line) in &lines {
        writeln!(csv, "{line}").unwrap();
    }
    let file = target().join("fault-matrix.csv");
    std::fs::write(&file, csv).unwrap();
    println!(
        "fault matrix: {} faults × {} clients × {} providers × 2 modes × 2 companies: {} of {cases} cases hold, in {:.1} s; see {}",
        rows.len(),
        towerman_tests::CLASSIC.len(),
        towerman_tests::CLASSIC.len(),
        cases - broken.len(),
        begun.elapsed().as_secs_f64(),
        file.display()
    );
    broken.sort();
    assert!(
        broken.is_empty(),
        "{} cases do not hold:\n{}",
        broken.len(),
        broken.join("\n")
    );
}

#[test]
fn the_matrix_has_every_fault_there_is() {
    let source = root().join("crates/towerman-sim/src/fault.rs");
    let source = std::fs::read_to_string(source).unwrap();
    let known: BTreeSet<String> = rows()
        .iter()
        .filter_map(|row| row.fault(Dialect::OpenAiChat))
        .map(|fault| {
            let shown = format!("{fault:?}");
            shown
                .replace('(', " ")
                .split(' ')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect();
    let body = source.split_once("pub enum Fault {").unwrap().1;
    let variants = body
        .split_once("\n}")
        .unwrap()
        .0
        .lines()
        .filter_map(|line| {
            let line = line.strip_prefix("    ")?;
            let name = line.split(['(', ' ', ',']).next()?;
            name.starts_with(char::is_uppercase)
                .then(|| name.to_owned())
        });
    assert_eq!(known, variants.collect());
}
