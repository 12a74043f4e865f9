//! The gateway's binary, running.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use crate::{root, target};

/// The binary, built if it is not there.
pub fn binary() -> PathBuf {
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "towerman-gateway"])
        .current_dir(root())
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the gateway builds");
    target().join("debug/towerman")
}

/// A running gateway; killed by process id if a test fails.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// `http://…` without a path.
    pub url: String,
    log: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    /// Serves a policy file.
    pub fn start(config: &Path) -> Self {
        Self::with(config, &[])
    }

    /// Serves a policy file, with these variables in its environment.
    pub fn with(config: &Path, environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(binary())
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(config)
            .env_remove("RUST_LOG")
            .envs(environment.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the gateway starts");
        let stderr = child.stderr.take().expect("its errors are ours to read");
        let mut lines = BufReader::new(stderr).lines();
        let mut said = String::new();
        let address = loop {
            let line = lines.next().expect("it says where it listens");
            let line = line.expect("it logs text");
            said += &format!("{line}\n");
            let event: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(address) = event["fields"]["address"].as_str() {
                break address.to_owned();
            }
        };
        let log = Arc::new(Mutex::new(said));
        let sink = Arc::clone(&log);
        // Somebody must read what it logs, or it would wait.
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut log = sink.lock().expect("nobody panics with it");
                log.push_str(&line);
                log.push('\n');
            }
        });
        Self {
            child,
            url: format!("http://{address}"),
            log,
            reader: Some(reader),
        }
    }

    /// Stops it in order; how long that took.
    pub fn terminate(&mut self) -> Duration {
        let begun = Instant::now();
        let status = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .expect("there is kill");
        assert!(status.success(), "it is there to be stopped");
        let ended = self.child.wait().expect("it is our child");
        assert!(ended.success(), "it ends in order");
        let took = begun.elapsed();
        if let Some(reader) = self.reader.take() {
            reader.join().expect("reading does not panic");
        }
        took
    }

    /// Everything that it has logged; complete once it was terminated.
    pub fn log(&self) -> String {
        self.log.lock().expect("nobody panics with it").clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
