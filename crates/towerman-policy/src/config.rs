//! A checked configuration.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use towerman_core::{
    PolicyHandle,
    policy::{Draft, PolicyError},
};

use crate::{
    ConfigError, ConfigErrors, Description, Loader, Reload, ServerConfig, Watch,
    fingerprint::Fingerprint,
    reading::{Places, bare},
};

/// A configuration file, read and checked: its secrets are found, and its policy compiles.
#[derive(Clone)]
pub struct Config {
    /// The policy.
    pub draft: Draft,
    /// What a gateway needs besides.
    pub server: ServerConfig,
    pub(crate) file: PathBuf,
    pub(crate) places: Places,
    pub(crate) loader: Loader,
    pub(crate) fingerprint: Fingerprint,
}

impl Config {
    /// Reads and checks the file at `path`. See [`Loader`] for secrets from elsewhere and for
    /// strategies of your own.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ConfigErrors> {
        Loader::new().load(path)
    }

    /// Checks `text`, which is said to be in the file at `path`: errors name it, and relative
    /// paths in the text start where it is.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn from_str(text: &str, path: &Path) -> Result<Self, ConfigErrors> {
        Loader::new().parse(text, path)
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Compiles the policy and puts it in force in a new handle.
    ///
    /// # Errors
    ///
    /// If the draft was changed since it was checked, and no longer holds together.
    pub fn compile(&self) -> Result<PolicyHandle, ConfigError> {
        PolicyHandle::new(self.draft.clone()).map_err(|error| self.locate(&error))
    }

    /// Keeps `handle` up to date with the file, with nothing special: see [`Reload`].
    ///
    /// # Errors
    ///
    /// If there can be no thread.
    pub fn watch(&self, handle: PolicyHandle) -> io::Result<Watch> {
        Reload::new(self, handle).start()
    }

    /// Where in the file an error of the policy stands: at the innermost part of its path that
    /// is there.
    pub fn locate(&self, error: &PolicyError) -> ConfigError {
        located(&self.file, &self.places, error)
    }

    /// What the configuration comes to, for people.
    pub const fn describe(&self) -> Description<'_> {
        Description::new(self)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("file", &self.file)
            .field("draft", &self.draft)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

pub(crate) fn located(file: &Path, places: &Places, error: &PolicyError) -> ConfigError {
    let written = bare(error.path());
    let mut known = written.as_str();
    let (position, path) = loop {
        if let Some(place) = places.get(known) {
            let path = if known == written {
                place.path.clone()
            } else {
                error.path().to_owned()
            };
            break (place.position, path);
        }
        match known.rfind(['.', '[']) {
            Some(end) => known = &known[..end],
            None => break ((1, 1), error.path().to_owned()),
        }
    };
    ConfigError::new(file, Some(position), &path, error.message())
}
