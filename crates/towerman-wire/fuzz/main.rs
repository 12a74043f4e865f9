//! Feeds broken and hostile bytes to every parser of the crate, and checks what must hold of any.
//!
//! ```sh
//! cargo xtask fuzz                      # every target, 30 seconds each
//! cargo xtask fuzz --seconds 300 editor
//! cargo xtask fuzz --replay target/fuzz/editor-1a2b editor
//! ```
//!
//! Inputs are made from seeds: those in `seeds.rs`, and the recorded traffic where there is some.
//! A law that breaks, or a panic, is shrunk, written to `target/fuzz`, and ends the run in failure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod asides;
mod frames;
mod laws;
mod meaning;
mod mutate;
mod seeds;

use std::{
    env, fs,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use fastrand::Rng;

use self::{laws::Target, seeds::Seeds};

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let seconds = args.next().and_then(|seconds| seconds.parse().ok());
    let Some(seconds) = seconds else {
        eprintln!("usage: fuzz SECONDS [--replay FILE] [TARGET…]");
        return ExitCode::FAILURE;
    };
    let mut names: Vec<_> = args.collect();
    let replay = names.iter().position(|name| name == "--replay").map(|at| {
        names.remove(at);
        fs::read(names.remove(at)).expect("a file to replay")
    });
    let targets = laws::all();
    let known: Vec<_> = targets.iter().map(|target| &*target.name).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        eprintln!(
            "there is no target \"{name}\"; there are: {}",
            known.join(", ")
        );
        return ExitCode::FAILURE;
    }
    let chosen: Vec<_> = targets
        .iter()
        .filter(|target| names.is_empty() || names.contains(&target.name))
        .collect();
    if let Some(input) = replay {
        // Panics where the law breaks, with its own words.
        chosen
            .iter()
            .for_each(|target| target.hold(&input, &mut Rng::with_seed(0)));
        println!("holds");
        return ExitCode::SUCCESS;
    }
    // A law that breaks says so once, at the end: shrinking breaks it a thousand times.
    panic::set_hook(Box::new(|_| {}));
    let seeds = Seeds::load();
    let next = AtomicUsize::new(0);
    let broken = Mutex::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers.min(chosen.len()) {
            scope.spawn(|| {
                while let Some(target) = chosen.get(next.fetch_add(1, Relaxed)) {
                    if !run(target, &seeds, Duration::from_secs(seconds)) {
                        *broken.lock().unwrap() += 1;
                    }
                }
            });
        }
    });
    ExitCode::from(u8::from(broken.into_inner().unwrap() > 0))
}

/// Runs one target for so long; false if its law broke.
fn run(target: &Target, seeds: &Seeds, time: Duration) -> bool {
    // The same inputs in every run, as far as the time goes: a failure can be had again.
    let mut rng = Rng::with_seed(0x70_77_65_72);
    let seeds = seeds.of(target.food, target.dialect);
    let (begin, mut runs) = (Instant::now(), 0_u64);
    for seed in &seeds {
        if let Some(why) = breaks(target, seed) {
            return told(target, seed.clone(), &why);
        }
    }
    while begin.elapsed() < time {
        let input = mutate::mutated(&seeds, &mut rng);
        runs += 1;
        if let Some(why) = breaks(target, &input) {
            return told(target, input, &why);
        }
    }
    println!(
        "{:26} {:5} seeds {runs:9} runs: holds",
        target.name,
        seeds.len()
    );
    true
}

/// Why the law does not hold of `input`, if it does not.
fn breaks(target: &Target, input: &[u8]) -> Option<String> {
    let law = AssertUnwindSafe(|| target.hold(input, &mut Rng::with_seed(input.len() as u64)));
    let panic = panic::catch_unwind(law).err()?;
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    Some(text.unwrap_or_else(|| "a panic without words".to_owned()))
}

/// Shrinks what breaks a law, writes it down and says so.
fn told(target: &Target, input: Vec<u8>, why: &str) -> bool {
    let small = mutate::shrunk(input, |input| breaks(target, input).is_some());
    let folder = env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
        PathBuf::from,
    );
    let folder = folder.join("fuzz");
    let path = folder.join(format!("{}-{:x}", target.name, small.len()));
    fs::create_dir_all(&folder).expect("a place for what was found");
    fs::write(&path, &small).expect("a place for what was found");
    println!(
        "{:26} BROKEN: {why}\n  input: {}\n  again: cargo xtask fuzz --replay {} {}",
        target.name,
        String::from_utf8_lossy(&small[..small.len().min(400)]),
        path.display(),
        target.name
    );
    false
}
