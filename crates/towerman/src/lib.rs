//! LLM routing as middleware: composable `tower` layers that you stack
//! onto the hyper, axum or tonic service you already have. In your process, with no extra hop.
//!
//! A *towerman* sits in the tower beside a railway and sets the points: every train gets its
//! route on the way, without stopping.
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use tower::ServiceBuilder;
//! use towerman::{cost::Jsonl, policy::Config, prelude::*};
//!
//! # fn main() -> Result<(), towerman::core::BoxError> {
//! let config = Config::load("towerman.toml")?;
//! let policy = config.compile()?;
//! let _watch = config.watch(policy.clone())?; // the policy follows the file until this is dropped
//! let ledger = Jsonl::open("ledger.jsonl")?;
//!
//! let llm = ServiceBuilder::new()
//!     .layer(TelemetryLayer::new(&policy))
//!     .layer(EdgeLayer::new())
//!     .layer(ClassifyLayer::new(&policy))
//!     .layer(RouteLayer::new(&policy))
//!     .layer(AffinityLayer::new())
//!     .layer(FailoverLayer::new())
//!     .layer(BreakerLayer::new())
//!     .layer(CostLayer::new(ledger))
//!     .layer(NormalizeLayer::new())
//!     .service(Upstream::new());
//!
//! let app: Router = Router::new()
//!     .route("/", get(|| async { "my app, as it was" }))
//!     .route_service("/v1/chat/completions", llm.clone())
//!     .route_service("/v1/messages", llm);
//! # drop(app);
//! # Ok(())
//! # }
//! ```
//!
//! Six lines in `towerman.toml` route one model over two providers:
//!
//! ```toml
//! [providers]
//! openai    = { key = "env:OPENAI_API_KEY" }
//! anthropic = { key = "env:ANTHROPIC_API_KEY" }
//!
//! [routes]
//! chat = ["openai/gpt-5", "anthropic/claude-opus-5"]
//! ```
//!
//! [`policy`] has every key there is, and what becomes of an edit. A policy can be written in code
//! too, as a [`Draft`](core::policy::Draft).
//!
//! Every layer is optional but one, and a layer of yours may stand between any two of ours. The one
//! is Edge: under axum or hyper it has to stay, because the layers inside take
//! [`Request<core::Body>`](core::Body) and Edge is what turns the server's request into one. What
//! a layer does without its neighbours is written in [`core`'s table of absences](core#absence).
//!
//! # The layers, outermost first
//!
//! | layer | once per | what it does to a request |
//! |---|---|---|
//! | [`telemetry`] | request | tells its story: one decision record, metrics |
//! | [`edge`] | request | reads it once, finds its dialect, answers errors in that dialect |
//! | [`classify`] | request | says who asks, how urgently, what kind of work it is |
//! | [`route`] | request | names the endpoints that could serve it, and the strategy that orders them |
//! | [`affinity`] | request | keeps a conversation at the endpoint that holds its prompt |
//! | [`failover`] | request | tries them in order until one delivers content |
//! | [`breaker`] | attempt | refuses an endpoint that keeps failing |
//! | [`cost`] | attempt | writes down what was used and what it cost |
//! | [`normalize`] | attempt | turns the client's dialect into the endpoint's, and back |
//! | [`upstream`] | attempt | sends it: to a provider, or to the service that the stack wraps |
//!
//! # Your own service as an endpoint
//!
//! With [`UpstreamLayer`](upstream::UpstreamLayer) in the place of `Upstream::new()`, the stack
//! wraps a service of yours. It serves whatever nothing routed, as before; and a provider with
//! `target = "inner"` makes it one endpoint among others, so that your own model server keeps
//! serving and overflows to a provider.
//!
//! ```
//! # use axum::{Router, routing::post};
//! # use tower::ServiceBuilder;
//! # use towerman::prelude::*;
//! # fn stack(policy: &PolicyHandle, my_app: Router) -> Router {
//! let my_app = my_app.layer(
//!     ServiceBuilder::new()
//!         .layer(EdgeLayer::new())
//!         .layer(ClassifyLayer::new(policy))
//!         .layer(RouteLayer::new(policy))
//!         .layer(FailoverLayer::new())
//!         .layer(BreakerLayer::new())
//!         .layer(NormalizeLayer::new())
//!         .layer(UpstreamLayer::new()),
//! );
//! # my_app
//! # }
//! ```
//!
//! # How it is built
//!
//! See [`architecture`]; what each dialect carries of every other one is in [`dialects`].

#[doc = include_str!("../ARCHITECTURE.md")]
pub mod architecture {}

#[doc = include_str!("../docs/dialects.md")]
pub mod dialects {}

pub use towerman_core as core;
pub use towerman_wire as wire;

#[cfg(feature = "affinity")]
pub use towerman_affinity as affinity;
#[cfg(feature = "breaker")]
pub use towerman_breaker as breaker;
#[cfg(feature = "classify")]
pub use towerman_classify as classify;
#[cfg(feature = "cost")]
pub use towerman_cost as cost;
#[cfg(feature = "edge")]
pub use towerman_edge as edge;
#[cfg(feature = "failover")]
pub use towerman_failover as failover;
#[cfg(feature = "normalize")]
pub use towerman_normalize as normalize;
#[cfg(feature = "policy")]
pub use towerman_policy as policy;
#[cfg(feature = "route")]
pub use towerman_route as route;
#[cfg(feature = "telemetry")]
pub use towerman_telemetry as telemetry;
#[cfg(feature = "upstream")]
pub use towerman_upstream as upstream;

/// The layers, and what it takes to put them together.
pub mod prelude {
    #[cfg(feature = "affinity")]
    pub use towerman_affinity::AffinityLayer;
    #[cfg(feature = "breaker")]
    pub use towerman_breaker::BreakerLayer;
    #[cfg(feature = "classify")]
    pub use towerman_classify::ClassifyLayer;
    pub use towerman_core::{Body, PolicyHandle, RouteContext, RouteReport};
    #[cfg(feature = "cost")]
    pub use towerman_cost::CostLayer;
    #[cfg(feature = "edge")]
    pub use towerman_edge::EdgeLayer;
    #[cfg(feature = "failover")]
    pub use towerman_failover::FailoverLayer;
    #[cfg(feature = "normalize")]
    pub use towerman_normalize::NormalizeLayer;
    #[cfg(feature = "route")]
    pub use towerman_route::RouteLayer;
    #[cfg(feature = "telemetry")]
    pub use towerman_telemetry::TelemetryLayer;
    #[cfg(feature = "upstream")]
    pub use towerman_upstream::{Upstream, UpstreamLayer};
}
