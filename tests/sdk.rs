//! The official SDKs, Python and Node, drive the gateway: plain, streaming, tools, an error, a failover.
#![allow(clippy::unwrap_used)]

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use towerman::core::{
    Dialect,
    policy::{Draft, ProviderDraft, RouteDraft},
};
use towerman_sim::{Fault, Model, Sim, SimServer};
use towerman_tests::{Gateway, eventually, post, root, target};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_sdks_see_a_provider_and_no_quirk() {
    let openai = Sim::openai("open").build();
    let anthropic = Sim::anthropic("anth").build();
    // Their streams begin, and then turn into errors before any content.
    let flaky_openai = Sim::openai("flaky-open").build();
    let flaky_anthropic = Sim::anthropic("flaky-anth").build();
    flaky_openai
        .faults()
        .always(Fault::ErrorInStream { after_chunks: 1 });
    flaky_anthropic
        .faults()
        .always(Fault::ErrorInStream { after_chunks: 1 });
    // Theirs fail when some content has been delivered: in words, and in the middle of a word.
    let late_openai = Sim::openai("late-open").build();
    let late_anthropic = Sim::anthropic("late-anth").build();
    let cut_openai = Sim::openai("cut-open").build();
    let cut_anthropic = Sim::anthropic("cut-anth").build();
    for sim in [&late_openai, &late_anthropic] {
        let after_chunks = sim.dialect().opening_events() + 2;
        sim.faults().always(Fault::ErrorInStream { after_chunks });
    }
    cut_openai.faults().always(Fault::Truncated);
    cut_anthropic.faults().always(Fault::Truncated);
    let mut servers = Vec::new();
    let mut draft = Draft::new();
    for (name, dialect, sim) in [
        ("open", Dialect::OpenAiChat, &openai),
        ("anth", Dialect::Anthropic, &anthropic),
        ("flaky-open", Dialect::OpenAiChat, &flaky_openai),
        ("flaky-anth", Dialect::Anthropic, &flaky_anthropic),
        ("late-open", Dialect::OpenAiChat, &late_openai),
        ("late-anth", Dialect::Anthropic, &late_anthropic),
        ("cut-open", Dialect::OpenAiChat, &cut_openai),
        ("cut-anth", Dialect::Anthropic, &cut_anthropic),
    ] {
        let server = sim.serve().await.unwrap();
        draft = draft.provider(ProviderDraft::url(name, dialect, server.base_url()));
        servers.push(server);
    }
    let gateway = Gateway::start(
        draft
            .route(RouteDraft::new("openai", ["open/m"]))
            .route(RouteDraft::new("anthropic", ["anth/m"]))
            .route(RouteDraft::new(
                "fragile",
                ["flaky-open/m", "flaky-anth/m", "anth/m"],
            ))
            .route(RouteDraft::new("brittle", ["flaky-anth/m", "open/m"]))
            // There is somebody else to ask, and it is too late.
            .route(RouteDraft::new("late-openai", ["late-open/m", "open/m"]))
            .route(RouteDraft::new("late-anthropic", ["late-anth/m", "anth/m"]))
            .route(RouteDraft::new("cut-openai", ["cut-open/m", "open/m"]))
            .route(RouteDraft::new("cut-anthropic", ["cut-anth/m", "anth/m"])),
    )
    .await;

    let url = gateway.url();
    let driver = root().join("tests/sdk/drive.py");
    drive(Command::new(python()).arg(driver).arg(url)).await;

    let failed_over = gateway
        .decisions
        .lock()
        .unwrap()
        .iter()
        .filter(|d| d.attempts.len() > 1)
        .count();
    assert!(failed_over >= 4, "only {failed_over} requests failed over");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_sdk_reaches_every_provider() {
    let (gateway, providers) = every_provider().await;
    drive(node("drive.mjs").arg(gateway.url()).args(ROUTES)).await;
    // Each SDK broke off a stream over each provider.
    let left = || providers.iter().all(|(sim, _)| sim.cancelled() == 3);
    assert!(eventually(left).await, "{providers:?}");
    gateway.stop().await;
}

/// The Python SDKs of every dialect, over every provider that there is a simulation of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_sdk_reaches_every_provider() {
    let (gateway, _providers) = every_provider().await;
    let sdks = "openai,anthropic,google.genai,groq,mistralai,boto3,cohere,ollama";
    drive(matrix("sdk-venv", &gateway).arg(sdks).args(ROUTES)).await;
    gateway.stop().await;
}

/// What many still run, and what cannot live beside the newest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_sdks_reach_every_provider() {
    let (gateway, _providers) = every_provider().await;
    let sdks = "anthropic,google.genai,langchain_openai";
    drive(matrix("sdk-venv-older", &gateway).arg(sdks).args(ROUTES)).await;
    gateway.stop().await;
}

/// A route to each provider, named after its dialect.
const ROUTES: [&str; 7] = [
    "openai-chat",
    "anthropic",
    "openai-responses",
    "gemini",
    "bedrock-converse",
    "cohere",
    "ollama",
];

async fn every_provider() -> (Gateway, Vec<(Sim, SimServer)>) {
    let (mut draft, mut providers) = (Draft::new(), Vec::new());
    for name in ROUTES {
        let dialect: Dialect = name.parse().unwrap();
        let sim = match dialect {
            Dialect::Anthropic => Sim::anthropic(name),
            Dialect::OpenAiResponses => Sim::openai_responses(name),
            Dialect::Gemini => Sim::gemini(name),
            Dialect::BedrockConverse => Sim::bedrock(name),
            Dialect::Cohere => Sim::cohere(name),
            Dialect::Ollama => Sim::ollama(name),
            _ => Sim::openai(name),
        };
        // Slow enough to be left in the middle.
        let slow = Model::new("slow").output_tokens(500);
        let slow = slow.per_token(Duration::from_millis(20));
        let sim = sim.model(Model::new("m")).model(slow).build();
        let server = sim.serve().await.unwrap();
        draft = draft
            .provider(ProviderDraft::url(name, dialect, server.base_url()))
            .route(RouteDraft::new(name, [format!("{name}/m")]))
            .route(RouteDraft::new(
                format!("slow-{name}"),
                [format!("{name}/slow")],
            ));
        providers.push((sim, server));
    }
    (Gateway::start(draft).await, providers)
}

fn matrix(venv: &str, gateway: &Gateway) -> Command {
    install();
    let mut command = Command::new(target().join(venv).join("bin/python"));
    command.arg(root().join("tests/sdk/matrix.py"));
    command.arg(gateway.url());
    command
}

/// Somebody else's idea of how the two providers answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn providers_that_others_wrote_are_understood() {
    let mut mock = node("aimock.mjs")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    let stdout = mock.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut url).unwrap();
    let url = url.trim();

    let draft = Draft::new()
        .provider(ProviderDraft::url("o", Dialect::OpenAiChat, url))
        .provider(ProviderDraft::url("a", Dialect::Anthropic, url))
        .route(RouteDraft::new("openai", ["o/gpt-4o"]))
        .route(RouteDraft::new("anthropic", ["a/claude-sonnet-4-5"]));
    let gateway = Gateway::start(draft).await;
    for (door, model) in [
        ("chat/completions", "openai"),
        ("chat/completions", "anthropic"),
        ("messages", "openai"),
        ("messages", "anthropic"),
    ] {
        let asked = |text: &str, stream: bool| {
            let url = format!("{}/v1/{door}", gateway.url());
            let turn = json!({"role": "user", "content": text});
            let mut body =
                json!({"model": model, "max_tokens": 99, "messages": [turn], "stream": stream});
            if text == "tool" {
                let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
                body["tools"] = match door {
                    "messages" => json!([{"name": "weather", "input_schema": schema}]),
                    _ => {
                        json!([{"type": "function", "function": {"name": "weather", "parameters": schema}}])
                    }
                };
            }
            async move { post(&url, &body).await }
        };
        let what = format!("{door} of {model}");
        let plain = asked("plain", false).await;
        assert_eq!(plain.status, 200, "{what}: {}", plain.text());
        assert!(
            plain.text().contains("Grüße aus Köln 🌍"),
            "{what}: {}",
            plain.text()
        );
        let streamed = asked("plain", true).await;
        assert_eq!(words(&streamed.text()), "Grüße aus Köln 🌍", "{what}");
        let called = asked("tool", false).await.text();
        assert!(
            called.contains("weather") && called.contains("Köln"),
            "{what}: {called}"
        );
        let arguments = words(&asked("tool", true).await.text());
        let arguments: Value = serde_json::from_str(&arguments).unwrap();
        assert_eq!(arguments, json!({"city": "Köln"}), "{what}");
        let limited = asked("limit", false).await;
        assert_eq!(limited.status, 429, "{what}: {}", limited.text());
    }
    let lines = gateway.ledger.lines();
    assert!(lines.len() >= 20, "{}", lines.len());
    gateway.stop().await;
    drop(mock.stdin.take());
    mock.wait().unwrap();
}

/// What the events of a stream say, put together: text, or the arguments of a call.
fn words(events: &str) -> String {
    let data = events
        .lines()
        .filter_map(|line| line.strip_prefix("data: "));
    data.filter_map(|data| serde_json::from_str::<Value>(data).ok())
        .map(|event| {
            let (chat, message) = (&event["choices"][0]["delta"], &event["delta"]);
            [
                &chat["content"],
                &chat["tool_calls"][0]["function"]["arguments"],
                &message["text"],
                &message["partial_json"],
            ]
            .map(|said| said.as_str().unwrap_or_default())
            .concat()
        })
        .collect()
}

/// Runs a driver to its end, which must be a good one.
async fn drive(command: &mut Command) {
    let mut command = std::mem::replace(command, Command::new("true"));
    let output = tokio::task::spawn_blocking(move || command.output());
    let Output {
        status,
        stdout,
        stderr,
    } = output.await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&stdout);
    let wrong = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{told}\n{wrong}");
    assert!(told.contains("all passed"), "{told}");
}

/// The interpreter that has the SDKs; they are installed on first use.
fn python() -> PathBuf {
    install();
    target().join("sdk-venv/bin/python")
}

/// A script beside the Node SDKs, about to be run.
fn node(script: &str) -> Command {
    install();
    let folder = target().join("sdk-node");
    let node = std::fs::read_to_string(folder.join("node.txt")).unwrap();
    let mut command = Command::new(node);
    command.arg(folder.join(script));
    command
}

fn install() {
    let status = Command::new(env!("CARGO"))
        .args(["xtask", "sdks"])
        .current_dir(root())
        .status()
        .unwrap();
    assert!(status.success(), "the SDKs could not be installed");
}
