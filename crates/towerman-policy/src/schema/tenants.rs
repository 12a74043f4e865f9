//! `[tenants]`: who may ask.

use towerman_core::{
    Priority,
    policy::{KeyDigest, TenantDraft},
};

use crate::{
    fingerprint::digest,
    node::{Node, quoted},
    words::there_is_no,
};

const KEYS: [&str; 4] = ["keys", "priority", "ceiling", "routes"];

pub(super) fn read(node: &Node<'_>, routes: &[&str]) -> Vec<TenantDraft> {
    node.entries(quoted)
        .into_iter()
        .filter_map(|(name, node)| one(name, &node, routes))
        .collect()
}

fn one(name: &str, node: &Node<'_>, known: &[&str]) -> Option<TenantDraft> {
    let table = node.table(&KEYS)?;
    let keys = table.get("keys");
    if keys.is_none() {
        table.fail("must have keys, such as keys = [\"env:NAME\"]");
    }
    let keys = keys.and_then(|node| all_keys(&node));
    let written = table.get("priority");
    let asked = written.as_ref().and_then(class);
    // Without a ceiling, no header raises a request above what it is anyway.
    let mut ceiling = asked.unwrap_or_default();
    table.set("ceiling", &mut ceiling, class);
    if let Some(node) = written.filter(|_| asked > Some(ceiling)) {
        node.fail(format!("is above the tenant's ceiling, \"{ceiling}\""));
    }
    let mut routes = None;
    table.set("routes", &mut routes, |node| {
        let items = node.items()?;
        let names = items.iter().filter_map(|node| route(node, known));
        Some(Some(names.collect()))
    });
    Some(TenantDraft {
        name: name.to_owned(),
        keys: keys?,
        priority: asked.unwrap_or_default().min(ceiling),
        ceiling,
        routes,
    })
}

fn route(node: &Node<'_>, known: &[&str]) -> Option<String> {
    let name = node.text()?;
    if !known.contains(&name) {
        node.fail(there_is_no("route", name, known));
    }
    Some(name.to_owned())
}

/// A priority.
pub(super) fn class(node: &Node<'_>) -> Option<Priority> {
    let names = Priority::ALL.map(Priority::as_str);
    node.choice(&names)?.parse().ok()
}

fn all_keys(node: &Node<'_>) -> Option<Vec<KeyDigest>> {
    let items = node.items()?;
    if items.is_empty() {
        node.fail("must hold at least one key");
    }
    Some(items.iter().filter_map(key).collect())
}

/// The digest of a key, written as it is or taken of the key that the value refers to.
fn key(node: &Node<'_>) -> Option<KeyDigest> {
    let text = node.text()?;
    if let Some(hex) = text.strip_prefix("sha256:") {
        let digest = unhex(hex);
        if digest.is_none() {
            node.fail("after \"sha256:\" must stand 64 hexadecimal digits");
        }
        return digest;
    }
    match node.reference() {
        Some(Ok(secret)) => Some(digest(secret.expose())),
        Some(Err(message)) => {
            node.fail(message);
            None
        }
        None => {
            node.fail(
                "is a literal, and secrets do not belong into this file; \
                 write \"env:NAME\", \"file:PATH\" or \"sha256:\" and the digest of the key",
            );
            None
        }
    }
}

fn unhex(hex: &str) -> Option<KeyDigest> {
    let digits: Option<Vec<u8>> = hex
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let bytes: Vec<u8> = digits?
        .chunks_exact(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect();
    let exact = hex.len() == 64;
    bytes.try_into().ok().filter(|_| exact)
}
