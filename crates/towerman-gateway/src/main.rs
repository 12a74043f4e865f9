//! The `towerman` command.

use std::process::ExitCode;

use clap::Parser;
use towerman_gateway::cli::Cli;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("towerman: {error}");
            ExitCode::FAILURE
        }
    }
}
