//! The service: a provider, or the wrapped service.

use std::{
    future::{Ready, ready},
    task::{Context, Poll},
    time::SystemTime,
};

use http::{Request, Response};
use tower_service::Service;
use towerman_core::{Body, BoxError, Fault, FaultKind, Phase, RouteContext, Target};

use crate::{Client, ResponseBody, ResponseFuture, address::Wanted, head, sign};

/// Sends attempts to their endpoints. See the [crate docs](crate).
#[derive(Clone, Debug)]
pub struct Upstream<S = Nothing> {
    inner: S,
    client: Client,
}

/// The wrapped service of a stack that wraps none: refuses with 404 what nothing routed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

// === impl Upstream ===

impl Upstream {
    /// The end of a stack that only calls providers.
    pub fn new() -> Self {
        Self::around(Nothing, Client::new())
    }
}

impl<S> Upstream<S> {
    /// Wraps `inner`, and calls providers with `client`.
    pub const fn around(inner: S, client: Client) -> Self {
        Self { inner, client }
    }

    /// The wrapped service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The wrapped service, mutably.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The wrapped service, consuming the client.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl Default for Upstream {
    fn default() -> Self {
        Self::new()
    }
}

impl<S, B> Service<Request<Body>> for Upstream<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<B>>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<Body>) -> ResponseFuture<S::Future> {
        let cx = RouteContext::of(&request);
        let Some(attempt) = cx.attempt().cloned() else {
            return ResponseFuture::inner(self.inner.call(request));
        };
        let provider = &attempt.endpoint().provider;
        let Target::Url(base) = &provider.target else {
            attempt.advance(Phase::Sent);
            return ResponseFuture::inner(self.inner.call(request));
        };
        let spoken = cx.dialect();
        let wanted = Wanted {
            operation: attempt.operation(),
            model: &attempt.endpoint().model,
            form: cx.ask().map(|ask| ask.form()).unwrap_or_default(),
        };
        // Not for the network: the client hands extensions to its connection task.
        request.extensions_mut().clear();
        let built = head::build(request, provider, base, spoken, wanted);
        let signed = built.and_then(|mut request| {
            if let Some(signing) = &provider.signing {
                sign::sign(&mut request, signing, SystemTime::now())?;
            }
            Ok(request)
        });
        match signed {
            Ok(request) => {
                attempt.advance(Phase::Sent);
                let call = self.client.0.request(request);
                ResponseFuture::remote(call, attempt)
            }
            Err(fault) => ResponseFuture::refused(fault.into()),
        }
    }
}

// === impl Nothing ===

impl Service<Request<Body>> for Nothing {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Ready<Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        // The path is the client's own text, so it is not quoted: a fault ends up in records too.
        let message = "nothing is served at this path";
        ready(Err(Fault::new(FaultKind::NotFound, message).into()))
    }
}
