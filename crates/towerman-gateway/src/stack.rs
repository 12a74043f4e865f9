//! The stack, as everybody writes it.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use tower::{Service, ServiceBuilder};
use towerman::{
    affinity::AffinityLayer,
    breaker::BreakerLayer,
    classify::ClassifyLayer,
    core::{BoxError, PolicyHandle},
    cost::{CostLayer, Ledger},
    edge::EdgeLayer,
    failover::FailoverLayer,
    normalize::NormalizeLayer,
    route::RouteLayer,
    telemetry::TelemetryLayer,
    upstream::Upstream,
};

/// What the stack is made of that outlives one connection.
#[derive(Clone, Debug)]
pub struct Layers {
    telemetry: TelemetryLayer,
    edge: EdgeLayer,
    classify: ClassifyLayer,
    route: RouteLayer,
    affinity: AffinityLayer,
    failover: FailoverLayer,
    breaker: BreakerLayer,
    cost: CostLayer,
    normalize: NormalizeLayer,
    upstream: Upstream,
}

impl Layers {
    /// Every layer, with its state.
    pub fn new(
        policy: &PolicyHandle,
        telemetry: TelemetryLayer,
        ledger: Arc<dyn Ledger>,
        edge: EdgeLayer,
    ) -> Self {
        Self {
            telemetry,
            edge,
            classify: ClassifyLayer::new(policy),
            route: RouteLayer::new(policy),
            affinity: AffinityLayer::new(),
            failover: FailoverLayer::new(),
            breaker: BreakerLayer::new(),
            cost: CostLayer::new(ledger),
            normalize: NormalizeLayer::new(),
            upstream: Upstream::new(),
        }
    }

    /// The stack as one service.
    pub fn service<B>(
        self,
    ) -> impl Service<
        Request<B>,
        Response = Response<impl http_body::Body<Data = Bytes, Error = BoxError> + Send + 'static>,
        Error = std::convert::Infallible,
        Future: Send,
    > + Clone
    + Send
    + 'static
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        ServiceBuilder::new()
            .layer(self.telemetry)
            .layer(self.edge)
            .layer(self.classify)
            .layer(self.route)
            .layer(self.affinity)
            .layer(self.failover)
            .layer(self.breaker)
            .layer(self.cost)
            .layer(self.normalize)
            .service(self.upstream)
    }

    /// What the metrics are recorded with.
    pub const fn telemetry(&self) -> &TelemetryLayer {
        &self.telemetry
    }

    /// What has been spent.
    pub const fn cost(&self) -> &CostLayer {
        &self.cost
    }
}
