//! `[classes]`, `[failover]` and `[breaker]`: budgets and rules, each with a default.

use towerman_core::{
    Priority,
    policy::{BreakerRules, Class, FailoverRules},
};
use towerman_wire::retry_after;

use crate::{
    node::Node,
    words::{did_you_mean, list},
};

const CLASS: [&str; 5] = [
    "first_content",
    "answer",
    "idle",
    "deadline",
    "max_ambiguous",
];

const FAILOVER: [&str; 4] = ["max_attempts", "retry_percent", "hold_back", "max_answer"];

const BREAKER: [&str; 13] = [
    "window",
    "window_calls",
    "min_calls",
    "failure_percent",
    "consecutive",
    "slow_after",
    "slow_percent",
    "open_for",
    "open_at_most",
    "probes",
    "probe_lease",
    "cooldown_at_most",
    "cooldown",
];

pub(super) fn classes(node: &Node<'_>, classes: &mut [Class; 5]) {
    let names = Priority::ALL.map(Priority::as_str);
    for (name, node) in node.entries(crate::node::quoted) {
        let Some(priority) = Priority::ALL
            .into_iter()
            .find(|class| class.as_str() == name)
        else {
            node.fail(format!(
                "unknown class{}; expected one of {}",
                did_you_mean(name, &names),
                list(&names)
            ));
            continue;
        };
        let Some(table) = node.table(&CLASS) else {
            continue;
        };
        let class = &mut classes[priority.index()];
        table.set("first_content", &mut class.first_content, Node::some_time);
        table.set("answer", &mut class.answer, Node::some_time);
        table.set("idle", &mut class.idle, Node::some_time);
        table.set("deadline", &mut class.deadline, Node::some_time);
        table.set("max_ambiguous", &mut class.max_ambiguous, |n| {
            n.count(0..=100)
        });
    }
}

pub(super) fn failover(node: &Node<'_>, rules: &mut FailoverRules) {
    let Some(table) = node.table(&FAILOVER) else {
        return;
    };
    table.set("max_attempts", &mut rules.max_attempts, |n| {
        n.count(1..=100)
    });
    table.set("retry_percent", &mut rules.retry_percent, |n| {
        n.count(0..=1_000)
    });
    table.set("hold_back", &mut rules.hold_back, Node::bytes);
    table.set("max_answer", &mut rules.max_answer, Node::bytes);
}

pub(super) fn breaker(node: &Node<'_>, rules: &mut BreakerRules) {
    let Some(table) = node.table(&BREAKER) else {
        return;
    };
    let calls = |n: &Node<'_>| n.count(1..=100_000);
    let percent = |n: &Node<'_>| n.count(1..=100);
    table.set("window", &mut rules.window, Node::some_time);
    table.set("window_calls", &mut rules.window_calls, calls);
    table.set("min_calls", &mut rules.min_calls, calls);
    table.set("failure_percent", &mut rules.failure_percent, percent);
    table.set("consecutive", &mut rules.consecutive, calls);
    table.set("slow_after", &mut rules.slow_after, Node::some_time);
    table.set("slow_percent", &mut rules.slow_percent, percent);
    table.set("open_for", &mut rules.open_for, Node::some_time);
    table.set("open_at_most", &mut rules.open_at_most, Node::some_time);
    table.set("probes", &mut rules.probes, |n| n.count(1..=1_000));
    table.set("probe_lease", &mut rules.probe_lease, Node::some_time);
    table.set("cooldown_at_most", &mut rules.cooldown_at_most, |node| {
        let longest = node.duration()?;
        if longest > retry_after::CAP {
            node.fail(format!(
                "must be no longer than {:?}: whatever a provider asks for, no more is believed",
                retry_after::CAP
            ));
            return None;
        }
        Some(longest)
    });
    table.set("cooldown", &mut rules.cooldown, Node::duration);
    if rules.min_calls > rules.window_calls {
        table.fail(format!(
            "min_calls ({}) must not be above window_calls ({}): no rate would ever count",
            rules.min_calls, rules.window_calls
        ));
    }
    if rules.open_for > rules.open_at_most {
        table.fail(format!(
            "open_for ({:?}) must not be longer than open_at_most ({:?})",
            rules.open_for, rules.open_at_most
        ));
    }
    if rules.cooldown > rules.cooldown_at_most {
        table.fail(format!(
            "cooldown ({:?}) must not be longer than cooldown_at_most ({:?})",
            rules.cooldown, rules.cooldown_at_most
        ));
    }
}
