//! `cargo xtask bench`: what it costs.

use clap::Args;

use crate::{
    run::{Clock, Result, cargo, has, run},
    sidebyside,
};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only the side-by-side with a bare proxy.
    #[arg(long)]
    side_by_side: bool,
    /// Interleaved repetitions of the side-by-side.
    #[arg(long, default_value_t = 3)]
    reps: u32,
    /// Stretches or shortens every phase of the side-by-side.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
}

pub(crate) fn all(options: &Options) -> Result {
    let mut clock = Clock::default();
    let result = steps(&mut clock, options);
    clock.report();
    result
}

fn steps(clock: &mut Clock, options: &Options) -> Result {
    if !options.side_by_side {
        clock.step("criterion: time per request and event", || {
            run(cargo().args([
                "bench",
                "--locked",
                "--package",
                "towerman-tests",
                "--bench",
                "stack",
                "--bench",
                "dialects",
            ]))
        })?;
        if has("valgrind", &["--version"]) {
            clock.step("callgrind: instructions per request and stream", || {
                if !has("gungraun-runner", &["--version"]) {
                    let args = [
                        "install",
                        "gungraun-runner",
                        "--version",
                        "0.20.0",
                        "--locked",
                    ];
                    run(cargo().args(args))?;
                }
                run(cargo().args([
                    "bench",
                    "--locked",
                    "--package",
                    "towerman-tests",
                    "--bench",
                    "instructions",
                    "--bench",
                    "dialect_instructions",
                ]))
            })?;
        } else {
            println!("INSTRUCTION COUNTS NOT RUN: valgrind is not installed");
        }
    }
    clock.step("side by side with a bare proxy", || {
        sidebyside::run(options.reps, options.scale)
    })
}
