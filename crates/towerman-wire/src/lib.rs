//! LLM wire dialects as pure code: read, edit, translate, frame.
//!
//! Nothing here knows tower, tokio or a runtime, and nothing does I/O.
//!
//! | what goes by | module |
//! |---|---|
//! | a request's body: what it asks for, and where that stands | [`ask`] |
//! | the same body, sent on: other bytes only where it must differ | [`edit`] |
//! | an answer, streaming or whole: usage, end, failures | [`observe`] |
//! | what an answer says is left of the provider's rate limits | [`limits`] |
//! | an answer's plea to be left alone | [`retry_after`] |
//! | errors, a provider's and ours | [`fault`] |
//! | which models there are | [`models`] |
//! | hosts with an accent | [`profile`] |
//! | one dialect for another | [`translate`] |
//! | embeddings, in another dialect | [`vectors`] |
//! | the size of a prompt, counted in another dialect | [`counts`] |
//! | server-sent events | [`sse`] |
//! | a vendor's events inside AWS's frames | [`chunks`] |
//! | streams that are never cut inside of an event, or told as one array | [`tail`], [`array`](mod@array) |
//!
//! # Example
//!
//! ```
//! use bytes::Bytes;
//! use towerman_core::{Dialect, Fault};
//! use towerman_wire::{ask, edit};
//!
//! # fn main() -> Result<(), Fault> {
//! let body = Bytes::from(r#"{"model":"fast","messages":[{"role":"user","content":"Hi"}]}"#);
//! let ask = ask::read(Dialect::OpenAiChat, &body)?;
//! assert_eq!(&*ask.model, "fast");
//!
//! // To the endpoint's own name for the model; the prompt is neither parsed again nor copied.
//! let sent = edit::retarget(&ask, &body, "gpt-5-mini", false);
//! assert_eq!(http_body::Body::size_hint(&sent).exact(), Some(body.len() as u64 + 6));
//!
//! // Nothing to edit: the very same bytes.
//! assert_eq!(edit::retarget(&ask, &body, "fast", false).bytes(), Some(&body));
//! # Ok(())
//! # }
//! ```

pub mod array;
pub mod ask;
pub mod chunks;
pub mod counts;
mod dialect;
pub mod edit;
pub mod fault;
mod framing;
mod json;
pub mod limits;
pub mod models;
mod neutral;
pub mod observe;
pub mod portability;
pub mod profile;
pub mod retry_after;
pub mod sse;
pub mod tail;
pub mod translate;
mod usage;
pub mod vectors;
mod when;
