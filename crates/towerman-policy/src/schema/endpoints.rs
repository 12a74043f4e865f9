//! `[endpoints]`: what is known of one model at one provider.

use towerman_core::{Capabilities, Price, Schemas, policy::EndpointDraft};

use crate::node::Node;

const KEYS: [&str; 7] = [
    "model",
    "price",
    "context_window",
    "quality",
    "tools",
    "media",
    "schemas",
];

const PRICE: [&str; 5] = [
    "input",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "output",
];

pub(super) fn read(node: &Node<'_>, used: impl Fn(&str) -> bool) -> Vec<EndpointDraft> {
    // A provider's name alone holds no slash, so these names always need quotes.
    node.entries(|name| format!("\"{name}\""))
        .into_iter()
        .filter_map(|(name, node)| {
            if !used(name) {
                node.fail("no route uses this endpoint: name it in a route or remove it");
            }
            one(name, &node)
        })
        .collect()
}

fn one(name: &str, node: &Node<'_>) -> Option<EndpointDraft> {
    let table = node.table(&KEYS)?;
    let mut draft = EndpointDraft::new(name);
    table.set("model", &mut draft.model, |node| {
        let model = node.text()?;
        if model.is_empty() {
            node.fail("must not be empty");
        }
        Some(Some(model.to_owned()))
    });
    table.set("price", &mut draft.price, |node| price(node).map(Some));
    table.set("context_window", &mut draft.context_window, |node| {
        node.count(1..=1_000_000_000).map(Some)
    });
    table.set("quality", &mut draft.quality, |node| {
        node.count(0..=100).map(Some)
    });
    let Capabilities {
        tools,
        media,
        schemas,
    } = &mut draft.capabilities;
    table.set("tools", tools, Node::flag);
    table.set("media", media, Node::flag);
    table.set("schemas", schemas, |node| {
        Some(match node.choice(&["native", "tool"])? {
            "tool" => Schemas::Tool,
            _ => Schemas::Native,
        })
    });
    Some(draft)
}

fn price(node: &Node<'_>) -> Option<Price> {
    let table = node.table(&PRICE)?;
    let [input, cache_read, cache_write, cache_write_1h, output] = PRICE.map(|key| table.get(key));
    let missing = match (&input, &output) {
        (Some(_), Some(_)) => None,
        (None, Some(_)) => Some("input, such as input = \"1.25\""),
        (Some(_), None) => Some("output, such as output = \"10\""),
        (None, None) => Some("input and output, such as input = \"1.25\", output = \"10\""),
    };
    if let Some(missing) = missing {
        table.fail(format!(
            "must have {missing}, in dollars per million tokens"
        ));
        return None;
    }
    let read = |node: Option<Node<'_>>, otherwise: Option<u64>| match node {
        Some(node) => node.price(),
        None => otherwise,
    };
    let input = read(input, None);
    let cache_read = read(cache_read, input);
    let cache_write = read(cache_write, input);
    let cache_write_long = read(cache_write_1h, cache_write);
    let output = read(output, None);
    Some(Price {
        input: input?,
        cache_read: cache_read?,
        cache_write: cache_write?,
        cache_write_long: cache_write_long?,
        output: output?,
    })
}
