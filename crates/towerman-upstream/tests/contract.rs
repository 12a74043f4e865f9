//! What the upstream promises about readiness, clones and drops.

use std::{
    convert::Infallible,
    future::pending,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use http::{Request, Response};
use tower::{Layer, Service, ServiceExt, service_fn};
use towerman_core::{
    Attempt, Body, Dialect, FailureKind, Fault, FaultKind, Phase, PolicyHandle, RouteContext, find,
    policy::{Draft, ProviderDraft, RouteDraft},
    testing::Probe,
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

#[tokio::test]
async fn it_calls_the_instance_that_it_readied() {
    let (inner, watch) = Probe::new(answer);
    let mut service = UpstreamLayer::new().layer(inner);
    for _ in 0..3 {
        service
            .ready()
            .await
            .unwrap()
            .call(Request::new(Body::empty()))
            .await
            .unwrap();
    }
    assert_eq!(
        (watch.calls(), watch.unready_calls(), watch.clones()),
        (3, 0, 0)
    );
}

#[tokio::test]
async fn readiness_is_the_wrapped_services() {
    struct Busy;
    impl Service<Request<Body>> for Busy {
        type Response = Response<Body>;
        type Error = Infallible;
        type Future = std::future::Pending<Result<Response<Body>, Infallible>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Pending
        }
        fn call(&mut self, _: Request<Body>) -> Self::Future {
            pending_forever()
        }
    }
    fn pending_forever<T>() -> std::future::Pending<T> {
        std::future::pending()
    }
    let mut service = UpstreamLayer::new().layer(Busy);
    assert!(
        service
            .poll_ready(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
}

#[tokio::test]
async fn dropping_the_call_drops_the_wrapped_call() {
    let (inner, watch) =
        Probe::new(|_: Request<Body>| pending::<Result<Response<Body>, Infallible>>());
    let mut service = UpstreamLayer::new().layer(inner);
    service.ready().await.unwrap();
    {
        let mut call = pin!(service.call(Request::new(Body::empty())));
        assert!(
            call.as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        assert_eq!(watch.in_flight(), 1);
    }
    assert_eq!((watch.in_flight(), watch.dropped()), (0, 1));
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
