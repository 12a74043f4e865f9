//! How the binary stops: at once if nothing is under way, in order if something is, and when told
//! twice, now.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use towerman_sim::{Model, Sim};

/// Far less than any drain or grace here, far more than a busy machine needs.
const AT_ONCE: Duration = Duration::from_secs(2);

const READY: &str = "HTTP/1.1 200 OK";
const NOT_READY: &str = "HTTP/1.1 503 Service Unavailable";

/// Where no provider is, for tests in which nobody asks one.
const NOWHERE: &str = "http://127.0.0.1:1";

/// A running gateway; killed by process id if a test fails.
struct Gateway {
    child: Child,
    address: String,
}

impl Gateway {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_towerman"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env("RUST_LOG", "info")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("it says where it listens").unwrap();
            let event: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(address) = event["fields"]["address"].as_str() {
                break address.to_owned();
            }
        };
        // Somebody must read what it logs, or it would wait.
        thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// With a file whose `[server]` holds `server`, and one provider at `url`.
    fn configured(folder: &TempDir, server: &str, url: &str) -> Self {
        let file = folder.path().join("towerman.toml");
        let text = format!(
            "[server]\n{server}\n[providers]\nsim = {{ dialect = \"openai-chat\", url = \"{url}\" }}\n\
             [routes]\nchat = [\"sim/slow\"]\n"
        );
        fs::write(&file, text).unwrap();
        Self::start(&["--config", file.to_str().unwrap()])
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(status.success());
    }

    /// How long it still takes to end, in order.
    fn ends(&mut self) -> Duration {
        let begun = Instant::now();
        assert!(self.child.wait().unwrap().success(), "it ends in order");
        begun.elapsed()
    }

    /// Sends a request over a connection that stays open, and reads the first line of the answer.
    fn ask(&self, request: &str) -> (TcpStream, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut head = [0; 64];
        let count = stream.read(&mut head).unwrap();
        let text = String::from_utf8_lossy(&head[..count]).into_owned();
        (stream, text.lines().next().unwrap_or_default().to_owned())
    }

    fn get(&self, path: &str) -> (TcpStream, String) {
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"))
    }

    fn chat(&self) -> TcpStream {
        let body = r#"{"model":"chat","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
        let length = body.len();
        let (stream, status) = self.ask(&format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}"
        ));
        assert_eq!(status, READY);
        stream
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn an_idle_gateway_ends_at_once_when_a_person_interrupts_it() {
    let folder = tempfile::tempdir().unwrap();
    let configured = Gateway::configured(&folder, "drain = \"60s\"", NOWHERE);
    for mut gateway in [configured, Gateway::start(&[])] {
        // A connection that is merely kept does not hold it.
        let (_kept, status) = gateway.get("/readyz");
        assert_eq!(status, READY);
        gateway.signal("-INT");
        let took = gateway.ends();
        assert!(took < AT_ONCE, "{took:?}");
    }
}

#[test]
fn a_terminated_gateway_serves_on_while_load_balancers_notice() {
    let folder = tempfile::tempdir().unwrap();
    let mut gateway = Gateway::configured(&folder, "drain = \"700ms\"", NOWHERE);
    let begun = Instant::now();
    gateway.signal("-TERM");
    while gateway.get("/readyz").1 != NOT_READY {}
    assert_eq!(gateway.get("/healthz").1, READY);
    gateway.ends();
    let took = begun.elapsed();
    assert!(
        took >= Duration::from_millis(700) && took < AT_ONCE,
        "{took:?}"
    );
}

#[test]
fn a_gateway_that_is_told_twice_ends_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut gateway = Gateway::configured(&folder, "drain = \"60s\"", NOWHERE);
    gateway.signal("-TERM");
    while gateway.get("/readyz").1 != NOT_READY {}
    gateway.signal("-TERM");
    let took = gateway.ends();
    assert!(took < AT_ONCE, "{took:?}");
}

/// The first signal waits for a stream, the second does not; what the stream cost is on disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_breaks_off_what_is_under_way_and_loses_no_line_of_the_ledger() {
    let endless = Model::new("slow")
        .per_token(Duration::from_millis(20))
        .output_tokens(100_000);
    let sim = Sim::openai("sim").model(endless).build();
    let server = sim.serve().await.unwrap();
    let url = server.base_url();
    let told = tokio::task::spawn_blocking(move || told_twice(&url));
    told.await.unwrap();
    server.shutdown().await;
}

fn told_twice(url: &str) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.jsonl");
    let server = format!("ledger = {ledger:?}\ngrace = \"60s\"");
    let mut gateway = Gateway::configured(&folder, &server, url);
    let mut stream = gateway.chat();
    gateway.signal("-INT");
    // The port goes, the stream goes on.
    while TcpStream::connect(&gateway.address).is_ok() {}
    let mut more = [0; 1024];
    for _ in 0..5 {
        assert!(stream.read(&mut more).unwrap() > 0, "the stream goes on");
    }
    gateway.signal("-INT");
    let took = gateway.ends();
    assert!(took < AT_ONCE, "{took:?}");
    assert_eq!(outcomes(&ledger), ["cancelled"]);
    // However it ends, it does not end as if it were whole.
    let mut rest = Vec::new();
    if let Err(error) = stream.read_to_end(&mut rest) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    assert!(!String::from_utf8_lossy(&rest).contains("[DONE]"));
}

fn outcomes(ledger: &Path) -> Vec<String> {
    let lines = fs::read_to_string(ledger).unwrap();
    let outcome = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["outcome"].as_str().unwrap().to_owned()
    };
    lines.lines().map(outcome).collect()
}
