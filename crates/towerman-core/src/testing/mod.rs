//! What tests of layers need: a service that watches how a layer treats it, and the laws that every
//! layer keeps that passes requests on.
//!
//! [`Probe`] stands inside a layer under test. It counts clones, calls without readiness, calls and
//! bodies under way, and those that were dropped unfinished; a test states the law it checks:
//!
//! ```
//! use std::{convert::Infallible, task::{Context, Waker}};
//! use http::{Request, Response};
//! use tower_service::Service;
//! use towerman_core::{Body, testing::Probe};
//!
//! let (mut inner, watch) = Probe::new(|_: Request<Body>| async {
//!     Ok::<_, Infallible>(Response::new(Body::empty()))
//! });
//! let _ = inner.poll_ready(&mut Context::from_waker(Waker::noop()));
//! drop(inner.call(Request::new(Body::empty())));
//! assert_eq!((watch.calls(), watch.unready_calls(), watch.dropped()), (1, 0, 1));
//! ```
//!
//! [`Contract`] checks the laws that are the same for all of them, in a line of each layer's test.

mod contract;
mod probe;
mod script;
mod watch;

pub use self::{
    contract::Contract,
    probe::{Gate, Probe, ProbeBody, ProbeFuture, Readiness},
    script::{Frames, Inner, Steps},
    watch::Watch,
};
