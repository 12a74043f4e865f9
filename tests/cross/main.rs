//! Recorded traffic of every dialect, translated into every other one and judged by the official
//! SDKs: each must accept what comes out, and hear in it what an independent reader hears in the
//! recording. What came of it is a table in the documentation.
#![allow(clippy::unwrap_used, clippy::panic)]

mod compare;
#[path = "../../crates/towerman-wire/tests/recorded_support/folders.rs"]
mod folders;
mod framing;
mod heard;
mod judge;
mod recording;
mod report;
mod trial;

use towerman::core::Dialect;
use towerman_tests::recorded;

use crate::{report::Report, trial::Outcome};

#[test]
fn recorded_traffic_means_the_same_to_the_sdks_of_every_dialect() {
    let Some(recorded) = recorded() else { return };
    let (recordings, others) = recording::all(recorded.parent().unwrap());
    let mut trials: Vec<_> = recordings.iter().flat_map(trial::all).collect();
    judge::all(&mut trials);
    let report = Report::new(&recordings, others, &trials);
    println!("{report}");
    let failed: Vec<_> = trials
        .iter()
        .filter_map(|trial| match &trial.outcome {
            Some(Outcome::Failed(why)) => Some(format!("{trial}: {why}")),
            _ => None,
        })
        .collect();
    assert!(
        failed.is_empty(),
        "{} failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
    report.check_documentation();
}
