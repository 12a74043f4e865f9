//! Text in, configuration out.

use std::{fmt, path::Path, sync::Arc};

use toml::de::DeTable;
use towerman_core::{PolicyHandle, strategy};

use crate::{
    Config, ConfigError, ConfigErrors, Secrets, SystemSecrets,
    config::located,
    fingerprint::{self, Fingerprint},
    reading::Reading,
    schema,
};

/// How configurations are read: where their secrets are, and which strategies there are.
#[derive(Clone)]
pub struct Loader {
    pub(crate) secrets: Arc<dyn Secrets>,
    pub(crate) strategies: Vec<String>,
}

impl Loader {
    /// Looks for secrets in the environment and in files, and knows the built-in strategies.
    pub fn new() -> Self {
        Self {
            secrets: Arc::new(SystemSecrets),
            strategies: strategy::BUILT_IN.map(str::to_owned).into(),
        }
    }

    /// Looks for secrets elsewhere.
    #[must_use]
    pub fn secrets(mut self, secrets: impl Secrets + 'static) -> Self {
        self.secrets = Arc::new(secrets);
        self
    }

    /// Lets routes name a strategy of your own.
    #[must_use]
    pub fn strategy(mut self, name: impl Into<String>) -> Self {
        self.strategies.push(name.into());
        self
    }

    /// Reads and checks the file at `path`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn load(&self, path: impl AsRef<Path>) -> Result<Config, ConfigErrors> {
        self.read_file(path.as_ref()).0
    }

    /// Checks `text`, which is said to be in the file at `path`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn parse(&self, text: &str, path: &Path) -> Result<Config, ConfigErrors> {
        self.read_text(text, path).0
    }

    /// As [`load`](Self::load); also what was read, whether or not it is sound.
    pub(crate) fn read_file(&self, path: &Path) -> (Result<Config, ConfigErrors>, Fingerprint) {
        match fingerprint::read(path) {
            Ok(text) => self.read_text(&text, path),
            Err(error) => {
                let message = format!("cannot be read: {error}");
                let error = ConfigError::new(path, None, "", &message);
                (Err(error.into()), Fingerprint::default())
            }
        }
    }

    fn read_text(&self, text: &str, path: &Path) -> (Result<Config, ConfigErrors>, Fingerprint) {
        let reading = Reading::new(self, path, text);
        let (document, broken) = DeTable::parse_recoverable(text);
        // What can be recovered from a broken document is not what its author meant.
        for error in &broken {
            let at = error.span().map_or(text.len(), |span| span.start);
            reading.fail(at, "", error.message());
        }
        let (draft, server) = if broken.is_empty() {
            schema::read(&reading, document.get_ref())
        } else {
            Default::default()
        };
        let (outcome, fingerprint) = reading.finish();
        let config = outcome.and_then(|places| {
            if let Err(error) = PolicyHandle::new(draft.clone()) {
                return Err(located(path, &places, &error).into());
            }
            Ok(Config {
                draft,
                server,
                file: path.to_owned(),
                places,
                loader: self.clone(),
                fingerprint: fingerprint.clone(),
            })
        });
        (config, fingerprint)
    }
}

impl Default for Loader {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loader")
            .field("strategies", &self.strategies)
            .finish_non_exhaustive()
    }
}
