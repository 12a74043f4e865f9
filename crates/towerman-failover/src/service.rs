//! The service: asks the plan, makes attempts, answers with the first that delivers content.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use tokio::time::Instant;
use tower_service::Service;
use towerman_core::{
    Body, BoxError, Fault, Outcome, RouteContext, RouteReport,
    policy::{Class, FailoverRules},
};

use crate::{
    FailoverLayer, ResponseBody,
    attempt::{self, Failed, Limits},
    exhausted,
    plan::{Next, Plan},
};

/// Tries candidates in order. See the [crate docs](crate).
#[derive(Clone, Debug)]
pub struct Failover<S> {
    inner: S,
    layer: FailoverLayer,
}

/// The future of [`Failover`].
///
/// Boxed: an attempt is a loop over calls, timers and bodies, and naming its states would say
/// nothing that the loop does not.
pub struct ResponseFuture<B>(Pin<Box<dyn Future<Output = Answer<B>> + Send>>);

type Answer<B> = Result<Response<ResponseBody<B>>, BoxError>;

// === impl Failover ===

impl<S> Failover<S> {
    pub(crate) const fn new(inner: S, layer: FailoverLayer) -> Self {
        Self { inner, layer }
    }

    /// The inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service, mutably.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service, consuming the layer's part.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B> Service<Request<Body>> for Failover<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<B>>;
    type Error = BoxError;
    type Future = ResponseFuture<B>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // Which endpoint must be ready is known only once the request is here.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> ResponseFuture<B> {
        let (inner, layer) = (self.inner.clone(), self.layer.clone());
        ResponseFuture(Box::pin(async move {
            let order = RouteContext::of(&request).candidates().map(|candidates| {
                candidates
                    .order()
                    .iter()
                    .map(|c| Arc::clone(c.endpoint()))
                    .collect()
            });
            match order {
                Some(order) => drive(inner, &layer, request, Plan::new(order)).await,
                None => pass(inner, request).await,
            }
        }))
    }
}

/// Nothing was routed: the inner service answers by itself.
async fn pass<S, B>(mut inner: S, request: Request<Body>) -> Answer<B>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Into<BoxError>,
{
    attempt::ready(&mut inner).await?;
    let response = inner.call(request).await.map_err(Into::into)?;
    Ok(response.map(|body| ResponseBody::passed(Box::pin(body))))
}

async fn drive<S, B>(
    inner: S,
    layer: &FailoverLayer,
    request: Request<Body>,
    mut plan: Plan,
) -> Answer<B>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let (parts, body) = request.into_parts();
    let mut cx = parts
        .extensions
        .get::<RouteContext>()
        .cloned()
        .unwrap_or_default();
    let report = cx.report().clone();
    // The last word on the candidates: whatever a layer of the user's said is in it.
    report.decided(&cx);
    let (rules, class) = rules(&cx, layer);
    let started = Instant::now();
    let limits = Limits {
        first_content: class.first_content,
        idle: class.idle,
        deadline: cx
            .deadline()
            .map_or_else(|| started + class.deadline, Instant::from_std),
        hold_back: rules.hold_back,
        max_answer: rules.max_answer,
    };
    layer.budget.deposit(rules.retry_percent);

    let mut last: Option<Outcome> = None;
    let mut unfit: Option<Fault> = None;
    loop {
        let now = Instant::now();
        let endpoint = match plan.next(&rules, &class, last, now.into_std()) {
            Next::Try(endpoint) => endpoint,
            Next::Pause(wait) if now + wait < limits.deadline => {
                report.note("waited before trying again");
                tokio::time::sleep(attempt::jitter(wait)).await;
                continue;
            }
            Next::Pause(_) | Next::Stop => break,
        };
        // The first attempt is the request itself; only those after it are retries.
        if last.is_some() && !layer.budget.withdraw(now.into_std()) {
            report.note("the retry budget is used up");
            break;
        }
        // A body that cannot be replayed was never held, so it was never routed either.
        let Some(replay) = body.try_clone() else {
            break;
        };
        let attempt = cx.begin_attempt(Arc::clone(&endpoint), plan.attempts());
        let request = again(&parts, replay, &cx);
        match attempt::make(inner.clone(), request, &attempt, &limits).await {
            Ok(response) => {
                note_skipped(&report, &plan, now);
                return Ok(response);
            }
            Err(Failed::TurnedAway) => {
                report.note(format!("{} turned the call away", endpoint.name));
                plan.turned_away();
            }
            Err(Failed::Attempt(outcome)) => {
                report.note(format!("{} failed: {}", endpoint.name, outcome.as_str()));
                plan.failed(&endpoint, attempt.phase());
                last = Some(outcome);
            }
            Err(Failed::Unfit(fault)) => {
                report.note(format!(
                    "{} cannot take the request: {fault}",
                    endpoint.name
                ));
                plan.turned_away();
                unfit = Some(fault);
            }
            Err(Failed::Final(fault)) => return Err(fault.into()),
        }
        if Instant::now() >= limits.deadline {
            report.note("the deadline passed");
            break;
        }
    }
    let now = Instant::now();
    note_skipped(&report, &plan, now);
    let earliest = plan.earliest(now.into_std());
    // If nobody could take the request as it is, that is what the client must hear.
    match unfit {
        Some(fault) if last.is_none() && earliest.is_none() => Err(fault.into()),
        _ => Err(exhausted::fault(last, earliest).into()),
    }
}

fn note_skipped(report: &RouteReport, plan: &Plan, now: Instant) {
    for name in plan.refused(now.into_std()) {
        report.note(format!("{name} was refused by its circuit"));
    }
}

fn rules(cx: &RouteContext, layer: &FailoverLayer) -> (FailoverRules, Class) {
    match cx.policy() {
        Some(policy) => (*policy.failover(), *policy.class(cx.priority())),
        None => (layer.rules, Class::default_for(cx.priority())),
    }
}

/// The same request again, for another attempt: head and extensions as they came, and the
/// context that names the attempt.
fn again(parts: &http::request::Parts, body: Body, cx: &RouteContext) -> Request<Body> {
    let mut request = Request::new(body);
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = parts.uri.clone();
    *request.version_mut() = parts.version;
    *request.headers_mut() = parts.headers.clone();
    *request.extensions_mut() = parts.extensions.clone();
    request.extensions_mut().insert(cx.clone());
    request
}

// === impl ResponseFuture ===

impl<B> Future for ResponseFuture<B> {
    type Output = Answer<B>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl<B> fmt::Debug for ResponseFuture<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
