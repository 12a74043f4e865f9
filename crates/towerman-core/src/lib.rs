//! The words that towerman's layers share: what a request carries, what an endpoint is, what an
//! attempt learned, and what came of it.
//!
//! A layer reads a request's facts with [`RouteContext::of`] and changes them with
//! [`RouteContext::edit`]; the story of the request travels back in one [`RouteReport`]. Nothing
//! here does I/O, reads a clock for a decision, or knows a provider's JSON.
//!
//! | question | type |
//! |---|---|
//! | what was asked? | [`Ask`] of an [`Operation`], [`Listing`] |
//! | who asks, how urgently? | [`Tenant`], [`Priority`] |
//! | where could it go, and why? | [`Candidates`], [`Term`], [`Veto`] |
//! | what ties it to some of them? | [`Need`] |
//! | what is it sent to? | [`Endpoint`], with its live [`Board`] |
//! | how far did it get? | [`Attempt`], [`Phase`] |
//! | how did it end? | [`Outcome`], [`Usage`] |
//! | what may happen at all? | [`Policy`], read through a [`PolicyHandle`] |
//!
//! # Absence
//!
//! Every part of the context is optional, and every layer works without it:
//!
//! | missing | means |
//! |---|---|
//! | the whole context | an empty one |
//! | priority | [`Priority::Normal`] |
//! | tenant | [`Tenant::anonymous`] |
//! | ask | a request whose body is not looked at |
//! | candidates | pass through: the wrapped service decides |
//! | attempt | this service is one endpoint, [`Endpoint::unrouted`] |
//! | deadline | none |
//! | foreign | the request asks a model |
//! | listing | it does not ask which models there are |
//!
//! # Example
//!
//! ```
//! use towerman_core::{Priority, RouteContext};
//!
//! let mut request = http::Request::new(());
//! assert_eq!(RouteContext::of(&request).priority(), Priority::Normal);
//!
//! RouteContext::edit(&mut request, |cx| cx.set_priority(Priority::Critical));
//! assert_eq!(RouteContext::of(&request).priority(), Priority::Critical);
//! ```

mod ask;
mod attempt;
mod board;
mod body;
mod candidates;
mod context;
mod dialect;
mod door;
mod end;
mod endpoint;
mod error;
mod fault;
mod limits;
mod listing;
mod loss;
mod money;
mod need;
mod operation;
mod outcome;
mod phase;
pub mod policy;
mod priority;
mod profile;
mod refusable;
mod report;
mod scope;
mod secret;
mod signing;
mod slots;
pub mod strategy;
mod tenant;
#[cfg(feature = "testing")]
pub mod testing;
mod usage;

pub use self::{
    ask::Ask,
    attempt::{Attempt, AttemptFacts},
    board::{Availability, Board, CircuitState, InFlight},
    body::Body,
    candidates::{Candidate, Candidates, Term, Veto},
    context::RouteContext,
    dialect::Dialect,
    door::{Door, Form},
    end::End,
    endpoint::{Capabilities, Endpoint, Provider, Schemas, Target},
    error::{BoxError, find},
    fault::{Fault, FaultKind},
    limits::{Limit, RateLimits},
    listing::{Early, Listing},
    loss::{Loss, Losses, Tier},
    money::{Pico, Price},
    need::{Need, NeedKind},
    operation::Operation,
    outcome::{FailureKind, Finish, Outcome},
    phase::Phase,
    policy::{Policy, PolicyHandle},
    priority::{Priority, UnknownPriority},
    profile::{Auth, Does, Keeps, PathStyle, Profile, Rule, UsageChunk},
    refusable::Refusable,
    report::{RouteReport, Step},
    scope::Scope,
    secret::Secret,
    signing::Signing,
    slots::{Slot, Slotted},
    tenant::Tenant,
    usage::Usage,
};
