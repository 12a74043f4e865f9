//! The service: a request without candidates in, one with candidates out.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tokio::time::Instant;
use tower_service::Service;
use towerman_core::{Ask, Body, BoxError, RouteContext};

use crate::{
    ResponseFuture, RouteLayer,
    decide::{Decided, decide},
    fit, models,
};

/// Turns model names into candidates. See the [crate docs](crate).
#[derive(Clone, Debug)]
pub struct Route<S> {
    inner: S,
    layer: RouteLayer,
}

impl<S> Route<S> {
    pub(crate) const fn new(inner: S, layer: RouteLayer) -> Self {
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

    fn route(&self, request: &mut Request<Body>) -> Result<(), BoxError> {
        let cx = RouteContext::of(request);
        if let Some(listing) = cx.listing() {
            let policy = cx.policy().cloned();
            let policy = policy.unwrap_or_else(|| self.layer.policy.load());
            let query = request.uri().query();
            return Err(models::answer(listing, &policy, cx.tenant(), query));
        }
        let Some(ask) = cx.ask().cloned() else {
            return Ok(());
        };
        let body = request.body().bytes().cloned();
        RouteContext::edit(request, |cx| {
            let policy = cx
                .policy()
                .cloned()
                .unwrap_or_else(|| self.layer.policy.load());
            let ask = match policy.route(&ask.model) {
                Some(route) if route.strict && !ask.strict => {
                    let mut strict = Ask::clone(&ask);
                    strict.strict = true;
                    let strict = Arc::new(strict);
                    cx.set_ask(Arc::clone(&strict));
                    strict
                }
                _ => ask,
            };
            let report = cx.report().clone();
            let now = Instant::now().into_std();
            let decided = report.step("route", || {
                let body = body.as_deref();
                decide(cx, &ask, &policy, body, |name| self.layer.find(name), now)
            });
            cx.set_policy(policy);
            let Decided {
                route,
                candidates,
                needs,
            } = match decided {
                Ok(decided) => decided,
                Err(fault) => {
                    report.decided(cx);
                    return Err(fault.into());
                }
            };
            if candidates.strategy_name() != &*route.strategy {
                report.note(format!(
                    "there is no strategy \"{}\": candidates stay as written",
                    route.strategy
                ));
            }
            let refusal = fit::refusal(&candidates, &ask, &needs);
            cx.set_route(route);
            cx.set_candidates(candidates);
            match refusal {
                // A refusal, too, shall show what spoke against each endpoint.
                Some(fault) => {
                    report.decided(cx);
                    Err(fault.into())
                }
                None => Ok(()),
            }
        })
    }
}

impl<S, B> Service<Request<Body>> for Route<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Into<BoxError>,
{
    type Response = Response<B>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<Body>) -> ResponseFuture<S::Future> {
        match self.route(&mut request) {
            Ok(()) => ResponseFuture::call(self.inner.call(request)),
            Err(error) => ResponseFuture::refused(error),
        }
    }
}
