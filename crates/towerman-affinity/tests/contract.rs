//! What affinity promises about readiness, clones and drops, and when it moves an endpoint.
#![allow(clippy::unwrap_used)]

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt};
use towerman_affinity::AffinityLayer;
use towerman_core::{
    Ask, Body, Candidates, CircuitState, Dialect, Phase, PolicyHandle, Priority, RouteContext,
    Tenant, Usage,
    policy::{Draft, EndpointDraft, ProviderDraft, RouteDraft},
    testing::{Contract, Probe},
};

/// A policy of two endpoints, of this quality each.
fn policy(quality: [u8; 2]) -> PolicyHandle {
    let mut draft = Draft::new()
        .provider(ProviderDraft::inner("p", Dialect::OpenAiChat))
        .route(RouteDraft::new("chat", ["p/0", "p/1"]));
    for (index, quality) in quality.into_iter().enumerate() {
        draft = draft.endpoint(EndpointDraft::new(format!("p/{index}")).quality(quality));
    }
    PolicyHandle::new(draft).unwrap()
}

/// A prompt of some 2,000 tokens, and what comes after it.
fn request(policy: &PolicyHandle, tenant: &str, after: &str) -> Request<Body> {
    let messages = format!("[{}{after}]", "all work and no play ".repeat(400));
    let mut ask = Ask::new(Dialect::OpenAiChat, "chat", 0..0);
    ask.prompt_tokens = messages.len() as u64 / 4;
    ask.prompt_spans[2] = Some(0..messages.len());
    let mut request = Request::new(Body::from(messages));
    let tenant = Tenant {
        name: tenant.into(),
        priority: Priority::Normal,
        ceiling: Priority::Normal,
        routes: None,
    };
    RouteContext::edit(&mut request, |cx| {
        cx.set_ask(Arc::new(ask));
        cx.set_tenant(Arc::new(tenant));
        let now = tokio::time::Instant::now().into_std();
        cx.set_candidates(Candidates::new(
            policy.load().endpoints().iter().cloned(),
            now,
        ));
    });
    request
}

/// Serves at endpoint 1, whatever the order; reports the tokens thought to be cached there.
async fn serve(
    mut request: Request<Body>,
    usage: Option<Usage>,
) -> Result<Response<Body>, Infallible> {
    let response = RouteContext::edit(&mut request, |cx| {
        let Some(candidates) = cx.candidates().cloned() else {
            return Response::new(Body::empty());
        };
        let second = candidates.iter().nth(1).unwrap();
        let attempt = cx.begin_attempt(Arc::clone(second.endpoint()), 1);
        attempt.advance(Phase::Content);
        attempt.note(|facts| facts.usage = usage);
        let mut response = Response::new(Body::from("answer"));
        response.extensions_mut().insert(second.cached_tokens());
        response
    });
    Ok(response)
}

async fn cached(layer: &AffinityLayer, request: Request<Body>, usage: Option<Usage>) -> u64 {
    let (inner, _) = Probe::new(move |request| serve(request, usage));
    let response = layer.layer(inner).oneshot(request).await.unwrap();
    let tokens = *response.extensions().get::<u64>().unwrap();
    response.into_body().collect().await.unwrap();
    tokens
}

#[test]
fn it_keeps_the_contract_of_a_layer() {
    let (layer, policy) = (AffinityLayer::new(), policy([50, 50]));
    let ask = || request(&policy, "t", "");
    Contract::new(|inner| layer.layer(inner), ask).check();
}

#[tokio::test(start_paused = true)]
async fn the_next_turn_finds_the_endpoint_that_answered_until_it_is_forgotten() {
    let (layer, policy) = (AffinityLayer::new(), policy([50, 50]));
    assert_eq!(cached(&layer, request(&policy, "t", ""), None).await, 0);
    let tokens = cached(&layer, request(&policy, "t", ",more of it"), None).await;
    assert!((1_900..=2_100).contains(&tokens), "{tokens}");
    assert_eq!(
        cached(&layer, request(&policy, "other", ""), None).await,
        0,
        "tenants share nothing"
    );
    tokio::time::advance(Duration::from_secs(301)).await;
    assert_eq!(cached(&layer, request(&policy, "t", ""), None).await, 0);
}

#[tokio::test]
async fn health_and_quality_must_permit_it() {
    let (layer, worse) = (AffinityLayer::new(), policy([80, 70]));
    cached(&layer, request(&worse, "t", ""), None).await;
    assert_eq!(
        cached(&layer, request(&worse, "t", ""), None).await,
        0,
        "the leader is better"
    );

    let (layer, sick) = (AffinityLayer::new(), policy([50, 50]));
    cached(&layer, request(&sick, "t", ""), None).await;
    let until = std::time::Instant::now() + Duration::from_secs(60);
    sick.load().endpoints()[1]
        .board
        .set_circuit(CircuitState::Open, until);
    assert_eq!(
        cached(&layer, request(&sick, "t", ""), None).await,
        0,
        "its circuit is open"
    );
}

#[tokio::test]
async fn a_leader_that_refuses_calls_is_not_what_the_others_are_compared_with() {
    let (layer, policy) = (AffinityLayer::new(), policy([80, 70]));
    cached(&layer, request(&policy, "t", ""), None).await;
    let until = std::time::Instant::now() + Duration::from_secs(60);
    policy.load().endpoints()[0].board.cool_until(until);
    assert!(cached(&layer, request(&policy, "t", ""), None).await > 0);
}

#[tokio::test]
async fn an_endpoint_that_nobody_has_judged_is_as_good_as_any() {
    let draft = Draft::new()
        .provider(ProviderDraft::inner("p", Dialect::OpenAiChat))
        .endpoint(EndpointDraft::new("p/0").quality(90))
        .route(RouteDraft::new("chat", ["p/0", "p/1"]));
    let (layer, policy) = (AffinityLayer::new(), PolicyHandle::new(draft).unwrap());
    cached(&layer, request(&policy, "t", ""), None).await;
    assert!(cached(&layer, request(&policy, "t", ""), None).await > 0);
}

#[tokio::test]
async fn a_route_without_affinity_is_left_alone() {
    let draft = Draft::new()
        .provider(ProviderDraft::inner("p", Dialect::OpenAiChat))
        .route(RouteDraft::new("chat", ["p/0", "p/1"]))
        .route(RouteDraft::new("off", ["p/0", "p/1"]).affinity(false));
    let (layer, policy) = (AffinityLayer::new(), PolicyHandle::new(draft).unwrap());
    let on = |route: &str| {
        let mut request = request(&policy, "t", "");
        let route = Arc::clone(policy.load().route(route).unwrap());
        RouteContext::edit(&mut request, |cx| cx.set_route(route));
        request
    };
    cached(&layer, on("off"), None).await;
    assert_eq!(cached(&layer, on("chat"), None).await, 0, "nothing learned");
    assert!(cached(&layer, on("chat"), None).await > 0);
    assert_eq!(cached(&layer, on("off"), None).await, 0, "nothing said");
}

/// Serves in frames; the attempt at endpoint 1 has content from frame `content` on, if ever.
async fn serve_frames(
    mut request: Request<Body>,
    content: Option<usize>,
) -> Result<Response<Body>, Infallible> {
    let attempt = RouteContext::edit(&mut request, |cx| {
        let candidates = cx.candidates().cloned().unwrap();
        let second = candidates.iter().nth(1).unwrap();
        cx.begin_attempt(Arc::clone(second.endpoint()), 1)
    });
    attempt.advance(Phase::Open);
    let mut number = 0;
    let frames = BodyExt::map_frame(
        Body::rope(vec![Bytes::from("a"), Bytes::from("b"), Bytes::from("c")]),
        move |frame| {
            if content.is_some_and(|content| number >= content) {
                attempt.advance(Phase::Content);
            }
            number += 1;
            frame
        },
    );
    Ok(Response::new(Body::stream(frames)))
}

#[tokio::test]
async fn only_delivered_content_teaches() {
    for (content, frames_read, learned) in [
        (Some(1), 1, false),
        (Some(1), 2, true),
        (Some(2), 3, true),
        (None, 3, false),
    ] {
        let (layer, policy) = (AffinityLayer::new(), policy([50, 50]));
        let (inner, _) = Probe::new(move |request| serve_frames(request, content));
        let response = layer
            .layer(inner)
            .oneshot(request(&policy, "t", ""))
            .await
            .unwrap();
        let mut body = response.into_body();
        for _ in 0..frames_read {
            body.frame().await.unwrap().unwrap();
        }
        // The client may leave now: what it got is known.
        drop(body);
        let known = cached(&layer, request(&policy, "t", ""), None).await > 0;
        assert_eq!(known, learned, "{content:?} after {frames_read} frames");
    }
}

#[tokio::test]
async fn debug_shows_no_secret() {
    let shown = format!("{:?}", AffinityLayer::new().secret([0xab; 32]));
    assert!(!shown.contains("secret"), "{shown}");
}

#[tokio::test]
async fn a_cache_that_was_not_there_is_forgotten() {
    let (layer, policy) = (AffinityLayer::new(), policy([50, 50]));
    cached(&layer, request(&policy, "t", ""), None).await;
    let missed = Some(Usage {
        input: 2_000,
        output: 5,
        ..Usage::default()
    });
    assert!(cached(&layer, request(&policy, "t", ""), missed).await > 0);
    assert_eq!(cached(&layer, request(&policy, "t", ""), None).await, 0);
}

#[tokio::test]
async fn two_services_of_one_layer_share_what_they_know() {
    let (layer, policy) = (AffinityLayer::new(), policy([50, 50]));
    cached(&layer, request(&policy, "t", ""), None).await;
    assert!(cached(&layer.clone(), request(&policy, "t", ""), None).await > 0);
}
