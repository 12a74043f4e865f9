//! What whole-stack tests share: a gateway in this process, simulated providers, a client.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

pub mod client;
pub mod dialects;
pub mod in_memory;
pub mod running;

/// What README shows must compile. Here, because this package is not published: README is not
/// within any other package's directory.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

use std::{
    collections::BTreeMap,
    env,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client as Pool, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{sync::watch, task::JoinSet};
use towerman::{
    core::{PolicyHandle, policy::Draft},
    cost::{Ledger, Memory},
    edge::EdgeLayer,
    telemetry::{Decision, Prometheus},
};
use towerman_gateway::{
    server::{Drain, Server},
    stack::Layers,
    stop::Stop,
};

/// The workspace's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests have a parent")
        .to_owned()
}

/// Where builds and what they make go.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into)
}

/// The folder of recorded traffic; `None`, said loudly, where it is absent. Under CI it must be
/// there.
pub fn recorded() -> Option<PathBuf> {
    let shared =
        env::var_os("TOWERMAN_SHARED").map_or_else(|| root().join("../shared/data"), PathBuf::from);
    let recorded = shared.join("wire/recorded");
    if recorded.is_dir() {
        return Some(recorded);
    }
    eprintln!(
        "RECORDED TRAFFIC NOT RUN: there is no {}",
        recorded.display()
    );
    assert!(
        env::var_os("CI").is_none(),
        "recorded traffic must be present under CI"
    );
    None
}

/// A gateway under test. Dropping it stops it.
#[derive(Debug)]
pub struct Gateway {
    /// Where it listens.
    pub address: SocketAddr,
    /// What it is configured with.
    pub policy: PolicyHandle,
    /// What it has billed.
    pub ledger: Memory,
    /// Every decision it took.
    pub decisions: Arc<std::sync::Mutex<Vec<Decision>>>,
    stop: watch::Sender<Stop>,
    tasks: JoinSet<()>,
}

impl Gateway {
    /// Serves `draft` on a free port.
    pub async fn start(draft: Draft) -> Self {
        let policy = PolicyHandle::new(draft).expect("the draft holds together");
        let prometheus = Prometheus::new().expect("the catalogue is fine");
        let ledger = Memory::default();
        let decisions = Arc::new(std::sync::Mutex::new(Vec::new()));
        let sink = Arc::clone(&decisions);
        let telemetry = prometheus.layer(&policy).on_decision(move |decision| {
            sink.lock()
                .expect("no test panics here")
                .push(decision.clone());
        });
        let shared: Arc<dyn Ledger> = Arc::new(ledger.clone());
        let edge = EdgeLayer::new().max_body(4 * 1024 * 1024);
        let layers = Layers::new(&policy, telemetry, shared, edge);
        let drain = Drain {
            delay: Duration::ZERO,
            grace: Duration::from_secs(2),
        };
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::bind(any, None, layers, prometheus, drain)
            .await
            .expect("a free port");
        let address = server.address().expect("a bound port");
        let (stop, stopped) = watch::channel(Stop::Not);
        let mut tasks = JoinSet::new();
        tasks.spawn(server.run(stopped));
        Self {
            address,
            policy,
            ledger,
            decisions,
            stop,
            tasks,
        }
    }

    /// `http://…` without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The samples of its metrics.
    pub async fn metrics(&self) -> BTreeMap<String, f64> {
        let url = format!("{}/metrics", self.url());
        samples(&send(&url, Method::GET, &[], "").await.text())
    }

    /// Attempts under way, by what the endpoints' boards say.
    pub fn in_flight(&self) -> u32 {
        let policy = self.policy.load();
        let boards = policy.endpoints().iter().map(|endpoint| &endpoint.board);
        boards.map(|board| board.in_flight()).sum()
    }

    /// Stops it and waits until it has.
    pub async fn stop(mut self) {
        self.stop.send_replace(Stop::Drain);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; what was received of it, if it broke off.
    pub body: Bytes,
    /// Whether the body broke off.
    pub broke_off: bool,
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends one request on a connection of its own and reads the answer.
pub async fn send(
    url: &str,
    method: Method,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Answer {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    let pool: Pool<_, Full<Bytes>> = Pool::builder(TokioExecutor::new()).build(tcp);
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request
        .body(Full::from(body.into()))
        .expect("a request that can be built");
    let (parts, mut incoming) = pool
        .request(request)
        .await
        .expect("the gateway answers")
        .into_parts();
    let (mut body, mut broke_off) = (Vec::new(), false);
    while let Some(frame) = incoming.frame().await {
        match frame {
            Ok(frame) => body.extend(frame.into_data().unwrap_or_default()),
            Err(_) => {
                broke_off = true;
                break;
            }
        }
    }
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: body.into(),
        broke_off,
    }
}

/// Posts JSON.
pub async fn post(url: &str, body: &serde_json::Value) -> Answer {
    send(
        url,
        Method::POST,
        &[("content-type", "application/json")],
        body.to_string(),
    )
    .await
}

/// The samples of a Prometheus scrape, by series.
pub fn samples(text: &str) -> BTreeMap<String, f64> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(series, value)| (series.to_owned(), value.parse().expect("a number")))
        .collect()
}

/// Waits until `holds` does, asking again and again; false if it does not within ten seconds.
///
/// Time decides nothing but when to give up.
pub async fn eventually(mut holds: impl FnMut() -> bool) -> bool {
    for _ in 0..2_000 {
        if holds() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    holds()
}

/// The two dialects in which faults, caches and limits are tried in every combination; that the
/// others take the same ways is tried once each.
pub const CLASSIC: [towerman::core::Dialect; 2] = [
    towerman::core::Dialect::OpenAiChat,
    towerman::core::Dialect::Anthropic,
];
