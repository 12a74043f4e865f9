//! The judges: a process for each dialect, which runs its official SDK.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    thread,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::json;
use towerman::core::Dialect;
use towerman_tests::{root, target};

use crate::{
    compare,
    heard::Heard,
    trial::{Kind, Outcome, Trial},
};

/// What an SDK made of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Verdict {
    id: usize,
    pub(crate) heard: Option<Heard>,
    /// What it would not have in a request.
    pub(crate) problems: Vec<String>,
    pub(crate) raised: Option<String>,
    /// The status that a raised error says it came with.
    pub(crate) status: Option<u16>,
}

/// Has every trial judged that is still open.
pub(crate) fn all(trials: &mut [Trial<'_>]) {
    install();
    // Left there for whoever wants to know what the judges were shown.
    let folder = target().join("cross");
    fs::create_dir_all(&folder).unwrap();
    // The largest first: it takes longest.
    let mut jobs: Vec<(u64, Dialect)> = Dialect::ALL
        .iter()
        .map(|to| (write(&folder, trials, *to), *to))
        .collect();
    jobs.sort_by_key(|(size, _)| *size);
    let (jobs, verdicts) = (Mutex::new(jobs), Mutex::new(HashMap::new()));
    let workers = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((_, to)) = { jobs.lock().unwrap().pop() } {
                    let heard = run(&folder, to);
                    verdicts.lock().unwrap().extend(heard);
                }
            });
        }
    });
    let mut verdicts = verdicts.into_inner().unwrap();
    for (id, trial) in trials.iter_mut().enumerate() {
        if trial.outcome.is_none() {
            let verdict = verdicts.remove(&id);
            trial.outcome = Some(verdict.map_or_else(
                || Outcome::Failed("was not judged".into()),
                |verdict| compare::outcome(trial, &verdict),
            ));
        }
    }
}

/// Writes down what one judge has to do, and says how much that is.
fn write(folder: &Path, trials: &[Trial<'_>], to: Dialect) -> u64 {
    let path = folder.join(format!("{to}.jobs"));
    let mut out = BufWriter::new(File::create(&path).unwrap());
    for (id, trial) in trials.iter().enumerate().filter(|(_, t)| t.to == to) {
        let Some(exhibit) = &trial.exhibit else {
            continue;
        };
        let kind = match trial.kind {
            Kind::Whole => "whole",
            Kind::Stream => "stream",
            Kind::Error => "error",
            Kind::Request => "request",
        };
        let mut job = json!({
            "id": id, "name": trial.name, "kind": kind, "status": exhibit.status, "original": exhibit.original,
        });
        match std::str::from_utf8(&exhibit.bytes) {
            Ok(text) => job["text"] = text.into(),
            Err(_) => job["b64"] = BASE64_STANDARD.encode(&exhibit.bytes).into(),
        }
        writeln!(out, "{job}").unwrap();
    }
    out.flush().unwrap();
    fs::metadata(path).unwrap().len()
}

fn run(folder: &Path, to: Dialect) -> Vec<(usize, Verdict)> {
    let verdicts = folder.join(format!("{to}.verdicts"));
    let output = Command::new(python())
        .args(["-B", "-m", "judge", to.as_str()])
        .arg(folder.join(format!("{to}.jobs")))
        .arg(&verdicts)
        .current_dir(root().join("tests/sdk"))
        .output()
        .unwrap();
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{to}: {wrong}");
    let lines = BufReader::new(File::open(verdicts).unwrap()).lines();
    lines
        .map(|line| {
            let verdict: Verdict = serde_json::from_str(&line.unwrap()).unwrap();
            (verdict.id, verdict)
        })
        .collect()
}

/// The interpreter that has the SDKs.
fn python() -> PathBuf {
    target().join("sdk-venv/bin/python")
}

fn install() {
    let status = Command::new(env!("CARGO"))
        .args(["xtask", "sdks"])
        .current_dir(root())
        .status()
        .unwrap();
    assert!(status.success(), "the SDKs could not be installed");
}
