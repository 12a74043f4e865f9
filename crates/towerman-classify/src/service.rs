//! The service: a request with a body in, one with an owner and a class out.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use http::{HeaderMap, Request, Response, header::AUTHORIZATION};
use tower_service::Service;
use towerman_core::{Ask, Body, BoxError, Fault, FaultKind, Policy, RouteContext, Tenant};

use crate::{
    ClassifyLayer, ResponseFuture,
    cohort::cohort,
    identity::{X_API_KEY, identify},
    session::session,
    task::task,
    urgency::priority,
};

/// Says who asks, how urgently, and what for. See the [crate docs](crate).
#[derive(Clone, Debug)]
pub struct Classify<S> {
    inner: S,
    layer: ClassifyLayer,
}

impl<S> Classify<S> {
    pub(crate) const fn new(inner: S, layer: ClassifyLayer) -> Self {
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

    fn classify(&self, request: &mut Request<Body>) -> Result<(), Fault> {
        let Some(ask) = RouteContext::of(request).ask().cloned() else {
            return self.know(request);
        };
        let now = tokio::time::Instant::now().into_std();
        // Taken off while they are read: nothing behind this layer shall see a client's key.
        let mut headers = std::mem::take(request.headers_mut());
        let result = RouteContext::edit(request, |cx| {
            let policy = cx
                .policy()
                .cloned()
                .unwrap_or_else(|| self.layer.policy.load());
            let report = cx.report().clone();
            let result = report.step("classify", || self.state(cx, &headers, &ask, &policy, now));
            cx.set_policy(policy);
            if result.is_err() {
                report.decided(cx);
            }
            result
        });
        headers.remove(AUTHORIZATION);
        headers.remove(X_API_KEY);
        headers.remove(&self.layer.header);
        *request.headers_mut() = headers;
        result
    }

    /// Says who asks for a list of models; of any other request without an ask, nothing.
    fn know(&self, request: &mut Request<Body>) -> Result<(), Fault> {
        if RouteContext::of(request).listing().is_none() {
            return Ok(());
        }
        let headers = std::mem::take(request.headers_mut());
        let known = RouteContext::edit(request, |cx| {
            let policy = cx
                .policy()
                .cloned()
                .unwrap_or_else(|| self.layer.policy.load());
            let tenant = match known(cx) {
                Some(tenant) => Ok(Arc::clone(tenant)),
                None => identify(&headers, &policy),
            };
            cx.set_policy(policy);
            tenant.map(|tenant| cx.set_tenant(tenant))
        });
        *request.headers_mut() = headers;
        known
    }

    /// Puts what the request says into its context.
    fn state(
        &self,
        cx: &mut RouteContext,
        headers: &HeaderMap,
        ask: &Ask,
        policy: &Policy,
        now: Instant,
    ) -> Result<(), Fault> {
        let tenant = match known(cx) {
            Some(tenant) => Arc::clone(tenant),
            None => identify(headers, policy)?,
        };
        cx.set_tenant(Arc::clone(&tenant));
        if !tenant.may_use(&ask.model) {
            let message = format!("this key may not use the model \"{}\"", ask.model);
            return Err(Fault::new(FaultKind::Permission, message).param("model"));
        }
        let (priority, too_much) = priority(headers, &self.layer.header, &tenant)?;
        cx.set_priority(priority);
        if let Some(asked) = too_much {
            cx.report().note(format!(
                "priority clamped to {priority}: {asked} is above the tenant's ceiling"
            ));
        }
        if let Some(session) = session(headers, ask)? {
            cx.set_session(session);
        }
        // With neither, all requests of a tenant would share one bucket: better none.
        if let Some(name) = cx.session().or_else(|| cx.request_id()).cloned() {
            cx.set_cohort(cohort(&tenant.name, &name));
        }
        cx.set_task(task(ask));
        // A class may be given more time than a clock can count; then there is no deadline.
        let ours = now.checked_add(policy.class(priority).deadline);
        if let Some(deadline) = ours.into_iter().chain(cx.deadline()).min() {
            cx.set_deadline(deadline);
        }
        Ok(())
    }
}

/// The tenant that an outer layer has named: whoever wrote the stack trusts it to know.
fn known(cx: &RouteContext) -> Option<&Arc<Tenant>> {
    // Nobody is known by being anonymous: such a request shows a key like any other.
    Some(cx.tenant()).filter(|tenant| !Arc::ptr_eq(tenant, Tenant::anonymous()))
}

impl<S, B> Service<Request<Body>> for Classify<S>
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
        match self.classify(&mut request) {
            Ok(()) => ResponseFuture::call(self.inner.call(request)),
            Err(fault) => ResponseFuture::refused(fault),
        }
    }
}
