//! The catalogue as a Prometheus scrape.

use std::{fmt, sync::Arc};

use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use towerman_core::PolicyHandle;

use crate::{
    TelemetryLayer,
    catalogue::{CATALOGUE, Kind},
};

/// A recorder of its own for one stack, and its text form.
///
/// Two stacks in one process can differ: nothing global is installed.
#[derive(Clone)]
pub struct Prometheus {
    recorder: Arc<PrometheusRecorder>,
    handle: PrometheusHandle,
}

impl Prometheus {
    /// A recorder with the catalogue's buckets.
    ///
    /// # Errors
    ///
    /// Never with the catalogue as it is; the builder's type says it may.
    pub fn new() -> Result<Self, BuildError> {
        let mut builder = PrometheusBuilder::new();
        for metric in CATALOGUE {
            if let Kind::Histogram(buckets) = metric.kind {
                builder =
                    builder.set_buckets_for_metric(Matcher::Full(metric.name.into()), buckets)?;
            }
        }
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        Ok(Self {
            recorder: Arc::new(recorder),
            handle,
        })
    }

    /// A telemetry layer that records here.
    pub fn layer(&self, policy: &PolicyHandle) -> TelemetryLayer {
        TelemetryLayer::recorder(Arc::clone(&self.recorder) as _, policy)
    }

    /// The scrape, in Prometheus' text format.
    pub fn render(&self, layer: &TelemetryLayer) -> String {
        layer.refresh();
        self.handle.render()
    }

    /// Folds recorded histogram samples into their buckets. Without a scrape they would pile up:
    /// call it every few seconds.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

impl fmt::Debug for Prometheus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prometheus").finish_non_exhaustive()
    }
}
