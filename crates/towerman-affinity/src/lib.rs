//! Keeps a conversation at the endpoint that has read it, and says what each endpoint's cache holds.
//!
//! Providers keep the prompts they have read for some minutes, and charge a tenth for reading a
//! prefix again. The layer fingerprints the prompt, each hash chained to the one before, and
//! remembers which endpoint answered which prefix. Of each candidate it states
//!
//! - how much of the prompt it probably holds, as
//!   [`Term::CachedTokens`](towerman_core::Term::CachedTokens): a fact, and what it is worth is for
//!   the route's strategy to say;
//! - whether it is the *home* of the conversation, as a
//!   [`Term::Bias`](towerman_core::Term::Bias) of as many places as there are candidates: before
//!   all others in a mere order, and no more than a tie-break in a sum of money or time.
//!
//! It does so only of endpoints whose circuit admits calls, and whose quality is not below that of
//! the one which would be called first without it. Prefixes below 1,024 tokens, which no provider
//! caches, are not worth a word. A route with `affinity = false` is left alone.
//!
//! Tenants never share a fingerprint: what one has asked says nothing about where another's
//! requests go. The table holds hashes only.
//!
//! # What is a home
//!
//! The system prompt that all sessions share is warm wherever anybody was answered. If that were
//! reason enough to go there, the first endpoint to answer would get every session for good, and a
//! fallback that was needed once would never give them back. So only a conversation has a home: the
//! endpoint that answered one of its last two turns. It is found by looking up the whole prompt of
//! each of those turns, which is this one's up to where the assistant spoke; only prompts that were
//! answered *as a whole* are found. The first turn of a session has no earlier prompt, and a
//! conversation that merely begins like another, with the same system prompt or the same examples,
//! continues none. No traffic has to be counted to see that, so the rule is right from the first
//! request on, on any number of replicas, and needs no memory but the table's.
//!
//! A home lasts as long as its provider keeps the prompt: it ends with the time to live, with a
//! circuit that opens, and with an answer that reports a miss. What goes on from a prompt does not
//! renew it, so one document that a thousand sessions ask about binds them for one lifetime at
//! most; after that each has its own last turn, or none.
//!
//! # What is hashed
//!
//! The bytes as received, in the order in which providers cache: tools, system, messages. Nothing
//! else that stands around them counts, nor the order in which the members stand.
//!
//! Providers cache what they make of the text, not the text, so hashing a canonical form would find
//! a prompt again that was spelt anew. It would find little: the stack passes bytes on as they are,
//! a client spells its own history the same way turn after turn, and one that does not (tools in
//! another order, say) mostly loses the provider's cache as well. It would also mean decoding each
//! string of each request, ten times the work of hashing it. What errs here errs on the safe side:
//! equal bytes are equal prompts, and a spelling that changes costs a hint.
//!
//! One thing does move in a client's history from turn to turn: the breakpoints that say what to
//! cache. They are no part of the prompt, and are left out.
//!
//! # What a provider says
//!
//! An answer with no cached tokens, where some were expected, is a miss, and the endpoint must earn
//! its hints anew. But many servers never report cached tokens: of an OpenAI endpoint silence counts
//! only once it has reported some. Whether zero was said or left out, the usage does not tell. So an
//! endpoint that neither caches nor reports keeps its conversations for nothing; it costs no more
//! than it would, but `cheapest` takes it for cheaper than it is, by the discount in its price.
//!
//! # Where it goes
//!
//! Inside Route, which names the candidates, and outside Failover, which asks for their order.
//! Without candidates or an ask it does nothing.
//!
//! # Readiness
//!
//! Forwards the inner service's.
//!
//! # Cancellation
//!
//! What is dropped before its first content teaches nothing. From then on the prompt is remembered,
//! whether or not the client stays; only what the provider says of its cache at the end is lost if
//! the client leaves.
//!
//! # Cost
//!
//! The prompt is hashed once, at some ten gigabytes a second, and up to a kilobyte of it once more
//! for each of three turns; each known chunk is eight relaxed loads. One list of hashes per request,
//! none for a prompt below 1,024 tokens; a table of fixed size (1 MiB by default), no locks.
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//!
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//! use towerman_affinity::AffinityLayer;
//! use towerman_core::Body;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), towerman_core::BoxError> {
//! let inner = service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(Response::new(Body::empty())) });
//! // Replicas that share a secret agree on fingerprints.
//! let affinity = AffinityLayer::new().secret([7; 32]).layer(inner);
//! affinity.oneshot(Request::new(Body::empty())).await?;
//! # Ok(())
//! # }
//! ```

mod body;
mod fingerprint;
mod future;
mod layer;
mod memory;
mod reports;
mod service;
mod state;
mod table;

pub use self::{
    body::ResponseBody, future::ResponseFuture, layer::AffinityLayer, service::Affinity,
};
