//! The service: candidates in, candidates with terms out.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tokio::time::Instant;
use tower_service::Service;
use towerman_core::{Body, Candidates, Operation, RouteContext, Term};

use crate::{
    ResponseBody, ResponseFuture,
    memory::Memory,
    state::{State, Warm},
};

/// The name under which this layer makes statements.
const BY: &str = "affinity";

/// Keeps conversations where they are cached. See the [crate docs](crate).
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
            if ask.operation != Operation::Generate {
                return None; // It warms no cache, and is no turn of a conversation.
            }
            let wanted = cx.route().is_none_or(|route| route.affinity);
            if !wanted || cx.candidates()?.is_empty() {
                return None;
            }
            let report = cx.report().clone();
            let tenant = Arc::clone(cx.tenant());
            let (print, warm) = report.step("affinity", || {
                let print = self.state.fingerprint(&ask, &body, &tenant.name);
                let now = Instant::now().into_std();
                let warm = cx.candidates().map_or_else(Vec::new, |candidates| {
                    self.state.warm(candidates, &print, now)
                });
                // The record holds the candidates, too, so to edit them is to copy them.
                if !warm.is_empty() {
                    cx.edit_candidates(|candidates| state_facts(candidates, &warm));
                }
                (print, warm)
            });
            if !warm.is_empty() {
                report.decided(cx);
            }
            (!print.is_empty()).then(|| Memory::new(Arc::clone(&self.state), report, print, warm))
        })
    }
}

/// Says of each candidate what it holds, and prefers the home of the conversation.
fn state_facts(candidates: &mut Candidates, warm: &[Warm]) {
    // Before all others in a mere order; next to nothing in a sum of money or time.
    let places = candidates.len() as f64;
    for candidate in candidates.iter_mut() {
        let slot = candidate.endpoint().slot;
        if let Some(known) = warm.iter().find(|known| known.slot == slot) {
            candidate.term(BY, Term::CachedTokens(known.tokens));
            if known.home {
                candidate.term(BY, Term::Bias(-places));
            }
        }
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
