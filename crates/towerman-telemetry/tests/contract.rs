//! What telemetry promises about readiness, clones and drops.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeSet,
    convert::Infallible,
    future::pending,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Waker},
};

use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::{Layer, Service, ServiceExt, service_fn};
use towerman_core::{
    Ask, Body, Dialect, PolicyHandle, Priority, RouteContext, Tenant, Usage,
    policy::{Draft, ProviderDraft, RouteDraft},
    testing::{Contract, Probe},
};
use towerman_telemetry::{Prometheus, TelemetryLayer};

fn policy() -> PolicyHandle {
    let draft = Draft::new()
        .provider(ProviderDraft::inner("own", Dialect::OpenAiChat))
        .route(RouteDraft::new("chat", ["own/model", "own/other"]));
    PolicyHandle::new(draft).unwrap_or_else(|error| unreachable!("{error}"))
}

/// A layer that keeps the outcome of every request.
fn watched() -> (TelemetryLayer, Arc<Mutex<Vec<&'static str>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let layer = TelemetryLayer::new(&policy()).on_decision(move |decision| {
        if let Ok(mut seen) = sink.lock() {
            seen.push(decision.outcome);
        }
    });
    (layer, seen)
}

async fn answer(_: Request<Body>) -> Result<Response<Body>, Infallible> {
    Ok(Response::new(Body::from("hello")))
}

#[test]
fn it_keeps_the_contract_of_a_layer() {
    let layer = TelemetryLayer::new(&policy());
    let ask = || Request::new(Body::empty());
    Contract::new(|inner| layer.layer(inner), ask).check();
}

#[tokio::test]
async fn a_finished_request_is_settled_once_as_a_success() {
    let (layer, seen) = watched();
    let service = layer.layer(Probe::new(answer).0);
    let response = service.oneshot(Request::new(Body::empty())).await.unwrap();
    assert!(seen.lock().unwrap().is_empty(), "the body has not ended");
    response.into_body().collect().await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["success"]);
}

#[tokio::test]
async fn a_dropped_body_and_a_dropped_future_are_clients_that_left() {
    let (layer, seen) = watched();
    let response = layer
        .layer(Probe::new(answer).0)
        .oneshot(Request::new(Body::empty()))
        .await
        .unwrap();
    drop(response);
    assert_eq!(*seen.lock().unwrap(), ["client_left"]);

    let stuck = |_: Request<Body>| pending::<Result<Response<Body>, Infallible>>();
    let (inner, watch) = Probe::new(stuck);
    let mut service = layer.layer(inner);
    service.ready().await.unwrap();
    {
        let mut call = pin!(service.call(Request::new(Body::empty())));
        assert!(
            call.as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
    }
    assert_eq!(watch.dropped(), 1);
    assert_eq!(*seen.lock().unwrap(), ["client_left", "client_left"]);
}

#[tokio::test]
async fn an_error_status_is_an_error() {
    let (layer, seen) = watched();
    let service = layer.layer(
        Probe::new(|_: Request<Body>| async {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            Ok::<_, Infallible>(response)
        })
        .0,
    );
    service.oneshot(Request::new(Body::empty())).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["error"]);
}

/// Tries the endpoints in order and is answered by the last. What the scrape then says of
/// `towerman_failovers_total`.
async fn failovers(tried: &[&str]) -> String {
    let policy = policy();
    let prometheus = Prometheus::new().unwrap();
    let layer = prometheus.layer(&policy);
    let service = layer.layer(service_fn(|mut request: Request<Body>| {
        let policy = policy.load();
        RouteContext::edit(&mut request, |cx| {
            cx.set_route(Arc::clone(policy.route("chat").unwrap()));
            let endpoints = policy.endpoints();
            for (number, name) in (1..).zip(tried) {
                let endpoint = endpoints.iter().find(|endpoint| *endpoint.name == **name);
                cx.begin_attempt(Arc::clone(endpoint.unwrap()), number);
            }
            cx.report().clone().decided(cx);
        });
        answer(request)
    }));
    let response = service.oneshot(Request::new(Body::empty())).await.unwrap();
    response.into_body().collect().await.unwrap();
    let name = r#"towerman_failovers_total{route="chat"} "#;
    let text = prometheus.render(&layer);
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_failover_is_an_answer_by_another_endpoint_than_the_first_tried() {
    assert_eq!(failovers(&["own/model"]).await, "0");
    assert_eq!(failovers(&["own/model", "own/other"]).await, "1");
    assert_eq!(failovers(&["own/model", "own/model"]).await, "0");
}

#[tokio::test]
async fn a_reload_is_counted_from_the_first_request_that_it_serves() {
    let policy = policy();
    let prometheus = Prometheus::new().unwrap();
    let layer = prometheus.layer(&policy);
    let service = layer.layer(Probe::new(answer).0);
    let before = policy.load();
    let more = Draft::new()
        .provider(ProviderDraft::inner("own", Dialect::OpenAiChat))
        .route(RouteDraft::new("chat", ["own/model"]))
        .route(RouteDraft::new("new", ["own/newer"]));
    let after = policy.swap(more).unwrap();
    // A request that began before the reload may end after one that began later.
    for (policy, route) in [(&after, "new"), (&before, "chat"), (&after, "new")] {
        let mut request = Request::new(Body::empty());
        RouteContext::edit(&mut request, |cx| {
            cx.set_policy(Arc::clone(policy));
            let route = policy.route(route).unwrap();
            cx.set_route(Arc::clone(route));
            let attempt = cx.begin_attempt(Arc::clone(&route.choices[0].endpoint), 1);
            attempt.note(|facts| facts.status = Some(StatusCode::OK));
            cx.report().clone().decided(cx);
        });
        let response = service.clone().oneshot(request).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
    let text = prometheus.render(&layer);
    for line in [
        r#"towerman_requests_total{route="new",priority="normal",outcome="success"} 2"#,
        r#"towerman_requests_total{route="chat",priority="normal",outcome="success"} 1"#,
        r#"towerman_attempts_total{endpoint="own/newer",outcome="success"} 2"#,
        r#"towerman_attempts_total{endpoint="own/model",outcome="success"} 1"#,
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

/// The scrape without its values: every series that there is.
fn series(prometheus: &Prometheus, layer: &TelemetryLayer) -> BTreeSet<String> {
    prometheus
        .render(layer)
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(series, _)| series.to_owned())
        .collect()
}

/// A request about which everything that is said, by client, provider or a foreign policy, is
/// `junk`.
fn junk(junk: &str) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = format!("/{junk}").parse().unwrap();
    *request.method_mut() = junk.parse().unwrap();
    RouteContext::edit(&mut request, |cx| {
        cx.set_ask(Arc::new(Ask::new(Dialect::OpenAiChat, junk, 0..0)));
        cx.set_session(junk);
        cx.set_request_id(junk);
        cx.set_tenant(Arc::new(Tenant {
            name: junk.into(),
            priority: Priority::Normal,
            ceiling: Priority::Normal,
            routes: None,
        }));
        // Of a policy that is not in force, or never was.
        let other = Draft::new()
            .provider(ProviderDraft::inner(junk, Dialect::OpenAiChat))
            .route(RouteDraft::new(
                junk,
                (0..9).map(|number| format!("{junk}/{number}")),
            ));
        let other = PolicyHandle::new(other).unwrap().load();
        cx.set_route(Arc::clone(other.route(junk).unwrap()));
        let endpoint = Arc::clone(other.endpoints().last().unwrap());
        let attempt = cx.begin_attempt(endpoint, 1);
        attempt.note(|facts| {
            facts.model = Some(junk.into());
            facts.usage = Some(Usage {
                input: 1,
                ..Usage::default()
            });
        });
        cx.report().note(junk.to_owned());
        cx.report().clone().decided(cx);
    });
    request
}

#[tokio::test]
async fn no_request_makes_a_series_that_the_policy_does_not_name() {
    let prometheus = Prometheus::new().unwrap();
    let layer = prometheus.layer(&policy());
    let service = layer.layer(Probe::new(answer).0);
    let serve = async |request: Request<Body>| {
        let response = service.clone().oneshot(request).await.unwrap();
        response.into_body().collect().await.unwrap();
    };
    serve(Request::new(Body::empty())).await;
    let before = series(&prometheus, &layer);
    assert!(!before.is_empty());

    for round in 0..100 {
        serve(junk(&format!("junk-{round}"))).await;
    }
    assert_eq!(series(&prometheus, &layer), before);
    let text = prometheus.render(&layer);
    assert!(
        text.contains(
            r#"towerman_requests_total{route="_none",priority="normal",outcome="success"} 101"#
        ),
        "{text}"
    );
}
