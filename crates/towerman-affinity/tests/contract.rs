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
    let read = Some(Usage {
        cache_read: 1_920,
        output: 5,
        ..Usage::default()
    });
    let missed = Some(Usage {
        input: 1_920,
        output: 5,
        ..Usage::default()
    });
    for (usage, is_known) in [
        (missed, false),
        // Who has never reported any cached tokens may not report them at all.
        (missed, true),
        (read, true),
        (missed, true),
        (missed, false),
        (None, true),
    ] {
        let known = cached(&layer, request(&policy, "t", ""), usage).await > 0;
        assert_eq!(known, is_known, "{usage:?}");
    }
}

#[tokio::test]
async fn two_services_of_one_layer_share_what_they_know() {
    let (layer, policy) = (AffinityLayer::new(), policy([50, 50]));
    cached(&layer, request(&policy, "t", ""), None).await;
    assert!(cached(&layer.clone(), request(&policy, "t", ""), None).await > 0);
}

/// A conversation of a shared system prompt and these messages, which the user begins.
fn conversation(policy: &PolicyHandle, messages: &[&str]) -> Request<Body> {
    let mut request = request(policy, "t", "");
    let (mut body, mut turns) = (format!("[{}", "be brief ".repeat(700)), [0; 3]);
    for (number, message) in messages.iter().enumerate() {
        body += ",";
        body += message;
        if number % 2 == 0 {
            turns = [body.len(), turns[0], turns[1]];
        }
    }
    body += "]";
    let mut ask = Ask::new(Dialect::OpenAiChat, "chat", 0..0);
    ask.prompt_tokens = body.len() as u64 / 4;
    ask.prompt_spans[2] = Some(0..body.len());
    ask.turns = turns;
    RouteContext::edit(&mut request, |cx| cx.set_ask(Arc::new(ask)));
    *request.body_mut() = Body::from(body);
    request
}

/// Serves at endpoint `at`. Which endpoints were said to be warm, and which to be the home?
async fn said(layer: &AffinityLayer, request: Request<Body>, at: usize) -> ([bool; 2], [bool; 2]) {
    let (inner, _) = Probe::new(move |mut request: Request<Body>| async move {
        let facts = RouteContext::edit(&mut request, |cx| {
            let candidates = cx.candidates().cloned().unwrap();
            let all: Vec<_> = candidates.iter().collect();
            let attempt = cx.begin_attempt(Arc::clone(all[at].endpoint()), 1);
            attempt.advance(Phase::Content);
            let bias = [all[0].bias(), all[1].bias()];
            assert!(bias.iter().all(|bias| [0.0, -2.0].contains(bias)));
            let warm = [all[0].cached_tokens() > 0, all[1].cached_tokens() > 0];
            (warm, bias.map(|bias| bias < 0.0))
        });
        let mut response = Response::new(Body::from("answer"));
        response.extensions_mut().insert(facts);
        Ok::<_, Infallible>(response)
    });
    let response = layer.layer(inner).oneshot(request).await.unwrap();
    let said = *response.extensions().get().unwrap();
    response.into_body().collect().await.unwrap();
    said
}

const NOWHERE: [bool; 2] = [false, false];
const FIRST: [bool; 2] = [true, false];
const SECOND: [bool; 2] = [false, true];
const BOTH: [bool; 2] = [true, true];

#[tokio::test]
async fn only_a_conversation_that_goes_on_has_a_home() {
    let (layer, policy) = (AffinityLayer::new(), policy([50, 50]));
    let said =
        async |messages: &[&str], at| said(&layer, conversation(&policy, messages), at).await;
    assert_eq!(said(&["one"], 1).await, (NOWHERE, NOWHERE));
    for other in ["two", "three"] {
        assert_eq!(said(&[other], 1).await, (SECOND, NOWHERE), "shared");
    }
    assert_eq!(said(&["one"], 1).await, (SECOND, NOWHERE), "the same again");
    let injected = ["example", "its answer", "four"];
    assert_eq!(said(&injected, 0).await, (SECOND, NOWHERE), "not ours");
    let injected = ["example", "its answer", "five"];
    assert_eq!(said(&injected, 0).await, (BOTH, NOWHERE), "not ours");
    assert_eq!(said(&["one", "yes", "and"], 1).await, (BOTH, SECOND));
    assert_eq!(
        said(&["one", "yes", "or"], 1).await,
        (BOTH, SECOND),
        "edited"
    );
    let longer = ["one", "yes", "and", "so", "on"];
    assert_eq!(said(&longer, 0).await, (BOTH, SECOND));
}

#[tokio::test]
async fn the_home_is_where_the_latest_turn_was_that_is_known() {
    let (layer, policy) = (AffinityLayer::new(), policy([50, 50]));
    let turns = ["a", "b", "c", "d", "e", "f", "g"];
    let said = async |upto: usize, at| {
        said(&layer, conversation(&policy, &turns[..upto]), at)
            .await
            .1
    };
    assert_eq!(said(1, 0).await, NOWHERE);
    assert_eq!(said(3, 1).await, FIRST);
    assert_eq!(said(5, 1).await, SECOND, "it has moved");
    let until = std::time::Instant::now() + Duration::from_secs(60);
    let board = |at: usize| Arc::clone(&policy.load().endpoints()[at].board);
    board(1).cool_until(until);
    assert_eq!(said(5, 0).await, FIRST, "the turn before was here");
    board(1).warm();
    assert_eq!(said(7, 0).await, BOTH, "it was asked here, too");
}

#[tokio::test]
async fn a_turn_that_somebody_else_served_does_not_lose_the_home() {
    let (layer, policy) = (AffinityLayer::new(), policy([50, 50]));
    let turns = ["a", "b", "c", "d", "e", "f", "g"];
    said(&layer, conversation(&policy, &turns[..1]), 0).await;
    let third = said(&layer, conversation(&policy, &turns[..5]), 1).await;
    assert_eq!(third.1, FIRST);
}

#[tokio::test(start_paused = true)]
async fn those_who_go_on_from_a_prompt_do_not_keep_it_alive() {
    let (layer, policy) = (AffinityLayer::new(), policy([50, 50]));
    let said = async |messages: &[&str]| said(&layer, conversation(&policy, messages), 1).await;
    said(&["a document"]).await;
    for question in ["1", "2", "3"] {
        tokio::time::advance(Duration::from_secs(90)).await;
        let asked = ["a document", "read", question];
        assert_eq!(said(&asked).await, (SECOND, SECOND));
    }
    tokio::time::advance(Duration::from_secs(90)).await;
    assert_eq!(said(&["a document", "read", "4"]).await, (SECOND, NOWHERE));
    let its_own = ["a document", "read", "3", "three", "5"];
    assert_eq!(said(&its_own).await, (SECOND, SECOND));
}
