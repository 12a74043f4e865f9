//! The service that reads requests and speaks to clients.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Method, Request, Response};
use tower_service::Service;
use towerman_core::{Body, BoxError, Door, Operation, RouteContext};
use towerman_wire::models;
use tracing::Span;

use crate::{
    EdgeLayer, ResponseBody, ResponseFuture, request_id,
    voice::{Voice, Wish, check_head, full},
};

/// The middle of an [`Edge`](crate::Edge): reads the body, finds the dialect, answers errors.
#[derive(Clone, Debug)]
pub struct Speak<S> {
    inner: S,
    layer: EdgeLayer,
}

impl<S> Speak<S> {
    pub(crate) const fn new(inner: S, layer: EdgeLayer) -> Self {
        Self { inner, layer }
    }

    /// The inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }
}

impl<S, B, R> Service<Request<B>> for Speak<S>
where
    S: Service<Request<Body>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    R: http_body::Body<Data = Bytes>,
    R::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = Infallible;
    type Future = ResponseFuture<S, B>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // The inner service is readied once the body is here; see the crate docs.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> ResponseFuture<S, B> {
        let uri = request.uri();
        let door = Door::find(uri.path(), uri.query()).map(Door::into_owned);
        let voice = speak_to(&mut request, door);
        if voice.foreign
            && self.layer.models
            && request.method() == Method::GET
            && let Some(listing) = models::asked(voice.door.dialect, request.uri().path())
        {
            RouteContext::edit(&mut request, |cx| cx.set_listing(listing));
        }
        let (inner, layer) = (self.inner.clone(), &self.layer);
        if voice.foreign {
            let request = request.map(Body::stream);
            return ResponseFuture::ready(inner, request, voice, layer);
        }
        let refused = match check_head(&request, layer.max_body) {
            Ok(()) => match Arc::clone(&layer.room).try_acquire_owned() {
                Ok(room) => return ResponseFuture::collect(inner, request, room, voice, layer),
                Err(_) => full(),
            },
            Err(fault) => fault,
        };
        // So that a request that is refused here has a name in the records.
        voice.report.decided(RouteContext::of(&request));
        ResponseFuture::refused(&refused, voice, layer)
    }
}

/// Finds out how the request's client is spoken to, and opens its report.
fn speak_to<B>(request: &mut Request<B>, door: Option<Door<'static>>) -> Voice {
    let foreign = door.is_none();
    let losses = Wish::of(request.headers());
    let request_id = request.headers().get(request_id::HEADER).cloned();
    let name = request_id.as_ref().and_then(|id| id.to_str().ok());
    let report = RouteContext::edit(request, |cx| {
        if let Some(name) = name {
            cx.set_request_id(name);
        }
        let report = cx.report().clone();
        if foreign {
            cx.set_foreign();
            // Nobody further in will say what it is.
            report.decided(cx);
        }
        report
    });
    let span = if foreign {
        // Its logs are its owner's.
        Span::none()
    } else {
        tracing::debug_span!(target: "towerman::edge", "request", request_id = name)
    };
    let door =
        door.unwrap_or_else(|| Door::plain(Voice::guess(request.headers()), Operation::default()));
    Voice {
        door,
        losses,
        foreign,
        request_id,
        report,
        span,
    }
}
