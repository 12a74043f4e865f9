//! The stack over a service in memory, for benchmarks and for counting allocations.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{ServiceBuilder, ServiceExt, service_fn, util::BoxCloneSyncService};
use towerman::{
    core::{
        BoxError, Dialect, PolicyHandle, Price,
        policy::{Draft, EndpointDraft, ProviderDraft, RouteDraft},
    },
    prelude::*,
};

/// A prompt of a kilobyte.
pub const PROMPT_1K: usize = 1_000;
/// A prompt of a hundred kilobytes.
pub const PROMPT_100K: usize = 100_000;

const WHOLE: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"The quick brown fox jumps over the lazy dog."},"finish_reason":"stop"}],"usage":{"prompt_tokens":250,"completion_tokens":10,"total_tokens":260,"prompt_tokens_details":{"cached_tokens":128}}}"#;
const EVENT: &str = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word \"},\"finish_reason\":null}],\"usage\":null}\n\n";
const END: &str = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\ndata: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":250,\"completion_tokens\":20,\"total_tokens\":270}}\n\ndata: [DONE]\n\n";
const EVENTS: usize = 20;

type Boxed = BoxCloneSyncService<
    Request<Full<Bytes>>,
    Response<http_body_util::combinators::UnsyncBoxBody<Bytes, BoxError>>,
    BoxError,
>;

/// A service to measure.
#[derive(Clone, Debug)]
pub struct Harness(Boxed);

impl Harness {
    /// The service in memory alone, boxed as the stack is.
    pub fn bare() -> Self {
        let service = service_fn(|request: Request<Full<Bytes>>| async move {
            let (parts, body) = request.into_parts();
            answer(Request::from_parts(
                parts,
                Body::from(body.collect().await.unwrap_or_default().to_bytes()),
            ))
            .await
        });
        Self(BoxCloneSyncService::new(service.map_response(boxed)))
    }

    /// The whole stack around it.
    pub fn full() -> Self {
        let price = Price {
            input: 1_250_000,
            cache_read: 125_000,
            output: 10_000_000,
            ..Price::default()
        };
        let draft = Draft::new()
            .provider(ProviderDraft::inner("a", Dialect::OpenAiChat))
            .provider(ProviderDraft::inner("b", Dialect::OpenAiChat))
            .endpoint(EndpointDraft::new("a/m").price(price))
            .route(RouteDraft::new("chat", ["a/m", "b/m"]));
        let policy = PolicyHandle::new(draft).unwrap_or_else(|error| unreachable!("{error}"));
        let stack = ServiceBuilder::new()
            .map_response(boxed)
            .map_err(|never: std::convert::Infallible| match never {})
            .layer(TelemetryLayer::new(&policy))
            .layer(EdgeLayer::new())
            .layer(ClassifyLayer::new(&policy))
            .layer(RouteLayer::new(&policy))
            .layer(AffinityLayer::new())
            .layer(FailoverLayer::new())
            .layer(BreakerLayer::new())
            .layer(CostLayer::new(()))
            .layer(NormalizeLayer::new())
            .layer(UpstreamLayer::new())
            .service(service_fn(answer));
        Self(BoxCloneSyncService::new(stack))
    }

    /// One request with a whole answer; the answer's bytes.
    pub async fn whole(&self, prompt: usize) -> usize {
        self.send(prompt, "").await
    }

    /// One request with a streamed answer; the answer's bytes.
    pub async fn stream(&self, prompt: usize) -> usize {
        self.stream_of(prompt, EVENTS).await
    }

    /// The same, of an answer of so many events and the last ones.
    pub async fn stream_of(&self, prompt: usize, events: usize) -> usize {
        let option = format!(r#","stream":true,"seed":{events}"#);
        self.send(prompt, &option).await
    }

    async fn send(&self, prompt: usize, option: &str) -> usize {
        let text = "All work and no play. ".repeat(prompt / 22);
        let body = format!(
            r#"{{"model":"chat"{option},"messages":[{{"role":"user","content":"{text}"}}]}}"#
        );
        let request = Request::post("/v1/chat/completions").body(Full::from(body));
        let Ok(request) = request else { return 0 };
        let Ok(response) = self.0.clone().oneshot(request).await else {
            return 0;
        };
        response
            .into_body()
            .collect()
            .await
            .map_or(0, |body| body.to_bytes().len())
    }
}

fn boxed<B>(
    response: Response<B>,
) -> Response<http_body_util::combinators::UnsyncBoxBody<Bytes, BoxError>>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    response.map(|body| body.map_err(Into::into).boxed_unsync())
}

/// Options stand in front, behind what the stack adds to them.
const HEAD: usize = 200;

/// Answers as the request asks: whole, or in events.
async fn answer(request: Request<Body>) -> Result<Response<Body>, BoxError> {
    let body = request.into_body().collect().await?.to_bytes();
    if body[..HEAD].windows(6).any(|window| window == b"stream") {
        let seed = String::from_utf8_lossy(&body[..HEAD]);
        let seed = seed.split("\"seed\":").nth(1).unwrap_or_default();
        let events = seed.split(',').next().and_then(|seed| seed.parse().ok());
        let frames = std::iter::repeat_n(EVENT, events.unwrap_or(EVENTS)).chain([END]);
        let frames: Vec<Bytes> = frames
            .map(|text| Bytes::from_static(text.as_bytes()))
            .collect();
        let response = Response::builder().header("content-type", "text/event-stream");
        return Ok(response.body(Body::rope(frames))?);
    }
    Ok(Response::builder()
        .header("content-type", "application/json")
        .body(Body::from(WHOLE))?)
}
