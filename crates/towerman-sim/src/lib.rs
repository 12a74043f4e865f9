//! Simulated LLM providers for your tests: real dialects, scripted faults, a billing book.
//!
//! A [`Sim`] speaks one [`Dialect`] to the letter: OpenAI Chat Completions or Responses, Anthropic
//! Messages, Gemini, AWS Bedrock Converse, Cohere or Ollama, over TCP ([`Sim::serve`]) or in memory
//! ([`Sim::service`]). It says the same thing to the same request, fails when and how it is told to
//! ([`Fault`]), and writes down what it would charge ([`Book`]).
//!
//! ```
//! use http_body_util::{BodyExt, Full};
//! use towerman_sim::{Fault, Model, Price, Sim};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let price = Price { input: 2_500_000, output: 10_000_000, ..Price::default() };
//! let sim = Sim::openai("alpha").model(Model::new("gpt-sim").price(price)).build();
//! sim.faults().once(Fault::Overloaded);
//!
//! let ask = || {
//!     let body = r#"{"model":"gpt-sim","messages":[{"role":"user","content":"say:\"hello there\""}]}"#;
//!     http::Request::post("http://alpha/v1/chat/completions").body(Full::from(body))
//! };
//!
//! let overloaded = sim.service().oneshot(ask()?).await?;
//! assert_eq!(overloaded.status(), 503);
//! assert_eq!(sim.book().totals().cost_pico_usd, 0);
//!
//! let response = sim.service().oneshot(ask()?).await?;
//! let body = response.into_body().collect().await?.to_bytes();
//! assert!(String::from_utf8(body.to_vec())?.contains("hello there"));
//!
//! let line = &sim.book().lines()[0];
//! assert_eq!((line.uncached_input, line.output), (9, 3));
//! assert_eq!(line.cost_pico_usd, 9 * 2_500_000 + 3 * 10_000_000);
//! assert_eq!(sim.book().requests(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! # What a model says
//!
//! Text of a fixed length that follows from a hash of the last user message and starts with the
//! provider's name. A test can put directives anywhere in that message:
//!
//! - `say:"…"` makes it say exactly that (JSON escapes are undone);
//! - `tool:NAME {…}` makes it call that tool with these arguments, if the request has the tool;
//!   several make several calls.
//!
//! A forced `tool_choice` makes it call a tool with the least that its schema requires, and a
//! schema for the answer makes it say the least that meets it. To the result of a tool it answers
//! with a text that quotes it. With [`SimBuilder::thinking`] it thinks first.
//!
//! # Dialects
//!
//! | [`Dialect`] | paths | streams as |
//! |---|---|---|
//! | [`OpenAi`](Dialect::OpenAi) | `/v1/chat/completions`, `/v1/completions`, `/v1/embeddings` | SSE, `[DONE]` |
//! | [`OpenAiResponses`](Dialect::OpenAiResponses) | `/v1/responses`, `/v1/responses/input_tokens` | named, numbered SSE |
//! | [`Anthropic`](Dialect::Anthropic) | `/v1/messages`, `/v1/messages/count_tokens` | named SSE |
//! | [`Gemini`](Dialect::Gemini) | `/v1beta/models/{model}:generateContent`, `:streamGenerateContent`, `:countTokens`, `:embedContent`, `:batchEmbedContents` | SSE with CRLF, or a JSON array without `alt=sse` |
//! | [`BedrockConverse`](Dialect::BedrockConverse) | `/model/{model}/converse`, `/converse-stream`, `/count-tokens` | AWS event-stream frames |
//! | [`Ollama`](Dialect::Ollama) | `/api/chat`, `/api/embed` | one JSON object a line, unless `stream` is false |
//! | [`Cohere`](Dialect::Cohere) | `/v2/chat`, `/v2/embed` | named SSE, `[DONE]` |
//!
//! Each lists its models, validates requests as the real API does, and has its errors, finish
//! reasons, ids, headers and arithmetic of usage. [`Dialect::path_for`] says where a model answers.
//!
//! # Tokens and caches
//!
//! A token is four bytes of UTF-8 ([`count_tokens`]); a message costs [`PER_MESSAGE`] more. Prompt
//! caches work as the real ones do, in the order tools, system, messages: those of OpenAI, Gemini
//! and Cohere by themselves from 1,024 tokens on in steps of 128, those of Anthropic and Bedrock up
//! to the `cache_control` breakpoints or `cachePoint`s, for five minutes from the last use or an
//! hour. Ollama has none that shows. A prefix can be read from the moment that the request which
//! brings it is accepted. Lifetimes follow tokio's clock, which tests can pause.

mod answer;
mod ask;
mod body;
mod book;
mod cache;
mod connection;
mod error;
mod exchange;
mod fault;
mod gate;
mod hash;
mod head;
mod json;
mod model;
mod object;
mod prompt;
mod received;
mod reel;
mod reply;
mod script;
mod seal;
mod server;
mod service;
mod sim;
mod socket;
mod speech;
mod tokens;
mod trouble;
mod usage;
mod visit;
mod when;
mod wire;

pub use body::SimBody;
pub use book::{Book, BookLine, Totals};
pub use error::{BoxError, SimError};
pub use fault::{Fault, RetryAfter};
pub use model::{Model, Price};
pub use received::Received;
pub use script::Faults;
pub use server::SimServer;
pub use service::{SimFuture, SimService};
pub use sim::{Sim, SimBuilder};
pub use tokens::{PER_ATTACHMENT, PER_MESSAGE, count_tokens};
pub use wire::Dialect;
