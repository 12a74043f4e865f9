//! Every line of the stack is optional: without any one layer, and with any one alone, requests are
//! answered sanely.
#![allow(clippy::unwrap_used, clippy::panic)]

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use tower::{Service, ServiceBuilder, ServiceExt, util::BoxCloneSyncService};
use towerman::{
    core::{
        BoxError, Dialect, PolicyHandle,
        policy::{Draft, ProviderDraft, RouteDraft},
    },
    prelude::*,
};
use towerman_sim::Sim;
use towerman_tests::{
    Answer,
    client::{self, Heard},
};

type Stack = BoxCloneSyncService<Request<Body>, Response<UnsyncBoxBody<Bytes, BoxError>>, BoxError>;

fn boxed<S, R>(service: S) -> Stack
where
    S: Service<Request<Body>, Response = Response<R>> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let service = service
        .map_err(Into::into)
        .map_response(|response| response.map(|body| body.map_err(Into::into).boxed_unsync()));
    BoxCloneSyncService::new(service)
}

macro_rules! layer {
    ($policy:ident telemetry) => {
        TelemetryLayer::new(&$policy)
    };
    ($policy:ident edge) => {
        EdgeLayer::new()
    };
    ($policy:ident classify) => {
        ClassifyLayer::new(&$policy)
    };
    ($policy:ident route) => {
        RouteLayer::new(&$policy)
    };
    ($policy:ident affinity) => {
        AffinityLayer::new()
    };
    ($policy:ident failover) => {
        FailoverLayer::new()
    };
    ($policy:ident breaker) => {
        BreakerLayer::new()
    };
    ($policy:ident cost) => {
        CostLayer::new(())
    };
    ($policy:ident normalize) => {
        NormalizeLayer::new()
    };
    ($policy:ident upstream) => {
        UpstreamLayer::new()
    };
}

/// Stacks of these layers, outermost first, by what they are called.
macro_rules! stacks {
    ($policy:ident $sim:ident $($what:literal: $($name:ident)*;)*) => {
        [$((
            $what,
            boxed(ServiceBuilder::new()$(.layer(layer!($policy $name)))*.service($sim.service())),
        )),*]
    };
}

async fn send(stack: &Stack, method: Method, path: &str, body: String) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .header("x-priority", "low")
        .body(Body::from(body))
        .unwrap();
    let (parts, body) = stack.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
        broke_off: false,
    }
}

#[tokio::test]
async fn without_any_one_layer_and_with_any_one_alone_requests_are_answered() {
    let draft = Draft::new()
        .provider(ProviderDraft::inner("own", Dialect::OpenAiChat))
        .route(RouteDraft::new("chat", ["own/m"]));
    let policy = PolicyHandle::new(draft).unwrap();
    let sim = Sim::openai("own").build();
    let stacks = stacks! { policy sim
        "all": telemetry edge classify route affinity failover breaker cost normalize upstream;
        "no telemetry": edge classify route affinity failover breaker cost normalize upstream;
        "no edge": telemetry classify route affinity failover breaker cost normalize upstream;
        "no classify": telemetry edge route affinity failover breaker cost normalize upstream;
        "no route": telemetry edge classify affinity failover breaker cost normalize upstream;
        "no affinity": telemetry edge classify route failover breaker cost normalize upstream;
        "no failover": telemetry edge classify route affinity breaker cost normalize upstream;
        "no breaker": telemetry edge classify route affinity failover cost normalize upstream;
        "no cost": telemetry edge classify route affinity failover breaker normalize upstream;
        "no normalize": telemetry edge classify route affinity failover breaker cost upstream;
        "no upstream": telemetry edge classify route affinity failover breaker cost normalize;
        "telemetry": telemetry;
        "edge": edge;
        "classify": classify;
        "route": route;
        "affinity": affinity;
        "failover": failover;
        "breaker": breaker;
        "cost": cost;
        "normalize": normalize;
        "upstream": upstream;
        "none": ;
    };
    for (what, stack) in stacks {
        let openai = Dialect::OpenAiChat;
        for stream in [true, false] {
            let ask = client::ask(openai, "chat", "hi", stream).to_string();
            let answer = send(&stack, Method::POST, openai.path(), ask).await;
            match client::read(openai, &answer) {
                Ok(
                    Heard::Whole { text }
                    | Heard::Stream {
                        text,
                        error: None,
                        unreadable: 0,
                    },
                ) => {
                    assert!(text.starts_with("[own]"), "{what}: {text}");
                }
                other => panic!("{what}: {other:?}"),
            }
        }
        // What cannot be served is refused, and is nobody's defect.
        let other = Dialect::Anthropic;
        let foreign = client::ask(other, "chat", "hi", false).to_string();
        for (method, path, body) in [
            (Method::POST, openai.path(), "{".to_owned()),
            (Method::POST, openai.path(), String::new()),
            (
                Method::POST,
                openai.path(),
                foreign.replace("chat", "no-such-model"),
            ),
            (Method::GET, openai.path(), String::new()),
            (Method::GET, "/", String::new()),
            (Method::POST, "/v1/embeddings", "{}".to_owned()),
            (Method::POST, other.path(), foreign.clone()),
        ] {
            let answer = send(&stack, method.clone(), path, body).await;
            let status = answer.status.as_u16();
            assert!(status < 500, "{what}: {method} {path}: {}", answer.text());
        }
    }
}
