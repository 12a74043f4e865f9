//! What route promises about readiness, clones and drops.
#![allow(clippy::unwrap_used)]

use std::{convert::Infallible, sync::Arc};

use http::{Request, Response};
use tower::{Layer, ServiceExt};
use towerman_core::{
    Ask, Body, Candidate, Dialect, Fault, FaultKind, PolicyHandle, RouteContext, Veto, find,
    policy::{Draft, EndpointDraft, ProviderDraft, RouteDraft},
    strategy::{Facts, Strategy},
    testing::{Contract, Probe},
};
use towerman_route::RouteLayer;

/// The last as written goes first.
#[derive(Debug)]
struct Backwards;

impl Strategy for Backwards {
    fn name(&self) -> &'static str {
        "backwards"
    }

    fn score(&self, candidate: &Candidate, _: &Facts) -> f64 {
        -f64::from(candidate.position())
    }
}

fn layer() -> RouteLayer {
    let draft = Draft::new()
        .provider(ProviderDraft::inner("p", Dialect::OpenAiChat))
        .route(RouteDraft::new("chat", ["p/a", "p/b"]))
        .route(RouteDraft::new("odd", ["p/a", "p/b"]).strategy("backwards"))
        .route(RouteDraft::new("lost", ["p/a", "p/b"]).strategy("no such strategy"));
    RouteLayer::new(&PolicyHandle::new(draft).unwrap()).strategy(Backwards)
}

fn request(model: &str) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    RouteContext::edit(&mut request, |cx| {
        cx.set_ask(Arc::new(Ask::new(Dialect::OpenAiChat, model, 0..0)))
    });
    request
}

async fn order(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let order = RouteContext::of(&request).candidates().map(|candidates| {
        candidates
            .order()
            .iter()
            .map(|candidate| candidate.endpoint().model.to_string())
            .collect::<Vec<_>>()
    });
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(order);
    Ok(response)
}

async fn routed(model: &str) -> Vec<String> {
    let response = layer()
        .layer(Probe::new(order).0)
        .oneshot(request(model))
        .await
        .unwrap();
    response
        .extensions()
        .get::<Option<Vec<String>>>()
        .cloned()
        .flatten()
        .unwrap()
}

#[test]
fn it_keeps_the_contract_of_a_layer() {
    Contract::new(|inner| layer().layer(inner), || request("chat")).check();
}

#[tokio::test]
async fn an_unknown_model_is_refused_and_not_forwarded() {
    let (inner, watch) = Probe::new(order);
    let error = layer()
        .layer(inner)
        .oneshot(request("nobody"))
        .await
        .unwrap_err();
    let fault = find::<Fault>(error.as_ref()).unwrap();
    assert_eq!(
        (fault.kind(), fault.named_param()),
        (FaultKind::NotFound, Some("model"))
    );
    assert_eq!(watch.calls(), 0);
}

#[tokio::test]
async fn a_refusal_tells_what_spoke_against_each_endpoint() {
    let short = EndpointDraft::new("p/a").context_window(10);
    let draft = Draft::new()
        .provider(ProviderDraft::inner("p", Dialect::OpenAiChat))
        .endpoint(short)
        .route(RouteDraft::new("chat", ["p/a"]));
    let layer = RouteLayer::new(&PolicyHandle::new(draft).unwrap());
    let (inner, watch) = Probe::new(order);
    let mut long = Request::new(Body::empty());
    let report = RouteContext::edit(&mut long, |cx| {
        let mut ask = Ask::new(Dialect::OpenAiChat, "chat", 0..0);
        ask.prompt_tokens = 44;
        cx.set_ask(Arc::new(ask));
        cx.report().clone()
    });
    let error = layer.layer(inner).oneshot(long).await.unwrap_err();
    let kind = find::<Fault>(error.as_ref()).unwrap().kind();
    assert_eq!((kind, watch.calls()), (FaultKind::ContextLength, 0));
    let candidates = report.candidates().unwrap();
    let only = candidates.iter().next().unwrap();
    assert_eq!(only.vetoes(), [("route", Veto::ContextLength)]);
}

#[tokio::test]
async fn a_policy_that_is_pinned_goes_before_the_layers_own() {
    let draft = Draft::new()
        .provider(ProviderDraft::inner("q", Dialect::OpenAiChat))
        .route(RouteDraft::new("chat", ["q/pinned"]));
    let pinned = PolicyHandle::new(draft).unwrap().load();
    let mut request = request("chat");
    RouteContext::edit(&mut request, |cx| cx.set_policy(pinned));
    let response = layer()
        .layer(Probe::new(order).0)
        .oneshot(request)
        .await
        .unwrap();
    let order = response.extensions().get::<Option<Vec<String>>>().unwrap();
    assert_eq!(order.as_deref(), Some(&["pinned".to_owned()][..]));
}

#[tokio::test]
async fn a_users_strategy_orders_and_a_missing_one_leaves_things_as_written() {
    assert_eq!(routed("chat").await, ["a", "b"]);
    assert_eq!(routed("odd").await, ["b", "a"]);
    assert_eq!(routed("lost").await, ["a", "b"]);
}

#[tokio::test]
async fn without_an_ask_it_passes_through() {
    let (inner, watch) = Probe::new(order);
    let response = layer()
        .layer(inner)
        .oneshot(Request::new(Body::empty()))
        .await
        .unwrap();
    assert_eq!(
        response.extensions().get::<Option<Vec<String>>>(),
        Some(&None)
    );
    assert_eq!(watch.calls(), 1);
}
