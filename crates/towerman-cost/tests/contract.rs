//! What the ledger promises about readiness, clones and drops.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    convert::Infallible,
    future::pending,
    pin::pin,
    task::{Context, Poll, Waker},
};

use http::{Request, Response};
use http_body_util::BodyExt;
use tower::{Layer, Service, ServiceExt};
use towerman_core::{Body, BoxError, Phase, RouteContext, testing::Probe};
use towerman_cost::{CostLayer, Memory};

async fn answer(_: Request<Body>) -> Result<Response<Body>, Infallible> {
    Ok(Response::new(Body::from("{}")))
}

fn post() -> Request<Body> {
    Request::post("/v1/chat/completions")
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn it_calls_the_service_that_it_readied_and_clones_nothing() {
    let (inner, watch) = Probe::new(answer);
    let mut service = CostLayer::new(()).layer(inner);
    for _ in 0..3 {
        service.ready().await.unwrap().call(post()).await.unwrap();
    }
    assert_eq!(
        (watch.calls(), watch.unready_calls(), watch.clones()),
        (3, 0, 0)
    );
}

#[tokio::test]
async fn a_clone_must_be_readied_itself() {
    let (inner, watch) = Probe::new(answer);
    let mut service = CostLayer::new(()).layer(inner);
    service.ready().await.unwrap();
    let mut clone = service.clone();
    clone.ready().await.unwrap().call(post()).await.unwrap();
    assert_eq!((watch.readied(), watch.unready_calls()), (2, 0));
}

#[tokio::test]
async fn an_unready_or_failed_service_shows_through() {
    struct Sick(bool);
    impl Service<Request<Body>> for Sick {
        type Response = Response<Body>;
        type Error = BoxError;
        type Future = std::future::Ready<Result<Response<Body>, BoxError>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            match self.0 {
                true => Poll::Ready(Err("sick".into())),
                false => Poll::Pending,
            }
        }
        fn call(&mut self, _: Request<Body>) -> Self::Future {
            std::future::ready(Err("called".into()))
        }
    }
    let mut cx = Context::from_waker(Waker::noop());
    let layer = CostLayer::new(());
    assert!(layer.layer(Sick(false)).poll_ready(&mut cx).is_pending());
    let Poll::Ready(Err(error)) = layer.layer(Sick(true)).poll_ready(&mut cx) else {
        panic!("an error of the inner service was swallowed");
    };
    assert_eq!(error.to_string(), "sick");
}

#[tokio::test]
async fn dropping_the_call_drops_the_inner_call_and_then_settles() {
    let (inner, watch) = Probe::new(|request: Request<Body>| {
        let attempt = RouteContext::of(&request).attempt().unwrap().clone();
        attempt.advance(Phase::Sent);
        pending::<Result<Response<Body>, Infallible>>()
    });
    let ledger = Memory::new();
    let mut service = CostLayer::new(ledger.clone()).layer(inner);
    service.ready().await.unwrap();
    {
        let mut call = pin!(service.call(post()));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(call.as_mut().poll(&mut cx).is_pending());
        assert_eq!((watch.in_flight(), ledger.lines().len()), (1, 0));
    }
    assert_eq!((watch.in_flight(), watch.dropped()), (0, 1));
    assert_eq!(ledger.lines().len(), 1);
}

#[tokio::test]
async fn every_service_of_a_layer_shares_its_ledger_and_totals() {
    let ledger = Memory::new();
    let layer = CostLayer::new(ledger.clone());
    for layer in [layer.clone(), layer.clone()] {
        let (inner, _) = Probe::new(answer);
        let response = layer.layer(inner).oneshot(post()).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
    assert_eq!(ledger.lines().len(), 2);
    assert_eq!(layer.totals().grand().attempts, 2);
}
