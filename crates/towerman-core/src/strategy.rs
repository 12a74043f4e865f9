//! How a route turns what is known about its candidates into an order.

use std::{fmt, time::Instant};

use crate::Candidate;

/// The strategies that every route may name.
pub const BUILT_IN: [&str; 4] = ["priority", "weighted", "cheapest", "fastest"];

/// One pure function: what is known about a candidate in, a score out; the smallest goes first.
///
/// Layers state facts as [`Term`](crate::Term)s; only the strategy weighs them against each
/// other. It sees one candidate at a time, so that adding a candidate never changes how two
/// others compare.
pub trait Strategy: fmt::Debug + Send + Sync {
    /// The name that policies use.
    fn name(&self) -> &str;

    /// How far back `candidate` stands. Equal scores keep the policy's order; a NaN goes last.
    fn score(&self, candidate: &Candidate, facts: &Facts) -> f64;
}

/// What is the same for all candidates of a request.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The size of the prompt in tokens, estimated.
    pub prompt_tokens: u64,
    /// The output to expect, in tokens.
    pub output_tokens: u64,
    /// A number that is the same for the same conversation: the source of stable draws.
    pub seed: u64,
    /// When the order is asked for.
    pub now: Instant,
}

/// The order that the policy's author wrote: what a candidate has without a strategy.
#[derive(Clone, Copy, Debug, Default)]
pub struct AsWritten;

impl Strategy for AsWritten {
    fn name(&self) -> &'static str {
        "as-written"
    }

    fn score(&self, _: &Candidate, _: &Facts) -> f64 {
        0.0
    }
}
