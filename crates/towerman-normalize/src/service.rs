//! The service: what leaves is in the endpoint's dialect.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::{Bytes, BytesMut};
use http::{Request, Response, header};
use http_body::Body as _;
use tower_service::Service;
use towerman_core::{
    Ask, Attempt, Body, BoxError, Fault, FaultKind, Losses, Operation, RouteContext, Target, Tier,
};
use towerman_wire::{
    ask, edit,
    translate::{self, Job},
    vectors,
};

use crate::{ResponseBody, ResponseFuture, future::Exchange};

/// Translates between the client's dialect and the endpoint's. See the [crate docs](crate).
#[derive(Clone, Debug)]
pub struct Normalize<S> {
    inner: S,
    tell_limits: bool,
}

impl<S> Normalize<S> {
    pub(crate) const fn new(inner: S, tell_limits: bool) -> Self {
        Self { inner, tell_limits }
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

impl<S, B> Service<Request<Body>> for Normalize<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<B>>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> ResponseFuture<S::Future> {
        let cx = RouteContext::of(&request);
        let (Some(ask), Some(attempt)) = (cx.ask().cloned(), cx.attempt().cloned()) else {
            return ResponseFuture::new(self.inner.call(request), None);
        };
        if attempt.endpoint().is_unrouted() {
            let exchange = Exchange {
                ask: None,
                attempt,
                id: None,
                cut: Vec::new(),
                answer_tool: None,
                vectors: None,
                tell_limits: self.tell_limits,
            };
            return ResponseFuture::new(self.inner.call(request), Some(exchange));
        }
        let id = cx.request_id().cloned();
        let report = cx.try_report().cloned().unwrap_or_default();
        match report.step("normalize", || forth(request, &ask, &attempt)) {
            Ok(Sent {
                request,
                ask,
                cut,
                answer_tool,
                vectors,
            }) => {
                let exchange = Exchange {
                    ask: Some(ask),
                    attempt,
                    id,
                    cut,
                    answer_tool,
                    vectors,
                    tell_limits: self.tell_limits,
                };
                ResponseFuture::new(self.inner.call(request), Some(exchange))
            }
            Err(fault) => ResponseFuture::refused(fault),
        }
    }
}

/// A request that leaves.
struct Sent {
    request: Request<Body>,
    /// What it asks for.
    ask: Arc<Ask>,
    /// The stop sequences to watch its answer for.
    cut: Vec<String>,
    /// The tool whose input is the answer.
    answer_tool: Option<String>,
    /// How the client wants its vectors, if that is what it asked for.
    vectors: Option<vectors::Told>,
}

/// The request as the endpoint understands it.
fn forth(request: Request<Body>, ask: &Arc<Ask>, attempt: &Attempt) -> Result<Sent, Fault> {
    let endpoint = attempt.endpoint();
    let provider = endpoint.provider.dialect;
    let (mut parts, body) = request.into_parts();
    // A layer in between may have edited the body, or put another in its place.
    let bytes = whole(&body).ok_or_else(|| unreadable("it is a stream"))?;
    let ask = ask::current(ask, &bytes).map_err(unreadable)?;
    let profile = endpoint.provider.profile;
    let (mut cut, mut answer_tool, mut vectors) = (Vec::new(), None, None);
    let mut many = ask.many;
    let job = Job {
        stream: ask.stream,
        strict: ask.strict,
        schemas: endpoint.capabilities.schemas,
        ..Job::new(ask.dialect, provider, &endpoint.model)
    };
    // Reasoning that another provider made would be refused by this one: it is taken out.
    let generates = ask.operation == Operation::Generate;
    let as_it_is = provider == ask.dialect
        && !(generates && (ask.foreign_reasoning || translate::becomes_tool(&job, &bytes)));
    let body = if as_it_is {
        let (body, losses) = edit::forward(&ask, &bytes, &endpoint.model, profile)
            .inspect_err(|fault| refused(attempt, fault))?;
        tell(attempt, losses);
        body
    } else if ask.operation == Operation::Embed {
        let wanted = vectors::request(&job, &bytes).and_then(|mut wanted| {
            let body = edit::bent(wanted.body.clone(), profile, &mut wanted.losses)?;
            Ok((body, wanted))
        });
        let (body, wanted) = wanted.inspect_err(|fault| refused(attempt, fault))?;
        vectors = Some(wanted.told);
        tell(attempt, wanted.losses);
        many = wanted.many;
        body
    } else if !generates {
        return Err(ask.operation.missing());
    } else {
        let translated = translate::translate(&job, &bytes).and_then(|mut told| {
            let body = edit::bent(told.body.clone(), profile, &mut told.losses)?;
            Ok((body, told))
        });
        let (body, translated) = translated.inspect_err(|fault| refused(attempt, fault))?;
        (cut, answer_tool) = (translated.cut, translated.answer_tool);
        tell(attempt, translated.losses);
        body
    };
    // On the wire the length is the client's to say; a service of one's own is told by this.
    if let Target::Inner = endpoint.provider.target
        && let Some(length) = parts.headers.get_mut(header::CONTENT_LENGTH)
        && let Some(exact) = body.size_hint().exact()
    {
        *length = exact.into();
    }
    let mut request = Request::from_parts(parts, body);
    if many != ask.many {
        // What leaves has a path of its own.
        let mut sent = Ask::clone(&ask);
        sent.many = many;
        RouteContext::edit(&mut request, |cx| cx.set_ask(Arc::new(sent)));
    }
    Ok(Sent {
        request,
        ask,
        cut,
        answer_tool,
        vectors,
    })
}

/// Writes down what was changed.
fn tell(attempt: &Attempt, losses: Losses) {
    if !losses.is_empty() {
        attempt.note(|facts| facts.losses = Some(Box::new(losses)));
    }
}

/// Writes down what cannot be said to this endpoint.
fn refused(attempt: &Attempt, fault: &Fault) {
    let mut losses = Losses::default();
    let what = "cannot be said to this endpoint";
    losses.add(fault.named_param().unwrap_or_default(), Tier::Refused, what);
    tell(attempt, losses);
}

/// The bytes of a body that is held, in one piece.
fn whole(body: &Body) -> Option<Bytes> {
    if let Some(bytes) = body.bytes() {
        return Some(bytes.clone());
    }
    // Only what is held can be had again, and only that never waits.
    let mut pieces = body.try_clone()?;
    let mut bytes = BytesMut::new();
    let mut cx = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(frame)) = pin!(&mut pieces).poll_frame(&mut cx) {
        bytes.extend_from_slice(&frame.ok()?.into_data().ok()?);
    }
    Some(bytes.freeze())
}

/// No mistake of the client's: its own body was read at the edge.
fn unreadable(why: impl Into<BoxError>) -> Fault {
    let message = "the request was changed into one that cannot be read";
    Fault::new(FaultKind::Internal, message).because(why)
}
