//! The arrows of the architecture: who may depend on whom.
#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::Command,
};

use serde_json::Value;
use towerman_tests::root;

/// What the pure crates must not reach, however far away.
const IMPURE: [&str; 8] = [
    "tower",
    "tower-http",
    "tokio",
    "hyper",
    "hyper-util",
    "axum",
    "rustls",
    "futures-util",
];

/// The workspace as cargo resolves it: normal (not dev, not build) dependencies.
struct Graph {
    /// By package id.
    edges: BTreeMap<String, Vec<String>>,
    names: BTreeMap<String, String>,
    /// The members' folders, by name.
    members: BTreeMap<String, PathBuf>,
}

impl Graph {
    fn read() -> Self {
        let host = Command::new("rustc").arg("-vV").output().unwrap();
        let host = String::from_utf8(host.stdout).unwrap();
        let host = host.lines().find_map(|line| line.strip_prefix("host: "));
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version=1", "--offline"])
            .args(["--filter-platform", host.unwrap()])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        let list = |value: &Value| value.as_array().unwrap().clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let packages = list(&metadata["packages"]);
        let members: BTreeSet<_> = list(&metadata["workspace_members"])
            .iter()
            .map(text)
            .collect();
        let edges = list(&metadata["resolve"]["nodes"])
            .iter()
            .map(|node| {
                let normal = list(&node["deps"]).into_iter().filter(|dependency| {
                    let kinds = list(&dependency["dep_kinds"]);
                    kinds.iter().any(|kind| kind["kind"].is_null())
                });
                let normal = normal.map(|dependency| text(&dependency["pkg"]));
                (text(&node["id"]), normal.collect())
            })
            .collect();
        let ours = packages
            .iter()
            .filter(|package| members.contains(&text(&package["id"])));
        Self {
            edges,
            names: packages
                .iter()
                .map(|package| (text(&package["id"]), text(&package["name"])))
                .collect(),
            members: ours
                .map(|package| {
                    let manifest = PathBuf::from(text(&package["manifest_path"]));
                    let folder = manifest.parent().unwrap().to_owned();
                    (text(&package["name"]), folder)
                })
                .collect(),
        }
    }

    /// The crates that are a layer: those that have the file that makes one.
    fn layers(&self) -> BTreeMap<&str, &PathBuf> {
        let members = self.members.iter();
        let layers: BTreeMap<_, _> = members
            .filter(|(_, folder)| folder.join("src/layer.rs").is_file())
            .map(|(name, folder)| (name.as_str(), folder))
            .collect();
        assert!(layers.len() >= 10, "{layers:?}");
        layers
    }

    fn id(&self, member: &str) -> &str {
        let mut ids = self.names.iter().filter(|(_, name)| *name == member);
        ids.next().unwrap().0
    }

    /// What a member depends on by its own manifest.
    fn direct(&self, member: &str) -> BTreeSet<&str> {
        let edges = &self.edges[self.id(member)];
        edges.iter().map(|id| self.names[id].as_str()).collect()
    }

    /// What comes along with a member: the name of each crate, and one that brings it.
    fn reached(&self, member: &str) -> BTreeMap<&str, &str> {
        let (mut pending, mut reached) = (vec![self.id(member)], BTreeMap::new());
        while let Some(id) = pending.pop() {
            for next in &self.edges[id] {
                if reached
                    .insert(self.names[next].as_str(), self.names[id].as_str())
                    .is_none()
                {
                    pending.push(next);
                }
            }
        }
        reached
    }
}

#[test]
fn a_layer_depends_on_core_and_wire_and_on_no_other_layer() {
    let graph = Graph::read();
    for layer in graph.layers().into_keys() {
        let reached = graph.reached(layer);
        let ours = reached.keys().filter(|name| name.starts_with("towerman"));
        for dependency in ours {
            assert!(
                ["towerman-core", "towerman-wire"].contains(dependency),
                "{layer} depends on {dependency}"
            );
        }
        for large in ["tower", "axum"] {
            let by = reached.get(large);
            assert_eq!(
                by, None,
                "{layer} needs no more than tower-layer and tower-service, and gets {large}"
            );
        }
    }
}

#[test]
fn core_and_wire_are_pure_with_all_that_they_bring() {
    let graph = Graph::read();
    for pure in ["towerman-core", "towerman-wire"] {
        let reached = graph.reached(pure);
        for impure in IMPURE {
            let by = reached.get(impure);
            assert_eq!(by, None, "{pure} reaches {impure}");
        }
    }
    let core = graph.reached("towerman-core");
    let ours = core.keys().find(|name| name.starts_with("towerman"));
    assert_eq!(ours, None);
    assert!(!core.contains_key("serde_json"), "only wire knows JSON");
    // The walk does walk: what is banned above is found where it belongs.
    let gateway = graph.reached("towerman-gateway");
    assert!(
        ["tower", "tokio", "hyper", "rustls"]
            .iter()
            .all(|name| gateway.contains_key(name))
    );
}

#[test]
fn policy_stands_on_core_and_wire_and_the_simulator_on_nothing_of_ours() {
    let graph = Graph::read();
    let layers = graph.layers();
    for dependency in graph.reached("towerman-policy").into_keys() {
        assert!(
            !layers.contains_key(dependency),
            "policy depends on {dependency}"
        );
    }
    let sim = graph.reached("towerman-sim");
    assert!(sim.keys().all(|name| !name.starts_with("towerman")));
}

#[test]
fn the_facade_offers_every_layer() {
    let graph = Graph::read();
    let facade = graph.direct("towerman");
    for layer in graph.layers().into_keys() {
        assert!(facade.contains(layer), "{layer}");
    }
}

#[test]
fn every_layer_crate_has_the_same_headings_and_a_contract_test() {
    for (layer, folder) in Graph::read().layers() {
        let docs = std::fs::read_to_string(folder.join("src/lib.rs")).unwrap();
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
            folder.join("tests/contract.rs").is_file(),
            "{layer} has no contract test"
        );
    }
}

#[test]
fn the_public_api_of_core_names_no_foreign_framework() {
    let source = root().join("crates/towerman-core/src");
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
