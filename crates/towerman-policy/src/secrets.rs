//! Where secrets come from.

use std::{env, fs, io, path::Path};

use towerman_core::Secret;

/// Where `env:NAME` and `file:PATH` are looked up.
///
/// A closure from a variable's name to its value stands in for the environment; files are then
/// read as ever.
///
/// ```
/// use std::path::Path;
/// use towerman_policy::Loader;
///
/// let config = Loader::new()
///     .secrets(|name: &str| (name == "OPENAI_API_KEY").then(|| "for a test".to_owned()))
///     .parse(
///         "[providers]\nopenai = { key = \"env:OPENAI_API_KEY\" }\n[routes]\nchat = [\"openai/gpt-5\"]",
///         Path::new("towerman.toml"),
///     )?;
/// assert!(!format!("{config:?}").contains("for a test"));
/// # Ok::<(), towerman_policy::ConfigErrors>(())
/// ```
pub trait Secrets: Send + Sync {
    /// The value of an environment variable.
    ///
    /// # Errors
    ///
    /// If it is not set, or is no text.
    fn env(&self, name: &str) -> Result<Secret, env::VarError>;

    /// What a file holds.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is no text.
    fn file(&self, path: &Path) -> io::Result<Secret> {
        fs::read_to_string(path).map(Secret::new)
    }
}

/// The process's environment and the machine's files.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemSecrets;

impl Secrets for SystemSecrets {
    fn env(&self, name: &str) -> Result<Secret, env::VarError> {
        env::var(name).map(Secret::new)
    }
}

impl<F: Fn(&str) -> Option<String> + Send + Sync> Secrets for F {
    fn env(&self, name: &str) -> Result<Secret, env::VarError> {
        self(name).map(Secret::new).ok_or(env::VarError::NotPresent)
    }
}
