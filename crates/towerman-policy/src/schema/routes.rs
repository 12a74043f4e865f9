//! `[routes]`: the model names that clients ask for.

use towerman_core::policy::RouteDraft;

use crate::{
    node::{Node, quoted},
    words::there_is_no,
};

const KEYS: [&str; 4] = ["endpoints", "strategy", "affinity", "min_quality"];

const CHOICE: [&str; 2] = ["endpoint", "weight"];

/// The routes without a fault, and the names of all.
pub(super) fn read<'a>(node: &Node<'a>, providers: &[&str]) -> (Vec<RouteDraft>, Vec<&'a str>) {
    let entries = node.entries(quoted);
    let drafts = entries
        .iter()
        .filter_map(|(name, node)| one(name, node, providers));
    let drafts = drafts.collect();
    (drafts, entries.into_iter().map(|(name, _)| name).collect())
}

fn one(name: &str, node: &Node<'_>, providers: &[&str]) -> Option<RouteDraft> {
    if name.is_empty() {
        node.fail("must have a name");
    }
    let mut draft = RouteDraft::new(name, None::<String>);
    if node.is_array() {
        // The short form has the long form's paths, so that an error is the same in both.
        draft.endpoints = endpoints(&node.called("endpoints"), providers)?;
        return Some(draft);
    }
    if !node.is_table() {
        node.fail("must be an array of endpoints, or a table with endpoints");
        return None;
    }
    let table = node.table(&KEYS)?;
    match table.get("endpoints") {
        Some(node) => draft.endpoints = endpoints(&node, providers)?,
        None => table.fail("must have endpoints, such as endpoints = [\"openai/gpt-5\"]"),
    }
    table.set("strategy", &mut draft.strategy, |node| {
        node.choice(&node.reading.loader.strategies)
            .map(str::to_owned)
    });
    table.set("affinity", &mut draft.affinity, Node::flag);
    table.set("min_quality", &mut draft.min_quality, |node| {
        node.count(0..=100).map(Some)
    });
    Some(draft)
}

fn endpoints(node: &Node<'_>, providers: &[&str]) -> Option<Vec<(String, u32)>> {
    let items = node.items()?;
    if items.is_empty() {
        node.fail("must name at least one endpoint, as \"provider/model\"");
    }
    let choice = |node: &Node<'_>| {
        if node.is_table() {
            weighted(node, providers)
        } else {
            named(node, providers).map(|name| (name, 1))
        }
    };
    Some(items.iter().filter_map(choice).collect())
}

fn weighted(node: &Node<'_>, providers: &[&str]) -> Option<(String, u32)> {
    let table = node.table(&CHOICE)?;
    let mut weight = 1;
    table.set("weight", &mut weight, |node| node.count(0..=1_000_000));
    let Some(endpoint) = table.get("endpoint") else {
        table.fail("must have an endpoint, as { endpoint = \"provider/model\", weight = 3 }");
        return None;
    };
    named(&endpoint, providers).map(|name| (name, weight))
}

/// The name of an endpoint at one of `providers`. Says what compiling the policy would say, but
/// of every endpoint.
fn named(node: &Node<'_>, providers: &[&str]) -> Option<String> {
    let name = node.text()?;
    let Some((provider, _)) = name.split_once('/').filter(|(_, model)| !model.is_empty()) else {
        node.fail(format!(
            "\"{name}\" is no endpoint; expected \"provider/model\""
        ));
        return None;
    };
    if !providers.contains(&provider) {
        node.fail(there_is_no("provider", provider, providers));
    }
    Some(name.to_owned())
}
