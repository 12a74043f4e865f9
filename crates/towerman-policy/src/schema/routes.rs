//! `[routes]`: the model names that clients ask for.

use std::collections::HashSet;

use towerman_core::{policy::RouteDraft, strategy::BUILT_IN};

use crate::{
    node::{Node, quoted},
    words::there_is_no,
};

const KEYS: [&str; 5] = ["endpoints", "strategy", "affinity", "min_quality", "strict"];

const CHOICE: [&str; 2] = ["endpoint", "weight"];

/// What the rest of the document has to offer to routes.
pub(super) struct Known<'a> {
    pub(super) providers: &'a [&'a str],
    /// Endpoints that have a quality.
    pub(super) judged: HashSet<&'a str>,
}

/// What each endpoint of a route is held against.
struct Measure<'a> {
    known: &'a Known<'a>,
    /// The strategy, if it is known to weigh nothing.
    weightless: Option<&'a str>,
    quality: bool,
}

/// The routes without a fault, and the names of all.
pub(super) fn read<'a>(node: &Node<'a>, known: &Known<'_>) -> (Vec<RouteDraft>, Vec<&'a str>) {
    let entries = node.entries(quoted);
    let drafts = entries
        .iter()
        .filter_map(|(name, node)| one(name, node, known));
    let drafts = drafts.collect();
    (drafts, entries.into_iter().map(|(name, _)| name).collect())
}

fn one(name: &str, node: &Node<'_>, known: &Known<'_>) -> Option<RouteDraft> {
    if name.is_empty() {
        node.fail("must have a name");
    }
    let mut draft = RouteDraft::new(name, None::<String>);
    if node.is_array() {
        let measure = Measure {
            known,
            weightless: weightless(&draft.strategy),
            quality: false,
        };
        // The short form has the long form's paths, so that an error is the same in both.
        draft.endpoints = endpoints(&node.called("endpoints"), &measure)?;
        return Some(draft);
    }
    if !node.is_table() {
        node.fail("must be an array of endpoints, or a table with endpoints");
        return None;
    }
    let table = node.table(&KEYS)?;
    let strategy = match table.get("strategy") {
        Some(node) => node.choice(&node.reading.loader.strategies),
        None => Some("priority"),
    };
    if let Some(strategy) = strategy {
        strategy.clone_into(&mut draft.strategy);
    }
    table.set("affinity", &mut draft.affinity, Node::flag);
    table.set("strict", &mut draft.strict, Node::flag);
    table.set("min_quality", &mut draft.min_quality, |node| {
        node.count(0..=100).map(Some)
    });
    let measure = Measure {
        known,
        weightless: strategy.and_then(weightless),
        quality: draft.min_quality.is_some(),
    };
    match table.get("endpoints") {
        Some(node) => draft.endpoints = endpoints(&node, &measure)?,
        None => table.fail("must have endpoints, such as endpoints = [\"openai/gpt-5\"]"),
    }
    Some(draft)
}

/// `strategy`, if it weighs nothing. One that the user brought may.
fn weightless(strategy: &str) -> Option<&str> {
    let weighs = strategy == "weighted" || !BUILT_IN.contains(&strategy);
    (!weighs).then_some(strategy)
}

fn endpoints(node: &Node<'_>, measure: &Measure<'_>) -> Option<Vec<(String, u32)>> {
    let items = node.items()?;
    if items.is_empty() {
        node.fail("must name at least one endpoint, as \"provider/model\"");
    }
    let choice = |node: &Node<'_>| {
        if node.is_table() {
            weighted(node, measure)
        } else {
            named(node, measure).map(|name| (name, 1))
        }
    };
    let mut seen = HashSet::new();
    let once = |node: &Node<'_>| {
        let (name, weight) = choice(node)?;
        if !seen.insert(name.clone()) {
            node.fail(format!("\"{name}\" stands here twice: name it once"));
        }
        Some((name, weight))
    };
    Some(items.iter().filter_map(once).collect())
}

fn weighted(node: &Node<'_>, measure: &Measure<'_>) -> Option<(String, u32)> {
    let table = node.table(&CHOICE)?;
    let mut weight = 1;
    table.set("weight", &mut weight, |node| {
        if let Some(strategy) = measure.weightless {
            node.fail(format!(
                "means nothing to the strategy \"{strategy}\"; remove it, \
                 or give the route strategy = \"weighted\""
            ));
        }
        node.count(0..=1_000_000)
    });
    let Some(endpoint) = table.get("endpoint") else {
        table.fail("must have an endpoint, as { endpoint = \"provider/model\", weight = 3 }");
        return None;
    };
    named(&endpoint, measure).map(|name| (name, weight))
}

/// The name of an endpoint at one of `providers`. Says what compiling the policy would say, but
/// of every endpoint.
fn named(node: &Node<'_>, measure: &Measure<'_>) -> Option<String> {
    let Known { providers, judged } = measure.known;
    let name = node.text()?;
    let Some((provider, _)) = name.split_once('/').filter(|(_, model)| !model.is_empty()) else {
        node.fail(format!(
            "\"{name}\" is no endpoint; expected \"provider/model\""
        ));
        return None;
    };
    if !providers.contains(&provider) {
        node.fail(there_is_no("provider", provider, providers));
    } else if measure.quality && !judged.contains(name) {
        node.fail(format!(
            "has no quality to hold against min_quality; \
             set endpoints.\"{name}\".quality, from 0 to 100, or remove min_quality"
        ));
    }
    Some(name.to_owned())
}
