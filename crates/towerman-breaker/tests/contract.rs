//! What the breaker promises about readiness, clones, drops and bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(dead_code, unreachable_pub)]

mod support;

use std::{
    convert::Infallible,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    task::{Context, Poll, Waker},
};

use http::{Request, Response, StatusCode};
use support::{ANSWER, CONTENT, DONE, ROLE, Step, answer, call, endpoint, policy, rules, stream};
use tower::{Layer, Service, ServiceExt, service_fn};
use towerman_breaker::{Breaker, BreakerLayer, CircuitOpen, ResponseBody, ResponseFuture};
use towerman_core::{
    Body, BoxError, find,
    policy::BreakerRules,
    testing::{Contract, Probe},
};

#[test]
fn it_keeps_the_contract_of_a_layer() {
    let layer = BreakerLayer::new();
    let unrouted = || Request::new(Body::empty());
    Contract::new(|inner| layer.layer(inner), unrouted).check();
    let policy = policy(BreakerRules::default());
    let routed = || support::request(&policy, &endpoint(&policy)).0;
    Contract::new(|inner| layer.layer(inner), routed).check();
}

#[tokio::test]
async fn readiness_is_the_inner_services_even_while_the_circuit_is_open() {
    #[derive(Clone)]
    struct Stubborn;
    static READY: AtomicBool = AtomicBool::new(true);
    impl Service<Request<Body>> for Stubborn {
        type Response = Response<Body>;
        type Error = BoxError;
        type Future = std::future::Ready<Result<Response<Body>, BoxError>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            if READY.load(Relaxed) {
                Poll::Ready(Ok(()))
            } else {
                Poll::Pending
            }
        }
        fn call(&mut self, _: Request<Body>) -> Self::Future {
            std::future::ready(Err("no".into()))
        }
    }
    let layer = BreakerLayer::new().rules(BreakerRules {
        consecutive: 1,
        ..rules()
    });
    let policy = policy(layer_rules());
    let mut service = layer.layer(Stubborn);
    let (request, _) = support::request(&policy, &endpoint(&policy));
    service
        .ready()
        .await
        .unwrap()
        .call(request)
        .await
        .unwrap_err();

    let mut cx = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut cx).is_ready());
    READY.store(false, Relaxed);
    assert!(service.poll_ready(&mut cx).is_pending());
}

fn layer_rules() -> BreakerRules {
    BreakerRules {
        consecutive: 1,
        ..rules()
    }
}

#[tokio::test]
async fn a_refused_call_never_reaches_the_inner_service() {
    let (inner, watch) =
        Probe::new(|_: Request<Body>| async { Ok::<_, Infallible>(answer(500, "{}")) });
    let policy = policy(rules());
    let target = endpoint(&policy);
    let service = BreakerLayer::new().layer(inner);
    for _ in 0..3 {
        call(&service, support::request(&policy, &target).0)
            .await
            .unwrap();
    }
    for _ in 0..5 {
        let error = call(&service, support::request(&policy, &target).0)
            .await
            .unwrap_err();
        assert!(find::<CircuitOpen>(error.as_ref()).is_some());
    }
    assert_eq!((watch.calls(), watch.unready_calls()), (3, 0));
}

#[tokio::test]
async fn bytes_status_and_headers_pass_as_they_are() {
    let service = BreakerLayer::new().layer(service_fn(|_: Request<Body>| async {
        let mut response = answer(418, ANSWER);
        response.headers_mut().insert("x-odd", "1".parse()?);
        Ok::<_, BoxError>(response)
    }));
    let policy = policy(rules());
    let (request, _) = support::request(&policy, &endpoint(&policy));
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
    assert_eq!(response.headers()["x-odd"], "1");
    let body = http_body_util::BodyExt::collect(response.into_body()).await;
    assert_eq!(body.unwrap().to_bytes(), ANSWER);
}

#[tokio::test]
async fn a_stream_passes_frame_by_frame() {
    let service = BreakerLayer::new().layer(service_fn(|_: Request<Body>| async {
        let frames = [ROLE, CONTENT, DONE].map(Step::Send);
        Ok::<_, Infallible>(stream(frames))
    }));
    let policy = policy(rules());
    let (request, _) = support::request(&policy, &endpoint(&policy));
    let bytes = call(&service, request).await.unwrap();
    assert_eq!(bytes, [ROLE, CONTENT, DONE].concat());
}

#[tokio::test]
async fn an_empty_request_without_any_context_is_served() {
    let service = BreakerLayer::new().layer(service_fn(|_: Request<Body>| async {
        Ok::<_, Infallible>(Response::new(Body::from("plain")))
    }));
    let bytes = call(&service, Request::new(Body::empty())).await.unwrap();
    assert_eq!(bytes, "plain");
}

#[test]
fn everything_is_send_and_sync_and_shows_itself() {
    fn check<T: Send + Sync + std::fmt::Debug + Unpin>() {}
    check::<BreakerLayer>();
    check::<Breaker<()>>();
    check::<ResponseBody<()>>();
    fn future<T: Send + std::fmt::Debug>() {}
    future::<ResponseFuture<std::future::Ready<Result<Response<Body>, BoxError>>>>();
}
