//! `cargo xtask fuzz`: broken bytes for every parser.

use std::path::PathBuf;

use clap::Args;

use crate::run::{Result, cargo, run};

/// How long, and what.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Seconds for each target.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// A file that broke a law, to be tried again.
    #[arg(long)]
    replay: Option<PathBuf>,
    /// The targets; all of them if none is named.
    targets: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seconds: 30,
            replay: None,
            targets: Vec::new(),
        }
    }
}

pub(crate) fn all(options: &Options) -> Result {
    let mut command = cargo();
    command.args(["run", "--quiet", "--locked", "--profile", "fuzz"]);
    command.args(["--package", "towerman-wire", "--example", "fuzz", "--"]);
    command.arg(options.seconds.to_string());
    if let Some(file) = &options.replay {
        command.arg("--replay").arg(file);
    }
    run(command.args(&options.targets))
}
