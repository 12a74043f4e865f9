//! The arrows of the architecture: who may depend on whom.
#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

const LAYERS: [&str; 10] = [
    "towerman-affinity",
    "towerman-breaker",
    "towerman-classify",
    "towerman-cost",
    "towerman-edge",
    "towerman-failover",
    "towerman-normalize",
    "towerman-route",
    "towerman-telemetry",
    "towerman-upstream",
];

/// What the pure crates must not know.
const IMPURE: [&str; 7] = [
    "tower",
    "tower-http",
    "tokio",
    "hyper",
    "hyper-util",
    "axum",
    "rustls",
];

/// Normal (not dev, not build) dependencies of each member of the workspace.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let normal = package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|dependency| dependency["kind"].is_null())
                .map(|dependency| text(&dependency["name"]))
                .collect();
            (text(&package["name"]), normal)
        })
        .collect()
}

#[test]
fn a_layer_depends_on_core_and_wire_and_on_no_other_layer() {
    let all = dependencies();
    for layer in LAYERS {
        let ours: Vec<_> = all[layer]
            .iter()
            .filter(|name| name.starts_with("towerman"))
            .collect();
        for dependency in ours {
            assert!(
                ["towerman-core", "towerman-wire"].contains(&&**dependency),
                "{layer} depends on {dependency}"
            );
        }
        assert!(
            !all[layer].contains("tower"),
            "{layer} needs only tower-layer and tower-service"
        );
    }
}

#[test]
fn core_and_wire_are_pure() {
    let all = dependencies();
    for pure in ["towerman-core", "towerman-wire"] {
        for impure in IMPURE {
            assert!(!all[pure].contains(impure), "{pure} depends on {impure}");
        }
    }
    assert!(
        all["towerman-core"]
            .iter()
            .all(|name| !name.starts_with("towerman"))
    );
    assert!(
        !all["towerman-core"].contains("serde_json"),
        "only wire knows JSON"
    );
}

#[test]
fn policy_stands_on_core_and_wire_and_the_simulator_on_nothing_of_ours() {
    let all = dependencies();
    for dependency in &all["towerman-policy"] {
        assert!(
            !LAYERS.contains(&&**dependency),
            "policy depends on {dependency}"
        );
    }
    assert!(
        all["towerman-sim"]
            .iter()
            .all(|name| !name.starts_with("towerman"))
    );
}

#[test]
fn every_layer_crate_has_the_same_headings_and_a_contract_test() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join("crates");
    for layer in LAYERS {
        let docs = std::fs::read_to_string(crates.join(layer).join("src/lib.rs")).unwrap();
        for heading in [
            "# Where it goes",
            "# Readiness",
            "# Cancellation",
            "# Cost",
            "# Example",
        ] {
            assert!(
                docs.contains(&format!("//! {heading}")),
                "{layer} lacks the heading {heading}"
            );
        }
        assert!(
            crates.join(layer).join("tests/contract.rs").is_file(),
            "{layer} has no contract test"
        );
    }
}

#[test]
fn the_public_api_of_core_names_no_foreign_framework() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join("crates/towerman-core/src");
    let mut pending = vec![source];
    while let Some(directory) = pending.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
                continue;
            }
            let code = std::fs::read_to_string(&path).unwrap();
            for foreign in ["opentelemetry", "rustls::", "axum::", "hyper::", "tokio::"] {
                assert!(
                    !code.contains(foreign),
                    "{} names {foreign}",
                    path.display()
                );
            }
        }
    }
}
