//! The future of the edge: read, ask for readiness, call.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{HeaderName, HeaderValue, Request, Response, header};
use pin_project_lite::pin_project;
use tokio::sync::OwnedSemaphorePermit;
use tower_http::on_early_drop::OnEarlyDropGuard;
use tower_service::Service;
use towerman_core::{Body, BoxError, Fault, FaultKind, Losses, RouteContext};
use towerman_wire::ask;

use crate::{
    EdgeLayer, ResponseBody,
    body::Left,
    guarded::Panicked,
    request_id,
    upload::Upload,
    voice::{LOSSES, Voice, Wish, too_large, too_late},
};

const ROUTE: HeaderName = HeaderName::from_static("x-towerman-route");

pin_project! {
    /// The future of [`Speak`](crate::Speak).
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<Body>>,
    {
        #[pin]
        state: State<S, B, S::Future>,
        voice: Voice,
        left: Option<OnEarlyDropGuard<Left>>,
        room: Option<OwnedSemaphorePermit>,
        max_body: usize,
        max_upload: Duration,
        route_header: bool,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, B, F> {
        Collect {
            #[pin]
            body: B,
            read: Read,
            head: Option<(S, Request<()>)>,
            // Once the body must be waited for.
            upload: Option<Upload>,
        },
        Ready { inner: S, request: Option<Request<Body>> },
        Call { #[pin] call: F },
        Refused { response: Option<Response<Body>> },
    }
}

/// What was read of the body.
enum Read {
    /// At most one frame: no copy.
    One(Bytes),
    Many(BytesMut),
}

impl<S, B> ResponseFuture<S, B>
where
    S: Service<Request<Body>>,
{
    pub(crate) fn collect(
        inner: S,
        request: Request<B>,
        room: OwnedSemaphorePermit,
        voice: Voice,
        layer: &EdgeLayer,
    ) -> Self {
        let (parts, body) = request.into_parts();
        let state = State::Collect {
            body,
            read: Read::One(Bytes::new()),
            head: Some((inner, Request::from_parts(parts, ()))),
            upload: None,
        };
        let mut collect = Self::new(state, voice, layer);
        collect.room = Some(room);
        collect
    }

    pub(crate) fn ready(inner: S, request: Request<Body>, voice: Voice, layer: &EdgeLayer) -> Self {
        Self::new(
            State::Ready {
                inner,
                request: Some(request),
            },
            voice,
            layer,
        )
    }

    pub(crate) fn refused(fault: &Fault, voice: Voice, layer: &EdgeLayer) -> Self {
        let response = Some(voice.refuse(fault));
        Self::new(State::Refused { response }, voice, layer)
    }

    fn new(state: State<S, B, S::Future>, voice: Voice, layer: &EdgeLayer) -> Self {
        let left = Some(OnEarlyDropGuard::new(Left(voice.report.clone())));
        Self {
            state,
            voice,
            left,
            room: None,
            max_body: layer.max_body,
            max_upload: layer.max_upload,
            route_header: layer.route_header,
        }
    }
}

impl<S, B, R> Future for ResponseFuture<S, B>
where
    S: Service<Request<Body>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
    R: http_body::Body<Data = Bytes>,
    R::Error: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody<R>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let voice = &*this.voice;
        let _entered = voice.span.enter();
        loop {
            let answered = match this.state.as_mut().project() {
                StateProj::Collect {
                    body,
                    read,
                    head,
                    upload,
                } => {
                    let whole = match poll_collect(body, read, *this.max_body, cx) {
                        Poll::Ready(whole) => whole,
                        Poll::Pending => {
                            let upload = upload.get_or_insert_with(|| {
                                if let Some((_, head)) = head {
                                    // The client may leave, and shall not do so namelessly.
                                    voice.report.decided(RouteContext::of(head));
                                }
                                Upload::begin(*this.max_upload)
                            });
                            ready!(upload.poll_late(read.len(), cx));
                            Err(too_late())
                        }
                    };
                    let Some((inner, head)) = head.take() else {
                        return Poll::Pending;
                    };
                    match ask(head, whole, voice) {
                        Ok(request) => {
                            let request = Some(request);
                            this.state.set(State::Ready { inner, request });
                            continue;
                        }
                        Err(fault) => Err(voice.refuse(&fault)),
                    }
                }
                StateProj::Ready { inner, request } => match inner.poll_ready(cx) {
                    Poll::Pending => {
                        if let Some(request) = request {
                            voice.report.decided(RouteContext::of(request));
                        }
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(())) => {
                        let Some(request) = request.take() else {
                            return Poll::Pending;
                        };
                        let call = inner.call(request);
                        this.state.set(State::Call { call });
                        continue;
                    }
                    Poll::Ready(Err(error)) => Err(voice.answer(error.into().as_ref())),
                },
                StateProj::Call { call } => {
                    ready!(call.poll(cx)).map_err(|error| voice.answer(error.into().as_ref()))
                }
                StateProj::Refused { response } => match response.take() {
                    Some(response) => Err(response),
                    None => return Poll::Pending,
                },
            };
            let own = match answered {
                Ok(response) if response.extensions().get::<Panicked>().is_some() => {
                    let fault = Fault::new(FaultKind::Internal, "the request could not be served");
                    voice.refuse(&fault)
                }
                Ok(response) => {
                    let (left, room) = (this.left.take(), this.room.take());
                    let answer = ResponseBody::around(response, voice, left, room);
                    return Poll::Ready(Ok(if voice.foreign {
                        answer
                    } else {
                        finish(answer, voice, *this.route_header)
                    }));
                }
                Err(own) => own,
            };
            if let Some(left) = this.left {
                left.completed();
            }
            let answer = own.map(ResponseBody::own);
            return Poll::Ready(Ok(finish(answer, voice, *this.route_header)));
        }
    }
}

impl Read {
    fn len(&self) -> usize {
        match self {
            Self::One(one) => one.len(),
            Self::Many(many) => many.len(),
        }
    }
}

/// Reads the body into one piece.
fn poll_collect<B>(
    mut body: Pin<&mut B>,
    read: &mut Read,
    limit: usize,
    cx: &mut Context<'_>,
) -> Poll<Result<Bytes, Fault>>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    while let Some(frame) = ready!(body.as_mut().poll_frame(cx)) {
        let frame = frame.map_err(|error| {
            Fault::new(FaultKind::InvalidRequest, "the body broke off").because(error)
        });
        // Trailers are of no use here.
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        let size = read.len();
        if size + data.len() > limit {
            return Poll::Ready(Err(too_large(limit)));
        }
        match read {
            Read::One(one) if one.is_empty() => *one = data,
            Read::One(one) => {
                // What is still to come, as far as it is known: so that it is copied once. A length
                // is a claim, so a large one is not believed at once.
                let rest = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
                let mut many = BytesMut::with_capacity(size + data.len() + rest.min(1 << 20));
                many.extend_from_slice(one);
                many.extend_from_slice(&data);
                *read = Read::Many(many);
            }
            Read::Many(many) => many.extend_from_slice(&data),
        }
    }
    Poll::Ready(Ok(match mem::replace(read, Read::One(Bytes::new())) {
        Read::One(one) => one,
        Read::Many(many) => many.freeze(),
    }))
}

/// Reads what the body asks for.
fn ask(
    head: Request<()>,
    whole: Result<Bytes, Fault>,
    voice: &Voice,
) -> Result<Request<Body>, Fault> {
    let asked = whole.and_then(|body| {
        let read = || ask::read_at(&voice.door, &body);
        Ok((voice.report.step("read", read)?, body))
    });
    match asked {
        Ok((mut ask, body)) => {
            ask.strict = voice.losses == Some(Wish::Strict);
            let mut request = head.map(|()| Body::from(body));
            RouteContext::edit(&mut request, |cx| cx.set_ask(Arc::new(ask)));
            Ok(request)
        }
        Err(fault) => {
            // Nobody further in will say what it was.
            voice.report.decided(RouteContext::of(&head));
            Err(fault)
        }
    }
}

/// What every answer carries that is ours, or a model's.
fn finish<R>(mut response: Response<R>, voice: &Voice, route_header: bool) -> Response<R> {
    let headers = response.headers_mut();
    if let Some(id) = &voice.request_id {
        headers
            .entry(request_id::HEADER)
            .or_insert_with(|| id.clone());
    }
    if let Some(value) = route_header.then(|| route(voice)).flatten() {
        headers.insert(ROUTE, value);
    }
    if let Some(value) = voice.losses.and_then(|_| losses(voice)) {
        headers.insert(LOSSES, value);
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response.extensions_mut().insert(voice.report.clone());
    response
}

/// What the request lost on its way to whoever answered: the first few places, as
/// `dropped /user, mapped /stop`. `none` if it was told as it was said.
fn losses(voice: &Voice) -> Option<HeaderValue> {
    const PLACES: usize = 16;
    let answer = voice.report.answer()?;
    let places = answer.note(|facts| {
        let list = facts.losses.as_deref().map_or(&[][..], Losses::list);
        let told = list.iter().take(PLACES);
        let told = told.map(|loss| format!("{} {}", loss.tier.as_str(), loss.pointer));
        told.collect::<Vec<_>>().join(", ")
    });
    match &*places {
        "" => Some(HeaderValue::from_static("none")),
        places => HeaderValue::from_str(places).ok(),
    }
}

/// `endpoint`, and how many attempts it took if it was more than one.
fn route(voice: &Voice) -> Option<HeaderValue> {
    let answer = voice.report.answer()?;
    let endpoint = &answer.endpoint().name;
    match answer.number() {
        1 => HeaderValue::from_str(endpoint).ok(),
        number => HeaderValue::try_from(format!("{endpoint}; attempts={number}")).ok(),
    }
}

impl<S, B> fmt::Debug for ResponseFuture<S, B>
where
    S: Service<Request<Body>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("voice", &self.voice)
            .finish_non_exhaustive()
    }
}
