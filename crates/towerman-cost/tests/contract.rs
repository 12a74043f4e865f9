//! What the ledger promises about readiness, clones and drops.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    convert::Infallible,
    future::pending,
    pin::pin,
    task::{Context, Waker},
};

use http::{Request, Response};
use http_body_util::BodyExt;
use tower::{Layer, Service, ServiceExt};
use towerman_core::{
    Body, Phase, RouteContext,
    testing::{Contract, Probe},
};
use towerman_cost::{CostLayer, Memory};

async fn answer(_: Request<Body>) -> Result<Response<Body>, Infallible> {
    Ok(Response::new(Body::from("{}")))
}

fn post() -> Request<Body> {
    Request::post("/v1/chat/completions")
        .body(Body::empty())
        .unwrap()
}

#[test]
fn it_keeps_the_contract_of_a_layer() {
    let layer = CostLayer::new(());
    let foreign = || Request::new(Body::empty());
    Contract::new(|inner| layer.layer(inner), foreign).check();
    Contract::new(|inner| layer.layer(inner), post).check();
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
