//! `[server]`: what the gateway needs to know that is no policy.

use crate::{ServerConfig, node::Node};

const KEYS: [&str; 9] = [
    "listen",
    "metrics",
    "body_limit",
    "upload_limit",
    "in_flight_limit",
    "ledger",
    "route_header",
    "drain",
    "grace",
];

pub(super) fn read(node: &Node<'_>, server: &mut ServerConfig) {
    let Some(table) = node.table(&KEYS) else {
        return;
    };
    table.set("listen", &mut server.listen, Node::address);
    table.set("metrics", &mut server.metrics, |node| {
        node.address().map(Some)
    });
    table.set("body_limit", &mut server.body_limit, |node| {
        let bytes = node.bytes()?;
        if bytes == 0 {
            node.fail("must be more than nothing");
        }
        Some(bytes)
    });
    table.set("upload_limit", &mut server.upload_limit, Node::some_time);
    table.set("in_flight_limit", &mut server.in_flight_limit, |node| {
        node.count(1..=1_000_000)
    });
    table.set("ledger", &mut server.ledger, |node| {
        let path = node.text()?;
        if path.is_empty() {
            node.fail("must be the path of a file");
        }
        Some(Some(node.reading.resolve(path)))
    });
    table.set("route_header", &mut server.route_header, Node::flag);
    table.set("drain", &mut server.drain, Node::duration);
    table.set("grace", &mut server.grace, Node::duration);
}
