//! The service: candidates in, candidates with terms out.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tokio::time::Instant;
use tower_service::Service;
use towerman_core::{Body, RouteContext, Term};

use crate::{ResponseBody, ResponseFuture, memory::Memory, state::State};

/// The name under which this layer makes statements.
const BY: &str = "affinity";

/// Moves warm endpoints forward. See the [crate docs](crate).
#[derive(Clone, Debug)]
pub struct Affinity<S> {
    inner: S,
    state: Arc<State>,
}

impl<S> Affinity<S> {
    pub(crate) const fn new(inner: S, state: Arc<State>) -> Self {
        Self { inner, state }
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

    fn state(&self, request: &mut Request<Body>) -> Option<Memory> {
        let body = request.body().bytes()?.clone();
        RouteContext::edit(request, |cx| {
            let ask = cx.ask()?.clone();
            let wanted = cx.route().is_none_or(|route| route.affinity);
            if !wanted || cx.candidates()?.is_empty() {
                return None;
            }
            let report = cx.report().clone();
            let tenant = Arc::clone(cx.tenant());
            let (marks, predicted) = report.step("affinity", || {
                let marks = self.state.marks(&ask, &body, &tenant.name);
                let now = Instant::now().into_std();
                let predicted = cx.candidates().map_or_else(Vec::new, |candidates| {
                    self.state.warm(candidates, &marks, &ask, now)
                });
                // The record holds the candidates, too, so to edit them is to copy them.
                if !predicted.is_empty() {
                    cx.edit_candidates(|candidates| {
                        for candidate in candidates.iter_mut() {
                            let slot = candidate.endpoint().slot;
                            if let Some((_, tokens)) = predicted.iter().find(|(of, _)| *of == slot)
                            {
                                candidate.term(BY, Term::CachedTokens(*tokens));
                            }
                        }
                    });
                }
                (marks, predicted)
            });
            if !predicted.is_empty() {
                report.decided(cx);
            }
            (!marks.is_empty())
                .then(|| Memory::new(Arc::clone(&self.state), report, marks, predicted))
        })
    }
}

impl<S, B> Service<Request<Body>> for Affinity<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    B: http_body::Body,
{
    type Response = Response<ResponseBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> ResponseFuture<S::Future> {
        let memory = self.state(&mut request);
        ResponseFuture::new(self.inner.call(request), memory)
    }
}
