//! The service: asks for admission, and sends the permit along.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;
use towerman_core::{Body, BoxError, Outcome, RouteContext, Slotted, policy::BreakerRules};

use crate::{
    ResponseBody, ResponseFuture,
    gate::Gate,
    permit::{Permit, Rules},
};

/// Refuses calls to endpoints that keep failing. See the [crate docs](crate).
#[derive(Clone, Debug)]
pub struct Breaker<S> {
    inner: S,
    rules: Arc<BreakerRules>,
    circuits: Arc<Slotted<Gate>>,
}

impl<S> Breaker<S> {
    pub(crate) const fn new(
        inner: S,
        rules: Arc<BreakerRules>,
        circuits: Arc<Slotted<Gate>>,
    ) -> Self {
        Self {
            inner,
            rules,
            circuits,
        }
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

impl<S, B> Service<Request<Body>> for Breaker<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes>,
{
    type Response = Response<ResponseBody<B>>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // Which circuit it will be is known only once the request is here.
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<Body>) -> ResponseFuture<S::Future> {
        let admission = RouteContext::edit(&mut request, |cx| {
            // It asks no model: how it ends says nothing about one.
            if cx.is_foreign() {
                return None;
            }
            let rules = match cx.policy() {
                Some(policy) => Rules::Policy(Arc::clone(policy)),
                None => Rules::Layer(Arc::clone(&self.rules)),
            };
            Some((cx.attempt_or_begin(), rules))
        });
        let Some((attempt, rules)) = admission else {
            return ResponseFuture::new(self.inner.call(request), None);
        };
        match Permit::ask(&self.circuits, Arc::clone(&attempt), rules) {
            Ok(permit) => ResponseFuture::new(self.inner.call(request), Some(permit)),
            Err(error) => {
                // It was no attempt after all, and must not read as a success.
                attempt.note(|facts| facts.outcome = Some(Outcome::Cancelled));
                ResponseFuture::refused(error)
            }
        }
    }
}
