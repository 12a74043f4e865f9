//! The whole configuration, compiled and immutable.
//!
//! A [`Draft`] is what a person writes; compiling it resolves every name, so that a [`Policy`]
//! holds only what exists. A [`PolicyHandle`] swaps one policy for the next; endpoints that keep
//! their name keep their [`Slot`](crate::Slot) and their [`Board`](crate::Board).
//!
//! # Example
//!
//! ```
//! use towerman_core::{Dialect, PolicyHandle, policy::{Draft, ProviderDraft, RouteDraft}};
//!
//! let policy = PolicyHandle::new(
//!     Draft::new()
//!         .provider(ProviderDraft::url("local", Dialect::OpenAiChat, "http://127.0.0.1:8000"))
//!         .provider(ProviderDraft::url("cloud", Dialect::Anthropic, "https://api.example.com"))
//!         .route(RouteDraft::new("chat", ["local/llama", "cloud/large"])),
//! )?;
//! assert_eq!(policy.load().route("chat").unwrap().choices.len(), 2);
//! # Ok::<(), towerman_core::policy::PolicyError>(())
//! ```

mod compile;
mod draft;
mod handle;

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

pub use self::{
    compile::PolicyError,
    draft::{Draft, EndpointDraft, ProviderDraft, RouteDraft, TenantDraft},
    handle::PolicyHandle,
};
use crate::{Endpoint, Priority, Tenant};

/// A compiled configuration. Immutable: a request that began under one policy ends under it.
pub struct Policy {
    revision: u64,
    endpoints: Vec<Arc<Endpoint>>,
    routes: HashMap<Box<str>, Arc<Route>>,
    tenants: HashMap<KeyDigest, Arc<Tenant>>,
    classes: [Class; 5],
    failover: FailoverRules,
    breaker: BreakerRules,
}

/// SHA-256 of a client's key: policies never hold the key itself.
pub type KeyDigest = [u8; 32];

/// The model name that clients ask for.
#[derive(Debug)]
pub struct Route {
    /// The name.
    pub name: Arc<str>,
    /// Where it may go, as written.
    pub choices: Box<[Choice]>,
    /// The name of the strategy that orders them.
    pub strategy: Box<str>,
    /// Whether a conversation stays where it was last answered.
    pub affinity: bool,
    /// The least quality that serves this route.
    pub min_quality: Option<u8>,
    /// Whether a request is refused of which a translation would have to drop anything.
    pub strict: bool,
}

/// One endpoint of a route.
#[derive(Debug)]
pub struct Choice {
    /// The endpoint.
    pub endpoint: Arc<Endpoint>,
    /// Its share of traffic, relative to the others.
    pub weight: u32,
}

/// What a priority class may take: time, and the risk of paying twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// The longest wait for the first content before another endpoint is tried.
    pub first_content: Duration,
    /// The longest wait for a whole answer (one that is not streamed) before another endpoint is
    /// tried. Its first byte usually comes with its last.
    pub answer: Duration,
    /// The longest silence between two events of a stream.
    pub idle: Duration,
    /// The longest that all attempts together may take, body included.
    pub deadline: Duration,
    /// The most attempts whose predecessor may have been billed.
    pub max_ambiguous: u32,
}

/// How failover behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailoverRules {
    /// The most attempts that one request may make.
    pub max_attempts: u32,
    /// Retries that may be made per hundred requests, over a small floor.
    pub retry_percent: u32,
    /// The most bytes of a stream that are held back while it has no content.
    pub hold_back: usize,
    /// The largest whole answer that is held, in bytes.
    pub max_answer: usize,
}

/// When a circuit opens, and how it closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerRules {
    /// The time that is looked back on.
    pub window: Duration,
    /// The number of calls that is looked back on at most.
    pub window_calls: u32,
    /// With fewer calls than this in the window, rates say nothing.
    pub min_calls: u32,
    /// The failure rate that opens the circuit, in percent.
    pub failure_percent: u32,
    /// Failures in a row that open the circuit.
    pub consecutive: u32,
    /// The time to first content from which a call counts as slow.
    pub slow_after: Duration,
    /// The rate of slow calls that opens the circuit, in percent.
    pub slow_percent: u32,
    /// How long the circuit stays open the first time; it doubles with each failed probe.
    pub open_for: Duration,
    /// The longest that it stays open.
    pub open_at_most: Duration,
    /// Probes that may be under way at once.
    pub probes: u32,
    /// How long a probe may take to bring content before its lease is given to another.
    pub probe_lease: Duration,
    /// The longest cooldown that a provider's `Retry-After` may set. No provider is believed
    /// beyond 300 s, so more than that changes nothing.
    pub cooldown_at_most: Duration,
    /// The cooldown after a throttled answer that names no time.
    pub cooldown: Duration,
}

impl Policy {
    /// Counts up by one with each swap, from 1.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// Every endpoint, in the order of first mention.
    pub fn endpoints(&self) -> &[Arc<Endpoint>] {
        &self.endpoints
    }

    /// The route of this name.
    pub fn route(&self, name: &str) -> Option<&Arc<Route>> {
        self.routes.get(name)
    }

    /// Every route, in no order.
    pub fn routes(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.routes.values()
    }

    /// Whether callers must show a key.
    pub fn requires_key(&self) -> bool {
        !self.tenants.is_empty()
    }

    /// The caller whose key has this digest.
    pub fn tenant(&self, digest: &KeyDigest) -> Option<&Arc<Tenant>> {
        self.tenants.get(digest)
    }

    /// Every caller, in no order.
    pub fn tenants(&self) -> impl Iterator<Item = &Arc<Tenant>> {
        self.tenants.values()
    }

    /// What a class may take.
    pub const fn class(&self, priority: Priority) -> &Class {
        &self.classes[priority.index()]
    }

    /// How failover behaves.
    pub const fn failover(&self) -> &FailoverRules {
        &self.failover
    }

    /// When circuits open.
    pub const fn breaker(&self) -> &BreakerRules {
        &self.breaker
    }
}

/// Shows callers by name: digests of low-entropy keys are half keys.
impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("revision", &self.revision)
            .field("endpoints", &self.endpoints)
            .field("routes", &self.routes.values())
            .field("tenants", &self.tenants.values())
            .field("classes", &self.classes)
            .field("failover", &self.failover)
            .field("breaker", &self.breaker)
            .finish()
    }
}

impl Class {
    /// The budgets of a class about which the policy says nothing.
    pub const fn default_for(priority: Priority) -> Self {
        Self {
            first_content: priority.default_first_content(),
            answer: Duration::from_secs(300),
            idle: Duration::from_secs(60),
            deadline: priority.default_deadline(),
            // Nobody waits for a batch, so there money goes before time.
            max_ambiguous: if matches!(priority, Priority::Batch) {
                0
            } else {
                1
            },
        }
    }
}

impl Default for FailoverRules {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            retry_percent: 10,
            hold_back: 64 * 1024,
            max_answer: 32 * 1024 * 1024,
        }
    }
}

impl Default for BreakerRules {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(30),
            window_calls: 1_000,
            min_calls: 10,
            failure_percent: 50,
            consecutive: 5,
            slow_after: Duration::from_secs(10),
            slow_percent: 50,
            open_for: Duration::from_secs(1),
            open_at_most: Duration::from_secs(60),
            probes: 1,
            probe_lease: Duration::from_secs(30),
            cooldown_at_most: Duration::from_secs(300),
            cooldown: Duration::from_secs(5),
        }
    }
}
