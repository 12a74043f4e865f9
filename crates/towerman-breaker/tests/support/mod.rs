//! A provider that answers as it is told, and requests on their way to it.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::time::{Sleep, sleep};
use tower::{Service, ServiceExt};
use towerman_core::{
    Attempt, Body, BoxError, Dialect, Endpoint, PolicyHandle, RouteContext,
    policy::{BreakerRules, Draft, ProviderDraft, RouteDraft},
};

pub const SECOND: Duration = Duration::from_secs(1);

pub const CONTENT: &str = "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n";
pub const ROLE: &str = "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n";
pub const DONE: &str = "data: [DONE]\n\n";
pub const ANSWER: &str = r#"{"object":"chat.completion","choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#;

/// What a body does next.
pub enum Step {
    Send(&'static str),
    Wait(Duration),
    Break,
    /// Nothing, for ever.
    Hang,
}

/// A body that follows a script, and does not know its end before it is there.
pub struct Script {
    steps: VecDeque<Step>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl http_body::Body for Script {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        loop {
            if let Some(timer) = &mut self.timer {
                std::task::ready!(timer.as_mut().poll(cx));
                self.timer = None;
            }
            match self.steps.pop_front() {
                Some(Step::Send(text)) => {
                    return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(text.as_bytes())))));
                }
                Some(Step::Wait(time)) => self.timer = Some(Box::pin(sleep(time))),
                Some(Step::Break) => return Poll::Ready(Some(Err("broken".into()))),
                Some(Step::Hang) => {
                    self.steps.push_front(Step::Hang);
                    return Poll::Pending;
                }
                None => return Poll::Ready(None),
            }
        }
    }
}

/// An event stream.
pub fn stream(steps: impl IntoIterator<Item = Step>) -> Response<Body> {
    let steps = steps.into_iter().collect();
    Response::builder()
        .header("content-type", "text/event-stream")
        .body(Body::stream(Script { steps, timer: None }))
        .unwrap()
}

/// A whole answer.
pub fn answer(status: u16, body: &'static str) -> Response<Body> {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Body::from(body))
        .unwrap()
}

/// A policy of two endpoints, `p/a` and `p/b`.
pub fn policy(rules: BreakerRules) -> PolicyHandle {
    PolicyHandle::new(draft(rules)).unwrap()
}

pub fn draft(rules: BreakerRules) -> Draft {
    Draft::new()
        .provider(ProviderDraft::url(
            "p",
            Dialect::OpenAiChat,
            "http://127.0.0.1:1",
        ))
        .route(RouteDraft::new("r", ["p/a", "p/b"]))
        .breaker(rules)
}

/// The first endpoint of `policy`.
pub fn endpoint(policy: &PolicyHandle) -> Arc<Endpoint> {
    Arc::clone(&policy.load().endpoints()[0])
}

/// A request to `endpoint`, under the policy in force.
pub fn request(policy: &PolicyHandle, endpoint: &Arc<Endpoint>) -> (Request<Body>, Arc<Attempt>) {
    let mut request = Request::new(Body::empty());
    let attempt = RouteContext::edit(&mut request, |cx| {
        cx.set_policy(policy.load());
        cx.begin_attempt(Arc::clone(endpoint), 1)
    });
    (request, attempt)
}

/// Makes a call and reads its answer to the end, if there is one.
pub async fn call<S, B>(service: &S, request: Request<Body>) -> Result<Bytes, BoxError>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError> + Clone,
    B: http_body::Body<Data = Bytes, Error = BoxError>,
{
    let response = service.clone().oneshot(request).await?;
    Ok(response.into_body().collect().await?.to_bytes())
}

/// Makes a call and reads `frames` frames of its answer, which is returned.
pub async fn begin<S, B>(service: &S, request: Request<Body>, frames: usize) -> Pin<Box<B>>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError> + Clone,
    B: http_body::Body<Data = Bytes, Error = BoxError>,
{
    let response = service.clone().oneshot(request).await.unwrap();
    let mut body = Box::pin(response.into_body());
    for _ in 0..frames {
        std::future::poll_fn(|cx| body.as_mut().poll_frame(cx))
            .await
            .unwrap()
            .unwrap();
    }
    body
}

/// Rules under which three failures in a row open the circuit, and nothing else does.
pub fn rules() -> BreakerRules {
    BreakerRules {
        consecutive: 3,
        min_calls: 1_000,
        open_for: 4 * SECOND,
        ..BreakerRules::default()
    }
}
