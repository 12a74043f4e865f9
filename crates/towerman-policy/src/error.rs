//! What is wrong with a file, and where.

use std::{
    error::Error,
    fmt,
    path::{Path, PathBuf},
};

/// One thing that is wrong with a configuration file.
///
/// ```text
/// towerman.toml:12:9: routes.chat.endpoints[1]: there is no provider "anthropc"; expected one of …
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    file: PathBuf,
    position: Option<(usize, usize)>,
    path: String,
    message: String,
}

/// Everything that is wrong with a configuration file, in the order of its lines. Never empty.
///
/// Displayed, one error is a line; more are a list, an indented line for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigError {
    pub(crate) fn new(
        file: &Path,
        position: Option<(usize, usize)>,
        path: &str,
        message: &str,
    ) -> Self {
        Self {
            file: file.to_owned(),
            position,
            path: printable(path),
            message: printable(message),
        }
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The line, from 1. `None` if the file could not be read.
    pub fn line(&self) -> Option<usize> {
        self.position.map(|(line, _)| line)
    }

    /// The column in characters, from 1. `None` if the file could not be read.
    pub fn column(&self) -> Option<usize> {
        self.position.map(|(_, column)| column)
    }

    /// The place in the document, as in `routes.chat.endpoints[1]`. Empty if it is no TOML.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong, and what would be right.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some((line, column)) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        if !self.path.is_empty() {
            write!(f, ": {}", self.path)?;
        }
        write!(f, ": {}", self.message)
    }
}

impl Error for ConfigError {}

impl ConfigErrors {
    pub(crate) fn new(mut errors: Vec<ConfigError>) -> Self {
        // Stable: errors at one place stay in the order in which they were found.
        errors.sort_by_key(|error| error.position);
        Self(errors)
    }

    /// The errors, in the order of their lines.
    pub fn iter(&self) -> std::slice::Iter<'_, ConfigError> {
        self.0.iter()
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

impl IntoIterator for ConfigErrors {
    type Item = ConfigError;
    type IntoIter = std::vec::IntoIter<ConfigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a ConfigErrors {
    type Item = &'a ConfigError;
    type IntoIter = std::slice::Iter<'a, ConfigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, _, ..] = &*self.0 else {
            return self.0.iter().try_for_each(|error| error.fmt(f));
        };
        write!(f, "{} errors in {}:", self.0.len(), first.file.display())?;
        self.0.iter().try_for_each(|error| write!(f, "\n  {error}"))
    }
}

impl Error for ConfigErrors {}

/// Names come from the file: one with a line break in it must not look like another error.
fn printable(text: &str) -> String {
    let mut printed = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            printed.extend(c.escape_default());
        } else {
            printed.push(c);
        }
    }
    printed
}
