//! The command line.

use std::{io, net::SocketAddr, path::PathBuf};

use clap::{Parser, Subcommand};
use towerman::core::BoxError;

use crate::{check, demo, logging, serve};

/// Routes LLM traffic: one port, many models, one bill.
#[derive(Debug, Parser)]
#[command(name = "towerman", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a policy file; without one, serve simulated providers.
    ///
    /// Ctrl-C lets what is under way come to its end; SIGTERM first serves on for as long as the
    /// file says (drain); the second of either breaks everything off.
    ///
    /// The log goes to stderr: failovers, retries and failures, each with its decision record.
    /// `RUST_LOG=info,towerman::decision=debug` adds plain successes.
    Serve {
        /// The policy file.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Listen here instead of where the file says.
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<SocketAddr>,
    },
    /// Check a policy file, and say what it means.
    Check {
        /// The policy file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Watch traffic being routed over simulated providers, through an outage.
    Demo {
        /// How long the traffic lasts.
        #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(3..=600))]
        seconds: u64,
    },
}

impl Cli {
    /// Does what the command line asks.
    ///
    /// # Errors
    ///
    /// In words for the person at the terminal.
    pub fn run(self) -> Result<(), BoxError> {
        let runtime = || {
            tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()
        };
        match self.command {
            Command::Serve { config, listen } => {
                logging::install();
                runtime()?.block_on(serve::run(config.as_deref(), listen))
            }
            Command::Check { config } => check::run(&config, &mut io::stdout().lock()),
            Command::Demo { seconds } => {
                let options = demo::Options::new(std::time::Duration::from_secs(seconds));
                runtime()?.block_on(async {
                    let ended = demo::run(&options, &mut io::stdout()).await?;
                    if ended.summary.failures == 0 && ended.summary.books_agree() {
                        Ok(())
                    } else {
                        Err("the demo did not end as it should; see the summary".into())
                    }
                })
            }
        }
    }
}
