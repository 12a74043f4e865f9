//! The document, table by table. One file reads one table.

mod aws;
mod endpoints;
mod providers;
mod routes;
mod rules;
mod server;
mod tenants;

use std::collections::HashSet;

use toml::de::DeTable;
use towerman_core::policy::Draft;

use self::routes::Known;
use crate::{ServerConfig, node::Table, reading::Reading};

const KEYS: [&str; 8] = [
    "providers",
    "endpoints",
    "routes",
    "tenants",
    "classes",
    "failover",
    "breaker",
    "server",
];

/// What the document says, as far as it makes sense; the rest is noted in `reading`.
pub(crate) fn read<'a>(
    reading: &'a Reading<'a>,
    document: &'a DeTable<'a>,
) -> (Draft, ServerConfig) {
    let root = Table::new(reading, document, 0, String::new());
    root.refuse_others(&KEYS);
    let mut draft = Draft::new();
    // What has a fault exists all the same, so that naming it is no second fault.
    let (mut providers, mut routes) = (Vec::new(), Vec::new());
    if let Some(node) = root.get("providers") {
        (draft.providers, providers) = providers::read(&node);
    }
    let judged = root.get("endpoints").map(|node| node.names_with("quality"));
    let known = Known {
        providers: &providers,
        judged: judged.unwrap_or_default(),
    };
    let before = reading.problems();
    if let Some(node) = root.get("routes") {
        (draft.routes, routes) = routes::read(&node, &known);
    }
    let sound = reading.problems() == before;
    if routes.is_empty() && sound {
        reading.fail(
            0,
            "routes",
            "must hold at least one route, such as chat = [\"openai/gpt-5\"]",
        );
    }
    let used = draft.routes.iter().flat_map(|route| &route.endpoints);
    let used: HashSet<&str> = used.map(|(name, _)| name.as_str()).collect();
    if let Some(node) = root.get("endpoints") {
        draft.endpoints = endpoints::read(&node, |name| !sound || used.contains(name));
    }
    if let Some(node) = root.get("providers").filter(|_| sound) {
        let used = used.into_iter().filter_map(|name| name.split_once('/'));
        let used: HashSet<&str> = used.map(|(provider, _)| provider).collect();
        providers::refuse_unused(&node, |name| used.contains(name));
    }
    if let Some(node) = root.get("tenants") {
        draft.tenants = tenants::read(&node, &routes);
    }
    if let Some(node) = root.get("classes") {
        rules::classes(&node, &mut draft.classes);
    }
    if let Some(node) = root.get("failover") {
        rules::failover(&node, &mut draft.failover);
    }
    if let Some(node) = root.get("breaker") {
        rules::breaker(&node, &mut draft.breaker);
    }
    let mut server = ServerConfig::default();
    if let Some(node) = root.get("server") {
        server::read(&node, &mut server);
    }
    (draft, server)
}
