//! What the upstream promises about readiness, clones and drops.

use std::{convert::Infallible, sync::Arc};

use http::{Request, Response};
use tower::{Layer, ServiceExt, service_fn};
use towerman_core::{
    Attempt, Body, Dialect, FailureKind, Fault, FaultKind, Phase, PolicyHandle, RouteContext, find,
    policy::{Draft, ProviderDraft, RouteDraft},
    testing::Contract,
};
use towerman_upstream::{Upstream, UpstreamLayer};

async fn answer(_: Request<Body>) -> Result<Response<Body>, Infallible> {
    Ok(Response::new(Body::from("own")))
}

fn routed(provider: ProviderDraft) -> (Request<Body>, Arc<Attempt>) {
    let draft = Draft::new()
        .provider(provider)
        .route(RouteDraft::new("r", ["p/m"]));
    let policy = PolicyHandle::new(draft).unwrap_or_else(|error| unreachable!("{error}"));
    let mut request = Request::new(Body::from("{}"));
    let endpoint = Arc::clone(&policy.load().endpoints()[0]);
    let attempt = RouteContext::edit(&mut request, |cx| cx.begin_attempt(endpoint, 1));
    (request, attempt)
}

#[test]
fn it_keeps_the_contract_of_a_layer() {
    let layer = UpstreamLayer::new();
    let unrouted = || Request::new(Body::empty());
    Contract::new(|inner| layer.layer(inner), unrouted).check();
    let inner = || routed(ProviderDraft::inner("p", Dialect::OpenAiChat)).0;
    Contract::new(|service| layer.layer(service), inner).check();
}

#[tokio::test]
async fn an_inner_target_is_the_wrapped_service_and_counts_as_sent() {
    let (request, attempt) = routed(ProviderDraft::inner("p", Dialect::OpenAiChat));
    let service = UpstreamLayer::new().layer(service_fn(answer));
    assert!(service.oneshot(request).await.is_ok());
    assert_eq!(attempt.phase(), Phase::Sent);
}

#[tokio::test]
async fn a_refused_connection_is_a_failure_that_sent_nothing() {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    drop(socket);
    let (request, attempt) = routed(ProviderDraft::url("p", Dialect::OpenAiChat, url));
    assert!(Upstream::new().oneshot(request).await.is_err());
    assert_eq!(attempt.phase(), Phase::Unsent);
    assert_eq!(attempt.facts().failure, Some(FailureKind::Connect));
}

#[tokio::test]
async fn what_nothing_routed_and_nothing_wraps_is_not_found() {
    let request = Request::get("/secret").body(Body::empty()).unwrap();
    let error = Upstream::new().oneshot(request).await.unwrap_err();
    let fault = find::<Fault>(error.as_ref()).unwrap();
    assert_eq!(fault.kind(), FaultKind::NotFound);
    // The path is the client's own text, and a fault is told to records.
    assert!(!fault.message().contains("secret"), "{fault}");
}
