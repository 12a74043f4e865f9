//! What classify promises about readiness, clones and drops, and what it leaves on a request.
#![allow(clippy::unwrap_used)]

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderName, HeaderValue, Request, Response};
use sha2::{Digest, Sha256};
use tower::{Layer, ServiceExt};
use towerman_classify::ClassifyLayer;
use towerman_core::{
    Ask, Body, Dialect, Fault, FaultKind, PolicyHandle, Priority, RouteContext, Tenant, find,
    policy::{Class, Draft, ProviderDraft, RouteDraft, TenantDraft},
    testing::{Contract, Probe},
};

fn layer() -> ClassifyLayer {
    ClassifyLayer::new(&PolicyHandle::new(Draft::new()).unwrap())
}

/// A request that has been read, with a key and a priority.
fn request(asks: bool) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    request
        .headers_mut()
        .insert("authorization", HeaderValue::from_static("Bearer k"));
    request
        .headers_mut()
        .insert("x-priority", HeaderValue::from_static("low"));
    if asks {
        RouteContext::edit(&mut request, |cx| {
            cx.set_ask(Arc::new(Ask::new(Dialect::OpenAiChat, "m", 0..0)))
        });
    }
    request
}

#[test]
fn it_keeps_the_contract_of_a_layer() {
    for asks in [true, false] {
        Contract::new(|inner| layer().layer(inner), || request(asks)).check();
    }
}

#[tokio::test]
async fn a_refused_request_is_not_forwarded() {
    let (inner, watch) =
        Probe::new(|_: Request<Body>| async { Ok::<_, Infallible>(Response::new(Body::empty())) });
    let mut bad = request(true);
    bad.headers_mut()
        .insert("x-priority", HeaderValue::from_static("very"));
    let error = layer().layer(inner).oneshot(bad).await.unwrap_err();
    assert_eq!(
        find::<Fault>(error.as_ref()).unwrap().kind(),
        FaultKind::InvalidRequest
    );
    assert_eq!(watch.calls(), 0);
}

#[tokio::test]
async fn keys_and_priority_go_no_further_but_foreign_requests_are_left_alone() {
    let (inner, _) = Probe::new(|request: Request<Body>| async move {
        let mut response = Response::new(Body::empty());
        *response.headers_mut() = request.headers().clone();
        response
            .extensions_mut()
            .insert(RouteContext::of(&request).clone());
        Ok::<_, Infallible>(response)
    });
    let ours = layer()
        .layer(inner.clone())
        .oneshot(request(true))
        .await
        .unwrap();
    assert!(ours.headers().is_empty(), "{:?}", ours.headers());
    let cx = ours.extensions().get::<RouteContext>().unwrap();
    assert_eq!(cx.priority().as_str(), "low");
    assert_eq!(cx.task(), Some("chat"));
    assert!(cx.policy().is_some() && cx.deadline().is_some());

    let foreign = layer().layer(inner).oneshot(request(false)).await.unwrap();
    assert_eq!(foreign.headers().len(), 2);
    assert!(
        foreign
            .extensions()
            .get::<RouteContext>()
            .unwrap()
            .policy()
            .is_none()
    );
}

/// A policy with a tenant whose key is `k`, who may use `allowed` and ask for `high` at most.
fn with_tenant() -> ClassifyLayer {
    let tenant = TenantDraft {
        name: "acme".into(),
        keys: vec![Sha256::digest("k").into()],
        priority: Priority::Low,
        ceiling: Priority::High,
        routes: Some(vec!["allowed".into()]),
    };
    let draft = Draft::new()
        .provider(ProviderDraft::inner("p", Dialect::OpenAiChat))
        .route(RouteDraft::new("allowed", ["p/m"]))
        .route(RouteDraft::new("forbidden", ["p/m"]))
        .tenant(tenant);
    ClassifyLayer::new(&PolicyHandle::new(draft).unwrap())
}

/// What `layer` makes of a request for `model` with these headers.
async fn classified(
    layer: &ClassifyLayer,
    model: &str,
    headers: &[(&'static str, &'static str)],
    known: impl FnOnce(&mut RouteContext),
) -> Result<RouteContext, FaultKind> {
    let (inner, _) = Probe::new(|request: Request<Body>| async move {
        let mut response = Response::new(Body::empty());
        let cx = RouteContext::of(&request).clone();
        response.extensions_mut().insert(cx);
        Ok::<_, Infallible>(response)
    });
    let mut request = Request::new(Body::empty());
    for (name, value) in headers {
        request
            .headers_mut()
            .append(*name, HeaderValue::from_static(value));
    }
    RouteContext::edit(&mut request, |cx| {
        cx.set_ask(Arc::new(Ask::new(Dialect::OpenAiChat, model, 0..0)));
        known(cx);
    });
    match layer.layer(inner).oneshot(request).await {
        Ok(response) => Ok(response.extensions().get::<RouteContext>().unwrap().clone()),
        Err(error) => Err(find::<Fault>(error.as_ref()).unwrap().kind()),
    }
}

const KEY: (&str, &str) = ("authorization", "Bearer k");

#[tokio::test]
async fn only_a_verified_key_that_may_use_the_model_comes_through() {
    let layer = with_tenant();
    let ask = async |model, headers: &[_]| classified(&layer, model, headers, |_| {}).await;
    let cx = ask("allowed", &[KEY]).await.unwrap();
    assert_eq!((&*cx.tenant().name, cx.priority()), ("acme", Priority::Low));
    for headers in [&[][..], &[("x-api-key", "other")], &[("x-tenant", "acme")]] {
        let refused = ask("allowed", headers).await.unwrap_err();
        assert_eq!(refused, FaultKind::Authentication, "{headers:?}");
    }
    // The same for a model that does not exist: which ones do is not this tenant's to learn.
    for model in ["forbidden", "nowhere"] {
        let refused = ask(model, &[KEY]).await.unwrap_err();
        assert_eq!(refused, FaultKind::Permission, "{model}");
    }
}

#[tokio::test]
async fn a_tenant_that_an_outer_layer_knows_is_kept_with_its_rights_and_shows_no_key() {
    let inside = Arc::new(Tenant {
        name: "inside".into(),
        priority: Priority::Batch,
        ceiling: Priority::Low,
        routes: Some(["allowed".into()].into()),
    });
    let known = |cx: &mut RouteContext| cx.set_tenant(Arc::clone(&inside));
    for layer in [layer(), with_tenant()] {
        for headers in [&[][..], &[KEY], &[("x-api-key", "other")]] {
            let cx = classified(&layer, "allowed", headers, known).await.unwrap();
            assert!(Arc::ptr_eq(cx.tenant(), &inside), "{headers:?}");
            assert_eq!(cx.priority(), Priority::Batch);
        }
        let urgent = [("x-priority", "critical")];
        let cx = classified(&layer, "allowed", &urgent, known).await.unwrap();
        assert_eq!(cx.priority(), Priority::Low);
        let refused = classified(&layer, "forbidden", &[KEY], known).await;
        assert_eq!(refused.unwrap_err(), FaultKind::Permission);
    }
    // To be called anonymous is not to be known.
    let nobody = |cx: &mut RouteContext| cx.set_tenant(Arc::clone(Tenant::anonymous()));
    let refused = classified(&with_tenant(), "allowed", &[], nobody).await;
    assert_eq!(refused.unwrap_err(), FaultKind::Authentication);
}

#[tokio::test]
async fn a_priority_above_the_ceiling_is_clamped_and_noted() {
    let headers = [KEY, ("x-priority", "critical")];
    let mut cx = classified(&with_tenant(), "allowed", &headers, |_| {})
        .await
        .unwrap();
    assert_eq!(cx.priority(), Priority::High);
    let why = cx.report().why();
    assert!(why[0].starts_with("priority clamped to high"), "{why:?}");
    assert_eq!(cx.report().steps()[0].name, "classify");
}

#[tokio::test]
async fn the_priority_may_stand_in_another_header() {
    let layer = layer().header(HeaderName::from_static("x-urgency"));
    let headers = [("x-urgency", "batch"), ("x-priority", "low")];
    let cx = classified(&layer, "m", &headers, |_| {}).await.unwrap();
    assert_eq!(cx.priority(), Priority::Batch);
}

#[tokio::test]
async fn the_bucket_follows_the_session_and_then_the_request() {
    let bucket = async |headers: &[_], id: Option<&str>| {
        let known = |cx: &mut RouteContext| id.into_iter().for_each(|id| cx.set_request_id(id));
        let cx = classified(&layer(), "m", headers, known).await.unwrap();
        cx.cohort()
    };
    let session = [("x-session-id", "s")];
    assert_eq!(
        bucket(&session, Some("1")).await,
        bucket(&session, Some("2")).await
    );
    assert!(bucket(&[], Some("1")).await.is_some());
    assert_eq!(bucket(&[], None).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_the_classs_unless_a_sooner_one_was_set() {
    let now = tokio::time::Instant::now().into_std();
    let class = now + Priority::Normal.default_deadline();
    let deadline = async |set: Instant| {
        let known = |cx: &mut RouteContext| cx.set_deadline(set);
        let cx = classified(&layer(), "m", &[], known).await.unwrap();
        cx.deadline()
    };
    assert_eq!(deadline(class + Duration::from_secs(1)).await, Some(class));
    assert_eq!(deadline(now).await, Some(now));

    let endless = Class {
        deadline: Duration::MAX,
        ..Class::default_for(Priority::Normal)
    };
    let draft = Draft::new().class(Priority::Normal, endless);
    let layer = ClassifyLayer::new(&PolicyHandle::new(draft).unwrap());
    let cx = classified(&layer, "m", &[], |_| {}).await.unwrap();
    assert_eq!(cx.deadline(), None);
}
