#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! A good edit is live within a second; a bad one changes nothing; nothing outlives the guard.

mod support;

use std::{
    env::VarError,
    fs,
    io::{self, Write},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use support::with;
use tempfile::TempDir;
use towerman_core::{PolicyHandle, Secret};
use towerman_policy::{Config, Loader, Reload, Secrets, Watch};

const NEVER: Duration = Duration::from_secs(3600);

/// A directory with a configuration file, and the policy that is made of it.
struct Scene {
    directory: TempDir,
    config: Config,
    policy: PolicyHandle,
}

impl Scene {
    fn new() -> Self {
        Self::at("towerman.toml", |path| fs::write(path, with("")).unwrap())
    }

    fn at(name: &str, make: impl FnOnce(&Path)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        make(&path);
        let config = support::loader().load(&path).unwrap();
        let policy = config.compile().unwrap();
        Self {
            directory,
            config,
            policy,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, text: &str) {
        fs::write(self.path("towerman.toml"), text).unwrap();
    }

    /// Follows the file by notices alone: it is never polled.
    fn watch(&self) -> Watch {
        self.reload().start().unwrap()
    }

    fn reload(&self) -> Reload {
        Reload::new(&self.config, self.policy.clone()).poll(NEVER)
    }

    fn has(&self, route: &str) -> bool {
        self.policy.load().route(route).is_some()
    }
}

/// Whether `condition` comes to hold within a second.
fn within_a_second(condition: impl Fn() -> bool) -> bool {
    (0..100).any(|_| {
        thread::sleep(Duration::from_millis(10));
        condition()
    })
}

fn good(route: &str) -> String {
    with(&format!("routes.{route} = [\"openai/{route}\"]\n"))
}

const BAD: &str = "routes.second = [\"nobody/x\"]\n";

#[test]
fn a_good_edit_is_live_within_a_second() {
    let scene = Scene::new();
    let watch = scene.watch();
    assert_eq!(watch.status().revision, 1);
    let before = watch.status().last_success;

    scene.write(&good("second"));
    assert!(within_a_second(|| scene.has("second")));
    assert!(within_a_second(|| watch.status().reloads_ok == 1));
    let status = watch.status();
    assert_eq!((status.revision, status.reloads_failed), (2, 0));
    assert!(status.last_success > before && status.last_failure.is_none());
    assert!(!status.restart_needed);

    scene.write(&good("third"));
    assert!(within_a_second(
        || scene.has("third") && !scene.has("second")
    ));
}

#[test]
fn an_edit_made_before_the_watch_began_is_not_missed() {
    let scene = Scene::new();
    scene.write(&good("second"));
    let _watch = scene.watch();
    assert!(within_a_second(|| scene.has("second")));
}

#[test]
fn a_bad_edit_changes_nothing_and_says_where_it_is_wrong() {
    let scene = Scene::new();
    let watch = scene.watch();
    scene.write(&with(BAD));
    assert!(within_a_second(|| watch.status().reloads_failed == 1));
    let status = watch.status();
    let path = scene.path("towerman.toml");
    assert_eq!(
        status.last_error.unwrap(),
        format!(
            "{}:4:18: routes.second.endpoints[0]: there is no provider \"nobody\"; \
             expected one of \"anthropic\", \"openai\"",
            path.display()
        )
    );
    assert_eq!((status.revision, status.reloads_ok), (1, 0));
    assert!(status.last_failure.is_some() && scene.has("chat"));

    // Undone, it is as if nothing had been.
    scene.write(&with(""));
    assert!(within_a_second(|| watch.status().last_error.is_none()));
    assert_eq!(watch.status().reloads_ok, 1);
}

#[test]
fn a_bad_edit_is_logged_and_counted_once() {
    let scene = Scene::new();
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let reload = scene.reload().poll(Duration::from_millis(20));
    let watch = tracing::subscriber::with_default(subscriber, || reload.start().unwrap());
    scene.write(&with(BAD));
    assert!(within_a_second(|| watch.status().reloads_failed == 1));
    // Many more looks at the same file.
    thread::sleep(Duration::from_millis(300));
    assert_eq!(watch.status().reloads_failed, 1);
    drop(watch);
    let text = log.text();
    let errors: Vec<&str> = text.lines().filter(|line| line.contains("ERROR")).collect();
    assert_eq!(errors.len(), 1, "{text}");
    assert!(errors[0].contains(":4:18: routes.second.endpoints[0]: there is no provider"));
}

#[test]
fn a_file_renamed_over_the_old_one_is_an_edit() {
    let scene = Scene::new();
    let _watch = scene.watch();
    fs::write(scene.path(".towerman.toml.swp"), good("second")).unwrap();
    fs::rename(
        scene.path(".towerman.toml.swp"),
        scene.path("towerman.toml"),
    )
    .unwrap();
    assert!(within_a_second(|| scene.has("second")));
    // And again, for the file that is watched now is another one.
    fs::write(scene.path("new"), good("third")).unwrap();
    fs::rename(scene.path("new"), scene.path("towerman.toml")).unwrap();
    assert!(within_a_second(|| scene.has("third")));
}

/// As a mounted `ConfigMap` is updated: the file is a link through a directory link, and only
/// the directory link is swapped.
#[test]
fn a_swapped_symbolic_link_is_an_edit() {
    let scene = Scene::at("towerman.toml", |path| {
        let directory = path.parent().unwrap();
        fs::create_dir(directory.join("..1")).unwrap();
        fs::write(directory.join("..1/towerman.toml"), with("")).unwrap();
        symlink("..1", directory.join("..data")).unwrap();
        symlink("..data/towerman.toml", path).unwrap();
    });
    let _watch = scene.watch();
    fs::create_dir(scene.path("..2")).unwrap();
    fs::write(scene.path("..2/towerman.toml"), good("second")).unwrap();
    symlink("..2", scene.path("..data_tmp")).unwrap();
    fs::rename(scene.path("..data_tmp"), scene.path("..data")).unwrap();
    assert!(within_a_second(|| scene.has("second")));
}

/// Nothing in the directory changes when the target of a link elsewhere is written: only a look
/// tells.
#[test]
fn what_nobody_gives_notice_of_is_found_by_polling() {
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("real.toml");
    fs::write(&target, with("")).unwrap();
    let scene = Scene::at("towerman.toml", |path| symlink(&target, path).unwrap());
    let _watch = scene
        .reload()
        .poll(Duration::from_millis(50))
        .start()
        .unwrap();
    thread::sleep(Duration::from_millis(100));
    fs::write(&target, good("second")).unwrap();
    assert!(within_a_second(|| scene.has("second")));
}

#[test]
fn a_secret_file_that_changes_is_an_edit() {
    let scene = Scene::at("towerman.toml", |path| {
        fs::write(path.with_file_name("key"), "first\n").unwrap();
        fs::write(path, with("").replace("env:OPENAI_API_KEY", "file:key")).unwrap();
    });
    let sent = || {
        let policy = scene.policy.load();
        let headers = &policy.endpoints()[0].provider.headers;
        headers["authorization"].to_str().unwrap().to_owned()
    };
    assert_eq!(sent(), "Bearer first");
    let watch = scene.watch();
    fs::write(scene.path("key"), "second\n").unwrap();
    assert!(within_a_second(|| sent() == "Bearer second"));

    // A key that is gone is an error, and one that comes back is none.
    fs::remove_file(scene.path("key")).unwrap();
    assert!(within_a_second(|| watch.status().reloads_failed == 1));
    assert!(
        watch
            .status()
            .last_error
            .unwrap()
            .contains("providers.openai.key")
    );
    assert_eq!(sent(), "Bearer second");
    fs::write(scene.path("key"), "third\n").unwrap();
    assert!(within_a_second(|| sent() == "Bearer third"));

    // A file that is named only now is followed from now on.
    fs::write(scene.path("other"), "fourth\n").unwrap();
    scene.write(&with("").replace("env:OPENAI_API_KEY", "file:other"));
    assert!(within_a_second(|| sent() == "Bearer fourth"));
    fs::write(scene.path("other"), "fifth\n").unwrap();
    assert!(within_a_second(|| sent() == "Bearer fifth"));

    // And one that is named no longer is not.
    fs::write(scene.path("key"), "sixth\n").unwrap();
    thread::sleep(Duration::from_millis(300));
    let status = watch.status();
    assert_eq!((status.reloads_ok, status.reloads_failed), (4, 1));
}

/// Counts the looks at secret files.
#[derive(Clone, Default)]
struct Counted(Arc<AtomicU32>);

impl Secrets for Counted {
    fn env(&self, name: &str) -> Result<Secret, VarError> {
        Ok(Secret::new(name))
    }

    fn file(&self, path: &Path) -> io::Result<Secret> {
        self.0.fetch_add(1, Ordering::SeqCst);
        fs::read_to_string(path).map(Secret::new)
    }
}

#[test]
fn a_look_does_not_cause_the_next() {
    let scene = Scene::at("towerman.toml", |path| {
        fs::write(path.with_file_name("key"), "key").unwrap();
        fs::write(path, with("").replace("env:OPENAI_API_KEY", "file:key")).unwrap();
    });
    let looks = Counted::default();
    let loader = Loader::new().secrets(looks.clone());
    let config = loader.load(scene.path("towerman.toml")).unwrap();
    let watch = Reload::new(&config, scene.policy).poll(NEVER);
    let _watch = watch.start().unwrap();
    thread::sleep(Duration::from_millis(300));
    // One when it was loaded, one when the watch began.
    assert_eq!(looks.0.load(Ordering::SeqCst), 2);
}

#[test]
fn a_file_that_is_gone_changes_nothing_until_it_is_back() {
    let scene = Scene::new();
    let watch = scene.watch();
    fs::remove_file(scene.path("towerman.toml")).unwrap();
    assert!(within_a_second(|| watch.status().reloads_failed == 1));
    assert!(scene.has("chat"));
    scene.write(&good("second"));
    assert!(within_a_second(|| scene.has("second")));
    assert_eq!(watch.status().last_error, None);
}

/// Half a file may well be a sound one; it is nobody's configuration.
#[test]
fn a_file_that_is_being_written_is_left_alone_until_it_stands_still() {
    let scene = Scene::new();
    let settle = Duration::from_millis(200);
    let watch = scene.reload().settle(settle).start().unwrap();
    let mut file = fs::File::create(scene.path("towerman.toml")).unwrap();
    write!(file, "{}", with("")).unwrap();
    for route in 0..20 {
        thread::sleep(Duration::from_millis(30));
        writeln!(file, "routes.r{route} = [\"openai/x\"]").unwrap();
    }
    drop(file);
    assert!(within_a_second(|| scene.has("r19")));
    let status = watch.status();
    assert_eq!((status.revision, status.reloads_failed), (2, 0));
}

#[test]
fn hooks_see_every_edit_and_change_every_draft() {
    let scene = Scene::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let watch = scene
        .reload()
        .adjust(|draft| draft.failover.max_attempts = 42)
        .on_reload(move |outcome| {
            let line = match outcome {
                Ok(reloaded) => {
                    format!("{} {}", reloaded.policy.revision(), reloaded.server.listen)
                }
                Err(errors) => format!("line {:?}", errors.iter().next().unwrap().line()),
            };
            told.lock().unwrap().push(line);
        })
        .start()
        .unwrap();
    scene.write(&with(BAD));
    assert!(within_a_second(|| seen.lock().unwrap().len() == 1));
    scene.write(&with("server.listen = \"127.0.0.1:1\"\n"));
    assert!(within_a_second(|| seen.lock().unwrap().len() == 2));
    assert_eq!(*seen.lock().unwrap(), ["line Some(4)", "2 127.0.0.1:1"]);
    assert_eq!(scene.policy.load().failover().max_attempts, 42);
    assert!(watch.status().restart_needed);
}

#[test]
fn what_happens_beside_the_file_is_no_edit() {
    let scene = Scene::new();
    let watch = scene.watch();
    fs::write(scene.path("other.toml"), "nonsense").unwrap();
    scene.write(&with(""));
    thread::sleep(Duration::from_millis(400));
    let status = watch.status();
    assert_eq!(
        (status.revision, status.reloads_ok, status.reloads_failed),
        (1, 0, 0)
    );
}

#[test]
fn dropping_the_guard_stops_watching_and_ends_the_thread() {
    let scene = Scene::new();
    let alive = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&alive);
    let watch = scene
        .reload()
        .poll(Duration::from_millis(10))
        .on_reload(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
        })
        .start()
        .unwrap();
    scene.write(&good("second"));
    assert!(within_a_second(|| alive.load(Ordering::SeqCst) == 1));
    drop(watch);
    // The hook is gone, so the thread that owned it is.
    assert_eq!(Arc::strong_count(&alive), 1);
    scene.write(&good("third"));
    thread::sleep(Duration::from_millis(300));
    assert!(!scene.has("third"));
}

#[test]
fn a_hook_may_drop_the_guard() {
    let scene = Scene::new();
    let guard: Arc<Mutex<Option<Watch>>> = Arc::default();
    let dropped = Arc::clone(&guard);
    let watch = scene
        .reload()
        .on_reload(move |_| drop(dropped.lock().unwrap().take()))
        .start()
        .unwrap();
    *guard.lock().unwrap() = Some(watch);
    scene.write(&good("second"));
    assert!(within_a_second(|| guard.lock().unwrap().is_none()));
    assert!(within_a_second(|| Arc::strong_count(&guard) == 1));
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl tracing_subscriber::fmt::MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
