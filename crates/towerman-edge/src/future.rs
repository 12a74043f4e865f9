//! The future of the edge: read, ask for readiness, call.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response, header};
use pin_project_lite::pin_project;
use tower_http::on_early_drop::OnEarlyDropGuard;
use tower_service::Service;
use towerman_core::{Body, BoxError, Fault, FaultKind, RouteContext};
use towerman_wire::ask;

use crate::{
    EdgeLayer, ResponseBody,
    body::Left,
    guarded::Panicked,
    voice::{Voice, too_large},
};

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
        max_body: usize,
        route_header: bool,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, B, F> {
        Collect { #[pin] body: B, read: Read, head: Option<(S, Request<()>)> },
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
    pub(crate) fn collect(inner: S, request: Request<B>, voice: Voice, layer: &EdgeLayer) -> Self {
        let (parts, body) = request.into_parts();
        let head = Some((inner, Request::from_parts(parts, ())));
        Self::new(
            State::Collect {
                body,
                read: Read::One(Bytes::new()),
                head,
            },
            voice,
            layer,
        )
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
            max_body: layer.max_body,
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
        loop {
            let answered = match this.state.as_mut().project() {
                StateProj::Collect { body, read, head } => {
                    match ready!(poll_collect(body, read, *this.max_body, cx)) {
                        Ok(body) => {
                            let Some((inner, head)) = head.take() else {
                                return Poll::Pending;
                            };
                            match ask(head, body, this.voice) {
                                Ok(request) => {
                                    this.state.set(State::Ready {
                                        inner,
                                        request: Some(request),
                                    });
                                    continue;
                                }
                                Err(fault) => Err(this.voice.refuse(&fault)),
                            }
                        }
                        Err(fault) => Err(this.voice.refuse(&fault)),
                    }
                }
                StateProj::Ready { inner, request } => match ready!(inner.poll_ready(cx)) {
                    Ok(()) => {
                        let Some(request) = request.take() else {
                            return Poll::Pending;
                        };
                        let call = inner.call(request);
                        this.state.set(State::Call { call });
                        continue;
                    }
                    Err(error) => Err(this.voice.answer(error.into().as_ref())),
                },
                StateProj::Call { call } => {
                    ready!(call.poll(cx)).map_err(|error| this.voice.answer(error.into().as_ref()))
                }
                StateProj::Refused { response } => match response.take() {
                    Some(response) => Err(response),
                    None => return Poll::Pending,
                },
            };
            let answer = match answered {
                Ok(response) if response.extensions().get::<Panicked>().is_some() => {
                    let fault = Fault::new(FaultKind::Internal, "the request could not be served");
                    this.voice.refuse(&fault).map(ResponseBody::own)
                }
                Ok(response) => {
                    let left = this.left.take();
                    ResponseBody::around(response, this.voice.clone(), left)
                }
                Err(own) => own.map(ResponseBody::own),
            };
            if let Some(left) = this.left {
                left.completed();
            }
            return Poll::Ready(Ok(finish(answer, this.voice, *this.route_header)));
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
        let size = match &*read {
            Read::One(one) => one.len(),
            Read::Many(many) => many.len(),
        };
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
fn ask(head: Request<()>, body: Bytes, voice: &Voice) -> Result<Request<Body>, Fault> {
    let ask = voice
        .report
        .step("read", || ask::read(voice.dialect, &body))?;
    let mut request = head.map(|()| Body::from(body));
    RouteContext::edit(&mut request, |cx| {
        cx.set_ask(Arc::new(ask));
        voice.report.decided(cx);
    });
    Ok(request)
}

/// What every answer carries.
fn finish<R>(mut response: Response<R>, voice: &Voice, route_header: bool) -> Response<R> {
    if let Some(value) = route_header.then(|| route(voice)).flatten() {
        response.headers_mut().insert("x-towerman-route", value);
    }
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response.extensions_mut().insert(voice.report.clone());
    response
}

/// `endpoint`, and how many attempts it took if it was more than one.
fn route(voice: &Voice) -> Option<HeaderValue> {
    let attempts = voice.report.attempts();
    let last = attempts.last()?;
    let endpoint = &last.endpoint().name;
    let text = match attempts.len() {
        1 => endpoint.to_string(),
        count => format!("{endpoint}; attempts={count}"),
    };
    HeaderValue::try_from(text).ok()
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
