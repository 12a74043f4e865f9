//! `towerman check`: is this file right, and what does it mean?

use std::{io::Write, path::Path};

use towerman::{core::BoxError, policy::Config};

/// Checks the file and writes what it means.
///
/// # Errors
///
/// Everything that is wrong with the file, each with its line.
pub fn run(file: &Path, out: &mut impl Write) -> Result<(), BoxError> {
    let config = Config::load(file)?;
    config.compile()?;
    write!(out, "{}", config.describe())?;
    Ok(())
}
