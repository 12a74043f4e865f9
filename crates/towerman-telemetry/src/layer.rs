//! Configuration of telemetry.

use std::{fmt, sync::Arc};

use metrics::Recorder;
use tower_layer::Layer;
use towerman_core::PolicyHandle;
use tracing::Level;

use crate::{
    Decision, Telemetry,
    instruments::{Instruments, Registry},
};

/// Counts requests and tells their stories. See the [crate docs](crate).
#[derive(Clone, Debug)]
pub struct TelemetryLayer {
    shared: Arc<Shared>,
}

#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) instruments: Arc<Instruments>,
    pub(crate) listeners: Vec<Listener>,
    success_level: Level,
}

type Listener = Arc<dyn Fn(&Decision) + Send + Sync>;

impl TelemetryLayer {
    /// Metrics go to the process's global [`metrics`] recorder: install it first.
    pub fn new(policy: &PolicyHandle) -> Self {
        Self::with(Registry(None), policy)
    }

    /// Metrics go to `recorder`.
    pub fn recorder(recorder: Arc<dyn Recorder + Send + Sync>, policy: &PolicyHandle) -> Self {
        Self::with(Registry(Some(recorder)), policy)
    }

    fn with(registry: Registry, policy: &PolicyHandle) -> Self {
        let instruments = Arc::new(Instruments::new(registry, policy.clone()));
        Self {
            shared: Arc::new(Shared {
                instruments,
                listeners: Vec::new(),
                success_level: Level::INFO,
            }),
        }
    }

    /// Also hands every decision record to `listener`, which must not block.
    #[must_use]
    pub fn on_decision(mut self, listener: impl Fn(&Decision) + Send + Sync + 'static) -> Self {
        let shared = Arc::make_mut(&mut self.shared);
        shared.listeners.push(Arc::new(listener));
        self
    }

    /// The level of the event of a plain success, which its first attempt brought; `INFO` unless
    /// set. Every other request's event is `INFO`.
    ///
    /// Printing an event costs tens of microseconds, several times what the whole stack does. One
    /// that the subscriber does not enable is never built: where successes need not be in the log,
    /// make them `DEBUG`.
    #[must_use]
    pub fn success_level(mut self, level: Level) -> Self {
        Arc::make_mut(&mut self.shared).success_level = level;
        self
    }

    /// Copies what endpoints are doing right now into gauges. Call it before each scrape.
    pub fn refresh(&self) {
        self.shared.instruments.refresh();
    }

    /// Counts a reload of the policy file.
    pub fn reloaded(&self, applied: bool) {
        self.shared.instruments.reloaded(applied);
    }
}

impl<S> Layer<S> for TelemetryLayer {
    type Service = Telemetry<S>;

    fn layer(&self, inner: S) -> Telemetry<S> {
        Telemetry::new(inner, Arc::clone(&self.shared))
    }
}

impl Shared {
    /// The level of a request's event.
    pub(crate) const fn level(&self, plain_success: bool) -> Level {
        if plain_success {
            self.success_level
        } else {
            Level::INFO
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("listeners", &self.listeners.len())
            .field("success_level", &self.success_level)
            .finish_non_exhaustive()
    }
}
