//! The guard that keeps a file and a policy together.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode},
};
use towerman_core::PolicyHandle;

use crate::{Config, ConfigErrors, Reload, ReloadStatus, Reloaded, fingerprint::Fingerprint};

/// Keeps a policy in force up to date with its file. Dropping it stops that, and ends its thread.
pub struct Watch {
    shared: Arc<Shared>,
    handle: PolicyHandle,
    thread: Option<JoinHandle<()>>,
    /// Dropped with the guard: its callback wakes the thread.
    _watcher: Option<RecommendedWatcher>,
}

#[derive(Default)]
struct Shared {
    signal: Mutex<Signal>,
    changed: Condvar,
    status: Mutex<ReloadStatus>,
}

#[derive(Default)]
struct Signal {
    touched: bool,
    stopped: bool,
}

impl Watch {
    pub(crate) fn start(reload: Reload) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let handle = reload.handle.clone();
        let watcher = subscribe(&reload.config.file, &shared);
        // The thread logs where the one that started it does.
        let log = tracing::dispatcher::get_default(Clone::clone);
        let follower = Follower {
            shared: Arc::clone(&shared),
            known: reload.config.fingerprint.clone(),
            reload,
        };
        let thread = thread::Builder::new()
            .name("towerman-policy".into())
            .spawn(move || tracing::dispatcher::with_default(&log, || follower.run()))?;
        Ok(Self {
            shared,
            handle,
            thread: Some(thread),
            _watcher: watcher,
        })
    }

    /// How reloading went so far.
    pub fn status(&self) -> ReloadStatus {
        ReloadStatus {
            revision: self.handle.load().revision(),
            ..lock(&self.shared.status).clone()
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        lock(&self.shared.signal).stopped = true;
        self.shared.changed.notify_all();
        // A hook that drops the guard must not wait for itself.
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            // A panic in there is a hook's, and was reported by its own thread.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

/// What the thread does.
struct Follower {
    shared: Arc<Shared>,
    known: Fingerprint,
    reload: Reload,
}

impl Follower {
    fn run(mut self) {
        loop {
            // The first look is for what changed between reading the file and watching it.
            if let Some(seen) = self.look() {
                match self.settled(seen) {
                    Some(true) => self.reload(),
                    Some(false) => {}
                    None => return,
                }
            }
            let poll = self.reload.poll;
            if self.shared.wait(poll, |signal| signal.touched) {
                return;
            }
        }
    }

    /// What the files hold, if it is not what was read last.
    fn look(&self) -> Option<Fingerprint> {
        let config = &self.reload.config;
        let secrets = &*config.loader.secrets;
        let seen = self.known.now(&config.file, secrets);
        (seen != self.known).then_some(seen)
    }

    /// Waits until two looks in a row see the same: a file that is just being written, or just
    /// being replaced, is nobody's configuration. `None` if told to stop; `false` if everything
    /// is as it was after all.
    fn settled(&self, mut seen: Fingerprint) -> Option<bool> {
        loop {
            if self.shared.wait(self.reload.settle, |_| false) {
                return None;
            }
            match self.look() {
                Some(again) if again == seen => return Some(true),
                Some(again) => seen = again,
                None => return Some(false),
            }
        }
    }

    fn reload(&mut self) {
        let Config { loader, file, .. } = &self.reload.config;
        let (read, fingerprint) = loader.read_file(file);
        // Secret files that only the last sound text named are followed no longer.
        self.known = fingerprint;
        let outcome = read.and_then(|config| self.swap(config));
        let base = &self.reload.config;
        let file = base.file.display();
        match &outcome {
            Ok(reloaded) => {
                let revision = reloaded.policy.revision();
                tracing::info!(%file, revision, "configuration reloaded");
                if reloaded.server != base.server {
                    tracing::warn!(%file, "changes in [server] take effect at the next start");
                }
                lock(&self.shared.status).succeeded(reloaded.server != base.server);
            }
            Err(errors) => {
                let revision = self.reload.handle.load().revision();
                tracing::error!(%file, revision, %errors, "configuration not reloaded; the policy in force stays");
                lock(&self.shared.status).failed(errors);
            }
        }
        (self.reload.hook)(&outcome);
    }

    fn swap(&mut self, mut config: Config) -> Result<Reloaded, ConfigErrors> {
        (self.reload.adjust)(&mut config.draft);
        match self.reload.handle.swap(config.draft.clone()) {
            Ok(policy) => Ok(Reloaded {
                policy,
                server: config.server,
            }),
            Err(error) => Err(config.locate(&error).into()),
        }
    }
}

impl Shared {
    /// Waits for `reason`, for `time` at most. Whether to stop.
    fn wait(&self, time: Duration, reason: impl Fn(&Signal) -> bool) -> bool {
        let signal = lock(&self.signal);
        let idle = |signal: &mut Signal| !signal.stopped && !reason(signal);
        let (mut signal, _) = self
            .changed
            .wait_timeout_while(signal, time, idle)
            .unwrap_or_else(PoisonError::into_inner);
        signal.touched = false;
        signal.stopped
    }
}

/// Wakes the thread whenever something changes in the file's directory: an editor that renames a
/// new file over the old one, or a symbolic link that is swapped, never writes to the file.
fn subscribe(file: &Path, shared: &Arc<Shared>) -> Option<RecommendedWatcher> {
    let shared = Arc::clone(shared);
    let woken = move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| is_reading(event.kind)) {
            return;
        }
        lock(&shared.signal).touched = true;
        shared.changed.notify_all();
    };
    let mut directory = file.parent().map(PathBuf::from).unwrap_or_default();
    if directory.as_os_str().is_empty() {
        directory.push(".");
    }
    let watcher = notify::recommended_watcher(woken).and_then(|mut watcher| {
        watcher.watch(&directory, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    watcher
        .inspect_err(|error| {
            let file = file.display();
            tracing::warn!(%file, %error, "no notice of changes to the configuration: it is polled");
        })
        .ok()
}

/// Our own looks must not wake us.
fn is_reading(kind: EventKind) -> bool {
    kind.is_access() && kind != EventKind::Access(AccessKind::Close(AccessMode::Write))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
