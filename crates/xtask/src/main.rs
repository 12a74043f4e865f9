//! The project's own commands. `cargo xtask test` runs every test and installs what it needs;
//! `cargo xtask bench` measures; `cargo xtask fuzz` looks for bytes that break a law.

mod bench;
mod fuzz;
mod run;
mod sdks;
mod sidebyside;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run all tests: unit, property, whole-stack, SDK, documentation.
    Test,
    /// Install the official SDKs that the SDK tests drive the gateway with.
    Sdks,
    /// Measure: criterion, instruction counts, and a side-by-side with a bare proxy.
    Bench(bench::Options),
    /// Feed broken bytes to every parser.
    Fuzz(fuzz::Options),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Test => test::all(),
        Command::Sdks => sdks::install(),
        Command::Bench(options) => bench::all(&options),
        Command::Fuzz(options) => fuzz::all(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
