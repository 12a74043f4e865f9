//! The catalogue's handles for one policy revision: recording is an atomic add.

use std::{collections::HashMap, fmt, sync::Arc};

use arc_swap::{ArcSwap, Guard};
use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};
use towerman_core::{
    CircuitState, Endpoint, FailureKind, FaultKind, Outcome, Policy, PolicyHandle, Priority, Slot,
    Tier,
};

use crate::catalogue::{self, Metric};

/// Where metrics are registered: the process's global recorder, or one of the user's own.
#[derive(Clone)]
pub(crate) struct Registry(pub(crate) Option<Arc<dyn Recorder + Send + Sync>>);

/// Handles for everything that the policy in force can name.
pub(crate) struct Instruments {
    registry: Registry,
    policy: PolicyHandle,
    current: ArcSwap<Set>,
}

pub(crate) struct Set {
    revision: u64,
    routes: HashMap<Arc<str>, RouteSet>,
    /// For requests that reached no route.
    no_route: RouteSet,
    /// By slot.
    endpoints: Vec<Option<EndpointSet>>,
    revision_gauge: Gauge,
}

pub(crate) struct RouteSet {
    /// By priority, then by outcome.
    requests: Vec<(&'static str, Counter)>,
    pub(crate) seconds: Histogram,
    pub(crate) overhead: Histogram,
    pub(crate) failovers: Counter,
}

pub(crate) struct EndpointSet {
    attempts: Vec<(&'static str, Counter)>,
    pub(crate) first_content: Histogram,
    pub(crate) tokens: [Counter; 4],
    /// By tier.
    pub(crate) losses: [Counter; 3],
    pub(crate) skipped: Counter,
    pub(crate) cost: Histogram,
    pub(crate) saved: Histogram,
    circuit: Gauge,
    in_flight: Gauge,
}

/// How a request can end for its client.
const REQUEST_OUTCOMES: &[&str] = &[
    "success",
    "error",
    "client_left",
    FaultKind::InvalidRequest.as_str(),
    FaultKind::ContextLength.as_str(),
    FaultKind::Authentication.as_str(),
    FaultKind::Permission.as_str(),
    FaultKind::NotFound.as_str(),
    FaultKind::MethodNotAllowed.as_str(),
    FaultKind::RequestTimeout.as_str(),
    FaultKind::TooLarge.as_str(),
    FaultKind::UnsupportedMediaType.as_str(),
    FaultKind::RateLimited.as_str(),
    FaultKind::Internal.as_str(),
    FaultKind::BadGateway.as_str(),
    FaultKind::Unavailable.as_str(),
    FaultKind::Timeout.as_str(),
];

/// How an attempt can end for its endpoint.
const ATTEMPT_OUTCOMES: &[&str] = &[
    Outcome::Success.as_str(),
    Outcome::Throttled { retry_after: None }.as_str(),
    Outcome::Cancelled.as_str(),
    FailureKind::Connect.as_str(),
    FailureKind::Reset.as_str(),
    FailureKind::FirstContentTimeout.as_str(),
    FailureKind::IdleTimeout.as_str(),
    FailureKind::Deadline.as_str(),
    FailureKind::Server.as_str(),
    FailureKind::Overloaded.as_str(),
    FailureKind::Auth.as_str(),
    FailureKind::Quota.as_str(),
    FailureKind::Protocol.as_str(),
    FailureKind::Truncated.as_str(),
    FailureKind::InStream.as_str(),
];

/// The label of requests that reached no route.
const NO_ROUTE: &str = "_none";

// === impl Instruments ===

impl Instruments {
    pub(crate) fn new(registry: Registry, policy: PolicyHandle) -> Self {
        registry.describe();
        let set = Set::new(&registry, &policy.load());
        Self {
            registry,
            policy,
            current: ArcSwap::from_pointee(set),
        }
    }

    /// The handles for a request that was served under the policy of this revision, if it was
    /// under any. The policy in force is looked at only if that is not the one they were made for.
    pub(crate) fn load(&self, revision: Option<u64>) -> Guard<Arc<Set>> {
        let set = self.current.load();
        if revision.is_none_or(|revision| revision == set.revision) {
            return set;
        }
        let policy = self.policy.load();
        if policy.revision() == set.revision {
            // The request is older than the policy in force.
            return set;
        }
        // Registering the same name and labels again finds the same series.
        self.current
            .store(Arc::new(Set::new(&self.registry, &policy)));
        self.current.load()
    }

    /// Copies the endpoints' boards into gauges. Called before a scrape.
    pub(crate) fn refresh(&self) {
        let policy = self.policy.load();
        let set = self.load(Some(policy.revision()));
        set.revision_gauge.set(policy.revision() as f64);
        for endpoint in policy.endpoints() {
            if let Some(gauges) = set.endpoint(endpoint.slot) {
                gauges.refresh(endpoint);
            }
        }
    }

    /// Counts a reload of the policy file.
    pub(crate) fn reloaded(&self, applied: bool) {
        let result = if applied { "applied" } else { "rejected" };
        self.registry
            .counter(&catalogue::RELOADS, &[result])
            .increment(1);
    }
}

impl fmt::Debug for Instruments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instruments").finish_non_exhaustive()
    }
}

// === impl Set ===

impl Set {
    fn new(registry: &Registry, policy: &Policy) -> Self {
        let mut endpoints = Vec::new();
        for endpoint in policy.endpoints().iter().chain([Endpoint::unrouted()]) {
            let index = endpoint.slot.0 as usize;
            if endpoints.len() <= index {
                endpoints.resize_with(index + 1, || None);
            }
            endpoints[index] = Some(EndpointSet::new(registry, &endpoint.name));
        }
        Self {
            revision: policy.revision(),
            routes: policy
                .routes()
                .map(|route| (route.name.clone(), RouteSet::new(registry, &route.name)))
                .collect(),
            no_route: RouteSet::new(registry, NO_ROUTE),
            endpoints,
            revision_gauge: registry.gauge(&catalogue::REVISION, &[]),
        }
    }

    pub(crate) fn route(&self, name: Option<&str>) -> &RouteSet {
        name.and_then(|name| self.routes.get(name))
            .unwrap_or(&self.no_route)
    }

    pub(crate) fn endpoint(&self, slot: Slot) -> Option<&EndpointSet> {
        self.endpoints.get(slot.0 as usize)?.as_ref()
    }
}

impl RouteSet {
    fn new(registry: &Registry, route: &str) -> Self {
        let requests = Priority::ALL
            .iter()
            .flat_map(|priority| {
                REQUEST_OUTCOMES
                    .iter()
                    .map(move |outcome| (priority.as_str(), *outcome))
            })
            .map(|(priority, outcome)| {
                // Registered on first use: most of these never happen.
                (
                    outcome,
                    registry.lazy_counter(&catalogue::REQUESTS, &[route, priority, outcome]),
                )
            })
            .collect();
        Self {
            requests,
            seconds: registry.histogram(&catalogue::REQUEST_SECONDS, &[route]),
            overhead: registry.histogram(&catalogue::OVERHEAD_SECONDS, &[route]),
            failovers: registry.counter(&catalogue::FAILOVERS, &[route]),
        }
    }

    pub(crate) fn ended(&self, priority: Priority, outcome: &str) {
        let of_class = self
            .requests
            .chunks(REQUEST_OUTCOMES.len())
            .nth(priority.index());
        let found = of_class.and_then(|class| class.iter().find(|(name, _)| *name == outcome));
        if let Some((_, counter)) = found {
            counter.increment(1);
        }
    }
}

impl EndpointSet {
    fn new(registry: &Registry, endpoint: &str) -> Self {
        let tokens = |kind| registry.counter(&catalogue::TOKENS, &[endpoint, kind]);
        Self {
            attempts: ATTEMPT_OUTCOMES
                .iter()
                .map(|outcome| {
                    (
                        *outcome,
                        registry.lazy_counter(&catalogue::ATTEMPTS, &[endpoint, outcome]),
                    )
                })
                .collect(),
            first_content: registry.histogram(&catalogue::FIRST_CONTENT_SECONDS, &[endpoint]),
            losses: Tier::ALL
                .map(|tier| registry.counter(&catalogue::LOSSES, &[endpoint, tier.as_str()])),
            skipped: registry.counter(&catalogue::SKIPPED_EVENTS, &[endpoint]),
            tokens: [
                tokens("input"),
                tokens("cache_read"),
                tokens("cache_write"),
                tokens("output"),
            ],
            cost: registry.histogram(&catalogue::COST_DOLLARS, &[endpoint]),
            saved: registry.histogram(&catalogue::SAVED_DOLLARS, &[endpoint]),
            circuit: registry.gauge(&catalogue::CIRCUIT, &[endpoint]),
            in_flight: registry.gauge(&catalogue::IN_FLIGHT, &[endpoint]),
        }
    }

    pub(crate) fn ended(&self, outcome: &str) {
        if let Some((_, counter)) = self.attempts.iter().find(|(name, _)| *name == outcome) {
            counter.increment(1);
        }
    }

    fn refresh(&self, endpoint: &Endpoint) {
        self.circuit.set(match endpoint.board.circuit() {
            CircuitState::Closed => 0.0,
            CircuitState::HalfOpen => 1.0,
            CircuitState::Open => 2.0,
        });
        self.in_flight.set(f64::from(endpoint.board.in_flight()));
    }
}

// === impl Registry ===

const METADATA: Metadata<'static> = Metadata::new("towerman", Level::INFO, Some("towerman"));

impl Registry {
    fn with<T>(&self, work: impl FnOnce(&dyn Recorder) -> T) -> T {
        match &self.0 {
            Some(recorder) => work(recorder.as_ref()),
            None => metrics::with_recorder(work),
        }
    }

    fn describe(&self) {
        use crate::catalogue::Kind;
        self.with(|recorder| {
            for metric in catalogue::CATALOGUE {
                let (name, help) = (metric.name.into(), metric.help.into());
                match metric.kind {
                    Kind::Counter => recorder.describe_counter(name, metric.unit, help),
                    Kind::Gauge => recorder.describe_gauge(name, metric.unit, help),
                    Kind::Histogram(_) => recorder.describe_histogram(name, metric.unit, help),
                }
            }
        });
    }

    fn counter(&self, metric: &Metric, values: &[&str]) -> Counter {
        self.with(|recorder| recorder.register_counter(&key(metric, values), &METADATA))
    }

    /// A counter that makes no series until it counts something.
    fn lazy_counter(&self, metric: &Metric, values: &[&str]) -> Counter {
        let lazy = Lazy {
            registry: self.clone(),
            key: key(metric, values),
            made: std::sync::OnceLock::new(),
        };
        Counter::from_arc(Arc::new(lazy))
    }

    fn gauge(&self, metric: &Metric, values: &[&str]) -> Gauge {
        self.with(|recorder| recorder.register_gauge(&key(metric, values), &METADATA))
    }

    fn histogram(&self, metric: &Metric, values: &[&str]) -> Histogram {
        self.with(|recorder| recorder.register_histogram(&key(metric, values), &METADATA))
    }
}

fn key(metric: &Metric, values: &[&str]) -> Key {
    let labels: Vec<_> = metric
        .labels
        .iter()
        .zip(values)
        .map(|(name, value)| Label::new(*name, (*value).to_owned()))
        .collect();
    Key::from_parts(metric.name, labels)
}

struct Lazy {
    registry: Registry,
    key: Key,
    made: std::sync::OnceLock<Counter>,
}

impl Lazy {
    fn counter(&self) -> &Counter {
        self.made.get_or_init(|| {
            self.registry
                .with(|recorder| recorder.register_counter(&self.key, &METADATA))
        })
    }
}

impl metrics::CounterFn for Lazy {
    fn increment(&self, value: u64) {
        self.counter().increment(value);
    }

    fn absolute(&self, value: u64) {
        self.counter().absolute(value);
    }
}
