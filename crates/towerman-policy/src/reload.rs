//! How a policy follows its file, and how that went.

use std::{
    fmt, io,
    sync::Arc,
    time::{Duration, SystemTime},
};

use towerman_core::{Policy, PolicyHandle, policy::Draft};

use crate::{Config, ConfigErrors, ServerConfig, Watch};

/// Puts each sound edit of a configuration file in force.
///
/// The file's directory is watched, so that renames and swapped symbolic links count as edits;
/// the secret files that the configuration names are followed too. What is read must stand still
/// for a moment first. An edit with errors changes nothing: it is logged once, and counted.
///
/// `[server]` is read once, when the process starts. An edit of it is logged, and makes
/// [`ReloadStatus::restart_needed`] true; everything else in that edit is in force.
///
/// ```no_run
/// use towerman_policy::{Config, Reload};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = Config::load("towerman.toml")?;
/// let policy = config.compile()?;
/// let watch = Reload::new(&config, policy)
///     .on_reload(|outcome| println!("reloaded: {}", outcome.is_ok()))
///     .start()?;
/// println!("revision {}", watch.status().revision);
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is watched before `start`"]
pub struct Reload {
    pub(crate) config: Config,
    pub(crate) handle: PolicyHandle,
    pub(crate) adjust: Adjust,
    pub(crate) hook: Hook,
    pub(crate) settle: Duration,
    pub(crate) poll: Duration,
}

pub(crate) type Adjust = Box<dyn FnMut(&mut Draft) + Send>;
pub(crate) type Hook = Box<dyn FnMut(&Result<Reloaded, ConfigErrors>) + Send>;

/// An edit that is in force.
#[derive(Clone, Debug)]
pub struct Reloaded {
    /// The policy in force since.
    pub policy: Arc<Policy>,
    /// What `[server]` says now. Nothing acts on it by itself.
    pub server: ServerConfig,
}

/// How reloading went so far.
#[derive(Clone, Debug)]
pub struct ReloadStatus {
    /// The revision of the policy in force.
    pub revision: u64,
    /// Edits put in force.
    pub reloads_ok: u64,
    /// Edits refused.
    pub reloads_failed: u64,
    /// What is wrong with the file as it is, if anything is.
    pub last_error: Option<String>,
    /// When what is in force was read.
    pub last_success: SystemTime,
    /// When an edit was last refused.
    pub last_failure: Option<SystemTime>,
    /// Whether `[server]` says something else than when the process started.
    pub restart_needed: bool,
}

impl Reload {
    /// Follows the file that `config` was read from, from what it held then. Secrets and
    /// strategies are those of the [`Loader`](crate::Loader) that read it.
    pub fn new(config: &Config, handle: PolicyHandle) -> Self {
        Self {
            config: config.clone(),
            handle,
            adjust: Box::new(|_| {}),
            hook: Box::new(|_| {}),
            settle: Duration::from_millis(100),
            poll: Duration::from_secs(1),
        }
    }

    /// Changes every draft before it is compiled: for what does not come from the file.
    pub fn adjust(mut self, adjust: impl FnMut(&mut Draft) + Send + 'static) -> Self {
        self.adjust = Box::new(adjust);
        self
    }

    /// Is told of every edit, after it is in force or was refused. Called on the thread that
    /// watches.
    pub fn on_reload(
        mut self,
        hook: impl FnMut(&Result<Reloaded, ConfigErrors>) + Send + 'static,
    ) -> Self {
        self.hook = Box::new(hook);
        self
    }

    /// How long an edit must stand still; 100 ms unless said.
    pub fn settle(mut self, time: Duration) -> Self {
        self.settle = time;
        self
    }

    /// How often the files are looked at if nothing says that they changed: every second unless
    /// said.
    pub fn poll(mut self, time: Duration) -> Self {
        self.poll = time;
        self
    }

    /// Starts to watch.
    ///
    /// # Errors
    ///
    /// If there can be no thread. If the system gives no notice of changes, the file is polled.
    pub fn start(self) -> io::Result<Watch> {
        Watch::start(self)
    }
}

impl fmt::Debug for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reload")
            .field("config", &self.config)
            .field("handle", &self.handle)
            .field("settle", &self.settle)
            .field("poll", &self.poll)
            .finish_non_exhaustive()
    }
}

impl ReloadStatus {
    pub(crate) fn succeeded(&mut self, restart_needed: bool) {
        self.reloads_ok += 1;
        self.last_error = None;
        self.last_success = SystemTime::now();
        self.restart_needed = restart_needed;
    }

    pub(crate) fn failed(&mut self, errors: &ConfigErrors) {
        self.reloads_failed += 1;
        self.last_error = Some(errors.to_string());
        self.last_failure = Some(SystemTime::now());
    }
}

impl Default for ReloadStatus {
    /// Nothing was reloaded yet.
    fn default() -> Self {
        Self {
            revision: 0,
            reloads_ok: 0,
            reloads_failed: 0,
            last_error: None,
            last_success: SystemTime::now(),
            last_failure: None,
            restart_needed: false,
        }
    }
}
