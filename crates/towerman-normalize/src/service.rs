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
    Ask, Attempt, Body, BoxError, Dialect, Fault, FaultKind, Losses, Operation, Provider,
    RouteContext, Target, Tier,
};
use towerman_wire::{
    ask, counts, edit,
    translate::{self, Job},
    vectors,
};

use crate::{
    ResponseBody, ResponseFuture,
    future::{Due, Exchange},
};

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
                due: Due::NOTHING,
                tell_limits: self.tell_limits,
            };
            return ResponseFuture::new(self.inner.call(request), Some(exchange));
        }
        let id = cx.request_id().cloned();
        let report = cx.try_report().cloned().unwrap_or_default();
        match report.step("normalize", || forth(request, &ask, &attempt)) {
            Ok(Sent { request, ask, due }) => {
                let exchange = Exchange {
                    ask: Some(ask),
                    attempt,
                    id,
                    due,
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
    due: Due,
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
    let (mut due, mut many) = (Due::NOTHING, ask.many);
    let job = Job {
        stream: ask.stream,
        strict: ask.strict,
        schemas: endpoint.capabilities.schemas,
        samples: samples(&endpoint.provider),
        ..Job::new(ask.dialect, provider, &endpoint.model)
    };
    // Reasoning that another provider made would be refused by this one: it is taken out.
    let generates = ask.operation == Operation::Generate;
    let as_it_is = provider == ask.dialect
        && !(generates && (ask.foreign_reasoning || translate::becomes_tool(&job, &bytes)));
    let told = if as_it_is {
        edit::forward(&ask, &bytes, &endpoint.model, profile)
    } else {
        let translated = match ask.operation {
            Operation::Generate => translate::translate(&job, &bytes).map(|told| {
                let (cut, answer_tool) = (told.cut, told.answer_tool);
                due = Due::Answer { cut, answer_tool };
                (told.body, told.losses)
            }),
            Operation::Embed => vectors::request(&job, &bytes).map(|wanted| {
                many = wanted.many;
                due = Due::Vectors(wanted.told);
                (wanted.body, wanted.losses)
            }),
            Operation::Count => {
                due = Due::Count;
                counts::request(&job, &bytes)
            }
            other => Err(other.missing()),
        };
        translated.and_then(|(body, mut losses)| {
            let body = edit::bent(body, profile, &mut losses)?;
            Ok((body, losses))
        })
    };
    let told = told.and_then(|(body, losses)| match dropped(&losses) {
        // A host's accent drops things, too.
        Some(fault) if ask.strict => Err(fault),
        _ => Ok((body, losses)),
    });
    let (body, losses) = told.inspect_err(|fault| refused(attempt, fault))?;
    tell(attempt, losses);
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
    Ok(Sent { request, ask, due })
}

/// Whether a provider takes temperature and its like: all do, but for Anthropic's newer API, if the
/// policy says that it is spoken. Versions are dates, and dates of this form sort as they are.
fn samples(provider: &Provider) -> bool {
    const WITHOUT: &[u8] = b"2026-10-21";
    let version = provider.headers.get("anthropic-version");
    provider.dialect != Dialect::Anthropic
        || version.is_none_or(|version| version.as_bytes() < WITHOUT)
}

/// What a client is told who wants nothing dropped, if anything was.
fn dropped(losses: &Losses) -> Option<Fault> {
    let lost = losses
        .list()
        .iter()
        .find(|loss| loss.tier == Tier::Dropped)?;
    let at = &*lost.pointer;
    let message = format!("{at} cannot be said to this model, and nothing may be lost");
    Some(Fault::new(FaultKind::InvalidRequest, message).param(at.to_owned()))
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
