//! When the decision record is emitted as an event, and at which level.
#![allow(clippy::unwrap_used)]

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};

use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt, service_fn};
use towerman_core::{
    Body, Candidate, Candidates, Endpoint, PolicyHandle, RouteContext,
    policy::Draft,
    strategy::{Facts, Strategy},
};
use towerman_telemetry::TelemetryLayer;
use tracing::{
    Event, Level, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};

/// Takes decision events up to a level, and keeps the level of each.
#[derive(Clone)]
struct Listener {
    most: Level,
    heard: Arc<Mutex<Vec<Level>>>,
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "towerman::decision" && *metadata.level() <= self.most
    }
    fn event(&self, event: &Event<'_>) {
        self.heard.lock().unwrap().push(*event.metadata().level());
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// A strategy that counts how often it is asked: only a record that is built asks it.
#[derive(Clone, Debug, Default)]
struct Counted(Arc<AtomicUsize>);

impl Strategy for Counted {
    fn name(&self) -> &'static str {
        "counted"
    }
    fn score(&self, _: &Candidate, _: &Facts) -> f64 {
        self.0.fetch_add(1, Relaxed);
        0.0
    }
}

fn layer() -> TelemetryLayer {
    TelemetryLayer::new(&PolicyHandle::new(Draft::new()).unwrap())
}

/// Sends one request that has one candidate and is answered with `status`. The levels of the
/// events that were heard, and whether the record was built.
async fn tell(layer: TelemetryLayer, status: StatusCode, most: Level) -> (Vec<Level>, bool) {
    let strategy = Counted::default();
    let service = layer.layer(service_fn(|mut request: Request<Body>| {
        let strategy = strategy.clone();
        RouteContext::edit(&mut request, |cx| {
            let unrouted = Arc::clone(Endpoint::unrouted());
            cx.set_candidates(
                Candidates::new([unrouted], Instant::now()).strategy(Arc::new(strategy)),
            );
            cx.report().clone().decided(cx);
        });
        async move {
            let mut response = Response::new(Body::from("hello"));
            *response.status_mut() = status;
            Ok::<_, Infallible>(response)
        }
    }));
    let listener = Listener {
        most,
        heard: Arc::default(),
    };
    let heard = Arc::clone(&listener.heard);
    let _guard = tracing::subscriber::set_default(listener);
    let response = service.oneshot(Request::new(Body::empty())).await.unwrap();
    response.into_body().collect().await.unwrap();
    let heard = heard.lock().unwrap().clone();
    (heard, strategy.0.load(Relaxed) > 0)
}

#[tokio::test]
async fn every_request_leaves_an_event_at_info_unless_told_otherwise() {
    for status in [StatusCode::OK, StatusCode::BAD_GATEWAY] {
        assert_eq!(
            tell(layer(), status, Level::INFO).await,
            (vec![Level::INFO], true),
            "{status}"
        );
    }
}

#[tokio::test]
async fn only_plain_successes_are_told_at_the_level_that_was_set() {
    for level in [
        Level::ERROR,
        Level::WARN,
        Level::INFO,
        Level::DEBUG,
        Level::TRACE,
    ] {
        let layer = layer().success_level(level);
        let (heard, _) = tell(layer.clone(), StatusCode::OK, Level::TRACE).await;
        assert_eq!(heard, [level]);
        let (heard, _) = tell(layer, StatusCode::BAD_GATEWAY, Level::TRACE).await;
        assert_eq!(heard, [Level::INFO]);
    }
}

#[tokio::test]
async fn an_event_that_is_not_enabled_is_never_built() {
    let quiet = layer().success_level(Level::DEBUG);
    let told = tell(quiet.clone(), StatusCode::OK, Level::INFO).await;
    assert_eq!(told, (vec![], false));
    let told = tell(quiet.clone(), StatusCode::OK, Level::DEBUG).await;
    assert_eq!(told, (vec![Level::DEBUG], true));
    // A listener of ours wants the record, whatever the subscriber wants.
    let told = tell(quiet.on_decision(|_| ()), StatusCode::OK, Level::INFO).await;
    assert_eq!(told, (vec![], true));
}
