//! What is secret stays secret: keys, prompts and answers are in no log, however loud, in no
//! metric and in no ledger; and what the operator switches off is gone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::convert::Infallible;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client as Pool, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use towerman::core::Dialect;
use towerman_sim::{Fault, Sim};
use towerman_tests::{client, running::Running, send};

/// In everything that nobody but client and provider may see.
const CANARY: &str = "canary7f3a";

/// A provider that quotes our key back, and more besides, in errors of this status.
async fn indiscreet(status: u16) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service =
                hyper::service::service_fn(move |request: Request<Incoming>| async move {
                    let key = request.headers()["authorization"]
                        .to_str()
                        .unwrap()
                        .to_owned();
                    let prompt = request.into_body().collect().await.unwrap().to_bytes();
                    let prompt = String::from_utf8_lossy(&prompt).into_owned();
                    let error = json!({ "error": {
                    "message": format!("Incorrect API key provided: {key}. You said {prompt}"),
                    "type": CANARY, "code": CANARY, "param": CANARY,
                } });
                    let response = Response::builder()
                        .status(status)
                        .header("content-type", "application/json")
                        .header("set-cookie", CANARY)
                        .header("openai-organization", CANARY)
                        .header("x-request-id", CANARY)
                        .header("location", format!("/{CANARY}"));
                    Ok::<_, Infallible>(
                        response
                            .body(Full::new(Bytes::from(error.to_string())))
                            .unwrap(),
                    )
                });
            connections.spawn(async move {
                let http = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                let _ = http.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    (url, tasks)
}

/// Sends `body` over HTTP/2, which logs in other words than HTTP/1.
async fn over_http2(url: &str, key: &str, body: &Value) -> u16 {
    let pool: Pool<_, Full<Bytes>> = Pool::builder(TokioExecutor::new())
        .http2_only(true)
        .build(HttpConnector::new());
    let request = Request::post(url)
        .header("authorization", format!("Bearer {key}"))
        .header("cookie", CANARY)
        .body(body.to_string().into())
        .unwrap();
    let response = pool.request(request).await.unwrap();
    let status = response.status().as_u16();
    response.into_body().collect().await.unwrap();
    status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_prompts_and_answers_are_in_no_log_no_metric_and_no_ledger() {
    let key = format!("sk-provider-{CANARY}");
    let sim = Sim::openai("sim").key(&key).build();
    let server = sim.serve().await.unwrap();
    let (refuses, _refuses) = indiscreet(401).await;
    let (fails, _fails) = indiscreet(500).await;
    let (moved, _moved) = indiscreet(302).await;
    let folder = tempfile::tempdir().unwrap();
    let (file, ledger) = (
        folder.path().join("towerman.toml"),
        folder.path().join("ledger.jsonl"),
    );
    let provider = |name: &str, url: &str| {
        format!(
            "{name} = {{ dialect = \"openai-chat\", url = \"{url}\", key = \"env:PROVIDER_KEY\", headers = {{ x-team = \"env:PROVIDER_KEY\" }} }}\n"
        )
    };
    let providers = [
        provider("sim", &server.base_url()),
        provider("refuses", &refuses),
        provider("fails", &fails),
        provider("moved", &moved),
    ];
    let config = format!(
        "[server]\nledger = {ledger:?}\ndrain = \"0s\"\n[providers]\n{}\
         [routes]\nchat = [\"refuses/m\", \"fails/m\", \"sim/m\"]\nrefuses = [\"refuses/m\"]\nfails = [\"fails/m\"]\nmoved = [\"moved/m\"]\n\
         [tenants.team]\nkeys = [\"env:CLIENT_KEY\"]\n",
        providers.concat()
    );
    std::fs::write(&file, config).unwrap();
    let ours = format!("client-{CANARY}");
    let environment = [
        ("RUST_LOG", "trace"),
        ("PROVIDER_KEY", &*key),
        ("CLIENT_KEY", &*ours),
    ];
    let mut gateway = Running::with(&file, &environment);

    let bearer = format!("Bearer {ours}");
    let prompt = format!("{CANARY} say:\"{CANARY}\"");
    let (mut statuses, mut heads) = (Vec::new(), Vec::new());
    for dialect in towerman_tests::CLASSIC {
        let url = format!("{}{}", gateway.url, dialect.path());
        let ask = |model: &str, stream| client::ask(dialect, model, &prompt, stream);
        let mut bodies: Vec<(&str, String)> = Vec::new();
        for model in ["chat", "refuses", "fails", "moved"] {
            for stream in [true, false] {
                bodies.push((&bearer, ask(model, stream).to_string()));
            }
        }
        let mut tools = ask("chat", false);
        let function =
            json!({ "name": CANARY, "description": CANARY, "parameters": { "type": "object" } });
        tools["tools"] = match dialect {
            Dialect::Anthropic => {
                json!([{ "name": CANARY, "description": CANARY, "input_schema": { "type": "object" } }])
            }
            _ => json!([{ "type": "function", "function": function }]),
        };
        bodies.push((&bearer, tools.to_string()));
        // Wrong keys, and bodies that are refused.
        bodies.push(("Bearer canary7f3a-unknown", ask("chat", false).to_string()));
        bodies.push((
            &bearer,
            format!("{{\"model\":\"chat\",\"messages\":\"{CANARY}\"}}"),
        ));
        bodies.push((&bearer, format!("{{\"{CANARY}\":\"{CANARY}\", {CANARY}")));
        bodies.push((
            &bearer,
            format!("{{\"{CANARY}\":1,\"{CANARY}\":1,\"model\":\"chat\",\"messages\":[]}}"),
        ));
        for (key, body) in bodies {
            let headers = [
                ("content-type", "application/json"),
                ("authorization", key),
                ("cookie", CANARY),
                ("proxy-authorization", CANARY),
            ];
            let answer = send(&url, Method::POST, &headers, body).await;
            statuses.push(answer.status.as_u16());
            let served = answer.status == 200;
            heads.push(format!("{:?}", answer.headers));
            let callers = answer.status == 400;
            if !served && !callers {
                assert!(!answer.text().contains(CANARY), "{}", answer.text());
            }
        }
        statuses.push(over_http2(&url, &ours, &ask("chat", true)).await);
        // What breaks off is told to the log, too.
        for fault in [Fault::Garbage, Fault::ResetBeforeHead, Fault::Truncated] {
            sim.faults().once(fault);
            statuses.push(over_http2(&url, &ours, &ask("chat", true)).await);
        }
    }
    for status in [200, 400, 401, 502] {
        assert!(statuses.contains(&status), "no {status} among {statuses:?}");
    }
    assert!(sim.received().iter().any(|request| request.authorized));

    let metrics = format!("{}/metrics", gateway.url);
    let metrics = send(&metrics, Method::GET, &[], "").await.text();
    gateway.terminate();
    let ledger = std::fs::read_to_string(&ledger).unwrap();
    let log = gateway.log();
    assert!(log.contains("\"TRACE\""), "it was loud");
    for (what, text) in [
        ("log", &log),
        ("metrics", &metrics),
        ("ledger", &ledger),
        ("heads", &heads.join("\n")),
    ] {
        assert!(text.len() > 1_000, "there is something in the {what}");
        let leak = text.lines().find(|line| line.contains(CANARY));
        assert_eq!(leak, None, "in the {what}");
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_route_header_no_answer_says_where_it_came_from() {
    let sim = Sim::openai("sim").build();
    let server = sim.serve().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("towerman.toml");
    for (switch, says) in [("", true), ("route_header = false\n", false)] {
        let config = format!(
            "[server]\n{switch}drain = \"0s\"\n[providers]\nsim = {{ dialect = \"openai-chat\", url = \"{}\" }}\n[routes]\nchat = [\"sim/m\"]\n",
            server.base_url()
        );
        std::fs::write(&file, config).unwrap();
        let mut gateway = Running::start(&file);
        for dialect in towerman_tests::CLASSIC {
            let url = format!("{}{}", gateway.url, dialect.path());
            for (stream, fault) in [
                (true, None),
                (false, None),
                (false, Some(Fault::Garbage)),
                (true, Some(Fault::Status(400))),
            ] {
                if let Some(fault) = fault {
                    sim.faults().once(fault);
                }
                let ask = client::ask(dialect, "chat", "hi", stream);
                let answer = towerman_tests::post(&url, &ask).await;
                let said = answer.headers.contains_key("x-towerman-route");
                assert_eq!(said, says, "{} {:?}", answer.status, answer.headers);
                let named = format!("{:?}{}", answer.headers, answer.text()).contains("sim/m");
                assert_eq!(named, says, "nor does anything else: {:?}", answer.headers);
            }
        }
        gateway.terminate();
    }
    server.shutdown().await;
}
