//! The binary as its operator sees it: config errors, serving, hot reload, metrics, stopping.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use http::{Method, StatusCode};
use serde_json::json;
use towerman::core::Dialect;
use towerman_sim::{Model, Sim};
use towerman_tests::{
    client::{self, Heard},
    eventually, post, root,
    running::{Running, binary},
    send,
};

fn config(url: &str, model: &str, ledger: &Path) -> String {
    format!(
        "[server]\nledger = {ledger:?}\ndrain = \"0s\"\n\n[providers]\nsim = {{ dialect = \"openai-chat\", url = \"{url}\" }}\n\n\
         [endpoints.\"sim/{model}\"]\nprice = {{ input = \"2\", output = \"8\" }}\n\n[routes]\nchat = [\"sim/{model}\"]\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_serves_reloads_and_stops_in_order() {
    let sim = Sim::openai("sim").build();
    let server = sim.serve().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (file, ledger) = (
        folder.path().join("towerman.toml"),
        folder.path().join("ledger.jsonl"),
    );
    std::fs::write(&file, config(&server.base_url(), "first", &ledger)).unwrap();
    let mut gateway = Running::start(&file);
    let chat = format!("{}/v1/chat/completions", gateway.url);
    let hello = json!({ "model": "chat", "messages": [{ "role": "user", "content": "hi" }] });

    for path in ["/healthz", "/readyz"] {
        assert_eq!(
            send(&format!("{}{path}", gateway.url), Method::GET, &[], "")
                .await
                .status,
            StatusCode::OK
        );
    }
    let answer = post(&chat, &hello).await;
    assert_eq!(
        (answer.status, &answer.json()["model"]),
        (StatusCode::OK, &json!("first")),
        "{}",
        answer.text()
    );
    assert_eq!(answer.headers["x-towerman-route"], "sim/first");

    // A bad edit changes nothing.
    std::fs::write(&file, "[routes]\nchat = [\"nobody/x\"]\n").unwrap();
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(post(&chat, &hello).await.json()["model"], "first");

    // A good one is live within a second, and no request is lost meanwhile.
    std::fs::write(&file, config(&server.base_url(), "second", &ledger)).unwrap();
    let begun = Instant::now();
    loop {
        let answer = post(&chat, &hello).await;
        assert_eq!(answer.status, StatusCode::OK);
        if answer.json()["model"] == "second" {
            break;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "the edit never went live"
        );
    }

    let metrics = send(&format!("{}/metrics", gateway.url), Method::GET, &[], "")
        .await
        .text();
    for expected in [
        "towerman_policy_revision 2",
        "towerman_policy_reloads_total{result=\"rejected\"} 1",
        "towerman_policy_reloads_total{result=\"applied\"} 1",
        "towerman_attempts_total{endpoint=\"sim/second\",outcome=\"success\"}",
        "# TYPE towerman_request_duration_seconds histogram",
    ] {
        assert!(
            metrics.contains(expected),
            "{expected} is not in\n{metrics}"
        );
    }

    gateway.terminate();
    let lines = std::fs::read_to_string(&ledger).unwrap();
    let billed = u128::from(sim.book().totals().output) * 8_000_000
        + u128::from(sim.book().totals().uncached_input) * 2_000_000;
    let spent: u128 = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["cost_pico_usd"]
                .as_str()
                .unwrap()
                .parse::<u128>()
                .unwrap()
        })
        .sum();
    assert_eq!(
        spent, billed,
        "the ledger on disk is what the provider's book says"
    );
    assert_eq!(lines.lines().count() as u64, sim.book().requests());
    server.shutdown().await;
}

/// A file in which `chat` is served by `model`, and `long` by a slow one if it is there at all.
fn two_routes(url: &str, model: &str, long: bool) -> String {
    let long = if long { "long = [\"sim/slow\"]\n" } else { "" };
    format!(
        "[server]\ndrain = \"0s\"\n[providers]\nsim = {{ dialect = \"openai-chat\", url = \"{url}\" }}\n\
         [routes]\nchat = [\"sim/{model}\"]\n{long}"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reloads_are_live_within_a_second_and_lose_no_request_and_no_stream() {
    const MODELS: [&str; 2] = ["even", "odd"];
    let slow = Model::new("slow")
        .per_token(Duration::from_millis(40))
        .output_tokens(60);
    let sim = Sim::openai("sim")
        .model(slow)
        .model(Model::new(MODELS[0]))
        .model(Model::new(MODELS[1]))
        .build();
    let server = sim.serve().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("towerman.toml");
    std::fs::write(&file, two_routes(&server.base_url(), MODELS[0], true)).unwrap();
    let mut gateway = Running::start(&file);
    let chat = format!("{}/v1/chat/completions", gateway.url);

    // A stream that goes on through all that follows.
    let long = client::ask(Dialect::OpenAiChat, "long", "hi", true);
    let (url, ask) = (chat.clone(), long.clone());
    let stream = tokio::spawn(async move { post(&url, &ask).await });
    assert!(eventually(|| sim.book().totals().output > 0).await);

    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut load = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (chat, stopped) = (chat.clone(), stopped.clone());
        load.spawn(async move {
            let hello = client::ask(Dialect::OpenAiChat, "chat", "hi", false);
            let mut answers = 0_u64;
            while !*stopped.borrow() {
                let answer = post(&chat, &hello).await;
                assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
                answers += 1;
            }
            answers
        });
    }
    let hello = client::ask(Dialect::OpenAiChat, "chat", "hi", false);
    let mut answers = 0;
    for swap in 1..=5 {
        let model = MODELS[swap % 2];
        // The stream's route is gone from the first swap on.
        std::fs::write(&file, two_routes(&server.base_url(), model, false)).unwrap();
        let begun = Instant::now();
        loop {
            let answer = post(&chat, &hello).await;
            answers += 1;
            if answer.json()["model"] == model {
                break;
            }
        }
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(1), "live after {took:?}");
        if swap == 1 {
            assert!(!stream.is_finished(), "the stream is longer than that");
        }
        for _ in 0..10 {
            answers += 1;
            assert_eq!(post(&chat, &hello).await.json()["model"], model);
        }
    }
    assert_eq!(post(&chat, &long).await.status, StatusCode::NOT_FOUND);
    stop.send_replace(true);
    while let Some(worker) = load.join_next().await {
        answers += worker.unwrap();
    }
    let answer = stream.await.unwrap();
    let heard = client::read(Dialect::OpenAiChat, &answer).unwrap();
    assert!(
        matches!(heard, Heard::Stream { error: None, .. }),
        "{heard:?}"
    );
    assert_eq!(sim.book().requests(), answers + 1, "each was sent once");
    gateway.terminate();
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_under_way_is_finished_before_it_stops() {
    let model = Model::new("slow")
        .per_token(Duration::from_millis(30))
        .output_tokens(40);
    let sim = Sim::openai("sim").model(model).build();
    let server = sim.serve().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("towerman.toml");
    std::fs::write(
        &file,
        config(
            &server.base_url(),
            "slow",
            &folder.path().join("ledger.jsonl"),
        ),
    )
    .unwrap();
    let mut gateway = Running::start(&file);
    let chat = format!("{}/v1/chat/completions", gateway.url);
    let ask = json!({ "model": "chat", "stream": true, "messages": [{ "role": "user", "content": "hi" }] });
    let stream = tokio::spawn(async move { post(&chat, &ask).await });
    while sim.in_flight() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let took = tokio::task::spawn_blocking(move || gateway.terminate())
        .await
        .unwrap();
    let answer = stream.await.unwrap();
    assert!(
        !answer.broke_off && answer.text().ends_with("data: [DONE]\n\n"),
        "{}",
        answer.text()
    );
    assert!(took < Duration::from_secs(30), "{took:?}");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_log_tells_of_failures_always_and_of_successes_on_demand() {
    let sim = Sim::openai("sim").build();
    let server = sim.serve().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("towerman.toml");
    let ledger = folder.path().join("ledger.jsonl");
    std::fs::write(&file, config(&server.base_url(), "first", &ledger)).unwrap();
    let all = "info,towerman::decision=debug";
    for (log, told) in [
        (&[][..], &["not_found"][..]),
        (&[("RUST_LOG", all)], &["success", "not_found"]),
    ] {
        let mut gateway = Running::with(&file, log);
        let chat = format!("{}/v1/chat/completions", gateway.url);
        for model in ["chat", "nobody"] {
            let hello =
                json!({ "model": model, "messages": [{ "role": "user", "content": "hi" }] });
            post(&chat, &hello).await;
        }
        gateway.terminate();
        let outcomes: Vec<String> = gateway
            .log()
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter(|event| event["target"] == "towerman::decision")
            .map(|event| event["fields"]["outcome"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(outcomes, told, "RUST_LOG={log:?}");
    }
    server.shutdown().await;
}

#[test]
fn check_says_what_is_wrong_and_where() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("towerman.toml");
    let check = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let output = Command::new(binary())
            .args(["check", "--config"])
            .arg(&file)
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    };
    let (fine, text) = check(
        "[providers]\na = { dialect = \"openai-chat\", url = \"http://127.0.0.1:1\" }\n[routes]\nchat = [\"a/x\", \"b/y\"]\n",
    );
    assert!(!fine);
    assert!(text.contains("towerman.toml:4:"), "{text}");
    assert!(
        text.contains("routes.chat.endpoints[1]") && text.contains("expected one of \"a\""),
        "{text}"
    );

    let (fine, text) = check(
        "[providers]\na = { dialect = \"openai-chat\", url = \"http://127.0.0.1:1\" }\n[routes]\nchat = [\"a/x\"]\n",
    );
    assert!(fine, "{text}");
    assert!(text.contains("chat") && text.contains("a/x"), "{text}");
}

#[test]
fn every_example_runs() {
    for (example, expected) in [
        ("axum-app", "our own model says hello"),
        ("hyper-client", "Hello from afar"),
        ("custom-pipeline", "residency: no residency in the EU"),
    ] {
        let output = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--package", example])
            .current_dir(root())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{example}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(text.contains(expected), "{example} printed\n{text}");
    }
}
