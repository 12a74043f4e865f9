//! The official Python SDKs drive the gateway: plain, streaming, tools, an error, a failover.
#![allow(clippy::unwrap_used)]

use std::process::Command;

use towerman::core::{
    Dialect,
    policy::{Draft, ProviderDraft, RouteDraft},
};
use towerman_sim::{Fault, Sim};
use towerman_tests::{Gateway, root, target};

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
    let output = tokio::task::spawn_blocking(move || {
        Command::new(python())
            .arg(root().join("tests/sdk/drive.py"))
            .arg(url)
            .output()
            .unwrap()
    })
    .await
    .unwrap();
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(stdout.contains("all passed"), "{stdout}");

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

/// The interpreter that has the SDKs; they are installed on first use.
fn python() -> std::path::PathBuf {
    let python = target().join("sdk-venv/bin/python");
    let status = Command::new(env!("CARGO"))
        .args(["xtask", "sdks"])
        .current_dir(root())
        .status()
        .unwrap();
    assert!(status.success(), "the SDKs could not be installed");
    python
}
