//! A client that leaves takes its request with it, wherever that is: the provider sees it go, the
//! circuit learns nothing, the ledger gets its line and nothing stays behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client as Pool, Error, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use towerman::core::{
    Availability, CircuitState, Dialect, Price,
    policy::{BreakerRules, Draft, EndpointDraft, ProviderDraft, RouteDraft},
};
use towerman_sim::{Fault, Model, Sim, SimServer};
use towerman_tests::{Gateway, client, eventually, post};

/// More than failures in a row open a circuit.
const CLIENTS: u64 = 6;

/// Where the answer is when the client leaves.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// The provider has the request and has not answered.
    BeforeHead,
    /// A stream has begun, and has no content yet.
    BeforeContent,
    /// The client has read some content.
    MidStream,
    /// A part of a whole answer is here.
    MidAnswer,
}

impl Place {
    const ALL: [Self; 4] = [
        Self::BeforeHead,
        Self::BeforeContent,
        Self::MidStream,
        Self::MidAnswer,
    ];

    const fn streams(self) -> bool {
        matches!(self, Self::BeforeContent | Self::MidStream)
    }

    /// What holds the provider up there.
    const fn fault(self, opening: usize) -> Fault {
        match self {
            Self::BeforeHead => Fault::StallBeforeHead,
            Self::BeforeContent => Fault::StallAfterChunks(opening),
            Self::MidStream => Fault::StallAfterChunks(opening + 4),
            Self::MidAnswer => Fault::StallAfterChunks(2),
        }
    }
}

/// A gateway to one provider that costs something.
async fn gateway(dialect: Dialect, rules: BreakerRules) -> (Gateway, Sim, SimServer) {
    let price = towerman_sim::Price {
        input: 2_000_000,
        output: 8_000_000,
        ..towerman_sim::Price::default()
    };
    let sim = match dialect {
        Dialect::Anthropic => Sim::anthropic("p"),
        _ => Sim::openai("p"),
    };
    let sim = sim.model(Model::new("m").price(price)).build();
    let server = sim.serve().await.unwrap();
    let price = Price {
        input: price.input,
        output: price.output,
        ..Price::default()
    };
    let draft = Draft::new()
        .breaker(rules)
        .provider(ProviderDraft::url("p", dialect, server.base_url()))
        .endpoint(EndpointDraft::new("p/m").price(price))
        .route(RouteDraft::new("chat", ["p/m"]));
    (Gateway::start(draft).await, sim, server)
}

type Client = Pool<HttpConnector, Full<Bytes>>;

fn connect(http2: bool) -> Client {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    Pool::builder(TokioExecutor::new())
        .http2_only(http2)
        .build(tcp)
}

/// Sends a request in a task of its own: aborting it is leaving.
fn begin(
    client: &Client,
    gateway: &Gateway,
    dialect: Dialect,
    stream: bool,
) -> tokio::task::JoinHandle<Result<Response<Incoming>, Error>> {
    let url = format!("{}{}", gateway.url(), dialect.path());
    let ask = client::ask(dialect, "chat", "Count to a hundred.", stream).to_string();
    let request = Request::post(url).header("content-type", "application/json");
    tokio::spawn(client.request(request.body(ask.into()).unwrap()))
}

/// Reads until there is content, and leaves.
async fn read_a_little(response: Response<Incoming>) {
    let (mut body, mut text) = (response.into_body(), String::new());
    while !text.contains("[p]") {
        let frame = body.frame().await.unwrap().unwrap();
        text += &String::from_utf8_lossy(frame.data_ref().unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_provider_sees_a_client_go_and_nothing_stays_behind() {
    for (dialect, http2) in towerman_tests::CLASSIC
        .into_iter()
        .flat_map(|d| [(d, false), (d, true)])
    {
        for place in Place::ALL {
            let case = format!("{dialect}, HTTP/2 {http2}, {place:?}");
            let (gateway, sim, server) = gateway(dialect, BreakerRules::default()).await;
            sim.faults()
                .always(place.fault(sim.dialect().opening_events()));
            let client = connect(http2);
            for nth in 1..=CLIENTS {
                let call = begin(&client, &gateway, dialect, place.streams());
                assert!(eventually(|| sim.in_flight() == 1).await, "{case}");
                if matches!(place, Place::MidStream) {
                    read_a_little(call.await.unwrap().unwrap()).await;
                } else {
                    call.abort();
                }
                // The connection stays open in HTTP/2: it is the request that is cancelled.
                assert!(eventually(|| sim.cancelled() == nth).await, "{case}");
                assert!(eventually(|| gateway.in_flight() == 0).await, "{case}");
                assert_eq!(sim.in_flight(), 0, "{case}");
            }

            let policy = gateway.policy.load();
            let board = &policy.endpoints()[0].board;
            assert_eq!(board.circuit(), CircuitState::Closed, "{case}");
            let now = board.availability(std::time::Instant::now());
            assert_eq!(now, Availability::Ready, "{case}");

            let told = || gateway.decisions.lock().unwrap().len() as u64;
            assert!(eventually(|| told() == CLIENTS).await, "{case}");
            let lines = gateway.ledger.lines();
            assert_eq!(lines.len() as u64, CLIENTS, "{case}: one line each");
            for line in &lines {
                assert_eq!(line.outcome, "cancelled", "{case}");
                assert!(line.estimated, "{case}");
                // Before there is content, the head may be here or not.
                match place {
                    Place::BeforeHead => assert!(line.maybe_billed, "{case}"),
                    Place::MidStream => assert!(!line.maybe_billed, "{case}"),
                    _ => {}
                }
            }
            let spent: u128 = lines.iter().map(|line| line.cost.unwrap().0).sum();
            let billed = sim.book().totals().cost_pico_usd;
            assert!(spent > billed, "{case}: {spent} and {billed}");
            for decision in gateway.decisions.lock().unwrap().iter() {
                assert_eq!(decision.outcome, "client_left", "{case}");
                assert!(
                    decision.why.iter().any(|why| why == "the client left"),
                    "{case}"
                );
            }
            let metrics = gateway.metrics().await;
            let of = |series: &str| metrics.get(series).copied().unwrap_or_default();
            let cancelled = r#"towerman_attempts_total{endpoint="p/m",outcome="cancelled"}"#;
            assert_eq!(of(cancelled), CLIENTS as f64, "{case}");
            let gauge = r#"towerman_attempts_in_flight{endpoint="p/m"}"#;
            assert_eq!(of(gauge), 0.0, "{case}");
            gateway.stop().await;
            server.shutdown().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_while_it_sends_costs_nothing() {
    let (gateway, sim, server) = gateway(Dialect::OpenAiChat, BreakerRules::default()).await;
    let mut socket = TcpStream::connect(gateway.address).await.unwrap();
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n";
    let body = r#"{"model":"chat","messages":["#;
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(body.as_bytes()).await.unwrap();
    socket.flush().await.unwrap();
    drop(socket);
    let told = || gateway.decisions.lock().unwrap().len();
    assert!(eventually(|| told() == 1).await);
    assert!(gateway.decisions.lock().unwrap()[0].attempts.is_empty());
    assert!(gateway.ledger.lines().is_empty());
    assert_eq!((sim.book().requests(), gateway.in_flight()), (0, 0));
    gateway.stop().await;
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_whose_client_leaves_gives_its_place_to_the_next() {
    let dialect = Dialect::OpenAiChat;
    let rules = BreakerRules {
        consecutive: 1,
        open_for: Duration::from_millis(20),
        // No probe's place comes back by itself while this test runs.
        probe_lease: Duration::from_secs(600),
        ..BreakerRules::default()
    };
    let (gateway, sim, server) = gateway(dialect, rules).await;
    let policy = gateway.policy.load();
    let board = &policy.endpoints()[0].board;
    let url = format!("{}{}", gateway.url(), dialect.path());
    let ask = client::ask(dialect, "chat", "hi", true);
    // Bytes that are no answer are not tried again.
    sim.faults().once(Fault::EmptyBody);
    post(&url, &ask).await;
    assert_eq!(board.circuit(), CircuitState::Open);

    sim.faults().always(Fault::StallBeforeHead);
    let http = connect(false);
    for _ in 0..3 {
        let due = || board.availability(std::time::Instant::now()) == Availability::Probe;
        assert!(eventually(due).await);
        let call = begin(&http, &gateway, dialect, true);
        assert!(eventually(|| sim.in_flight() == 1).await, "a probe passes");
        call.abort();
        assert!(eventually(|| gateway.in_flight() == 0).await);
        assert_ne!(board.circuit(), CircuitState::Closed, "nothing was proved");
    }
    sim.faults().clear();
    let answer = post(&url, &ask).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(eventually(|| board.circuit() == CircuitState::Closed).await);
    gateway.stop().await;
    server.shutdown().await;
}
