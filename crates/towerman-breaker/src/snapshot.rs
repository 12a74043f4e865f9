//! What a circuit looks like from outside.

use std::{
    fmt,
    time::{Duration, Instant},
};

use towerman_core::{CircuitState, FailureKind};

/// A circuit at one instant; see [`BreakerLayer::snapshot`](crate::BreakerLayer::snapshot).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CircuitSnapshot {
    /// Its state. An open circuit whose time has come stays open until somebody calls.
    pub state: CircuitState,
    /// Since when; `None` if it never changed.
    pub since: Option<Instant>,
    /// Why it changed last.
    pub why: Option<Why>,
    /// When the next probe will be admitted, unless one is free to go now.
    pub next_probe: Option<Instant>,
    /// Until when the endpoint is left alone because it asked for that.
    pub cooling_until: Option<Instant>,
    /// Failures in the window.
    pub failures: u32,
    /// Calls in the window.
    pub calls: u32,
}

/// Why a circuit changed its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// It opened: calls failed, one after the other.
    Consecutive {
        /// How many.
        failures: u32,
        /// How the last one failed.
        last: FailureKind,
    },
    /// It opened: too many of the calls in the window failed.
    FailureRate {
        /// How many failed.
        failures: u32,
        /// Of how many.
        calls: u32,
    },
    /// It opened: the first content of too many streams in the window was late.
    SlowRate {
        /// How many were late.
        slow: u32,
        /// Of how many.
        calls: u32,
    },
    /// It is on trial: its time came.
    Due,
    /// It closed: a probe brought content.
    ProbeSucceeded,
    /// It opened again: a probe failed.
    ProbeFailed {
        /// How it failed.
        kind: FailureKind,
    },
    /// It opened again: a probe's first content was late.
    ProbeSlow {
        /// How long it took.
        after: Duration,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Consecutive { failures, last } => {
                write!(
                    f,
                    "{failures} failures in a row, the last: {}",
                    last.as_str()
                )
            }
            Self::FailureRate { failures, calls } => {
                write!(f, "{failures} of {calls} calls failed")
            }
            Self::SlowRate { slow, calls } => write!(f, "{slow} of {calls} streams began late"),
            Self::Due => f.write_str("its time came"),
            Self::ProbeSucceeded => f.write_str("a probe succeeded"),
            Self::ProbeFailed { kind } => write!(f, "a probe failed: {}", kind.as_str()),
            Self::ProbeSlow { after } => write!(f, "a probe began only after {after:.1?}"),
        }
    }
}
