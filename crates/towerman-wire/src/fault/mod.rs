//! Errors in each dialect: written for clients, read from providers.

mod blame;
mod canonical;
mod provider;
mod relay;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::StatusCode;
use towerman_core::{Dialect, Fault};

pub(crate) use self::{blame::Blame, canonical::Head, provider::ProviderError};
pub use self::{
    canonical::{Canonical, read},
    relay::{Refused, relay},
};
use crate::dialect;

/// What a provider called an error, where that says more than we could.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told<'a> {
    pub(crate) kind: Option<&'a str>,
    pub(crate) code: Option<&'a str>,
}

/// The status and JSON body that a client of `dialect` understands as `fault`.
///
/// `request_id` is the gateway's own; OpenAI's errors have no place for it in the body.
pub fn render(dialect: Dialect, fault: &Fault, request_id: Option<&str>) -> (StatusCode, Bytes) {
    let codec = dialect::of(dialect);
    let body = codec.fault(fault, Told::default(), request_id);
    (codec.status(fault.kind()), body)
}

/// The event that ends a stream of `dialect` because of `fault`: all of its bytes.
///
/// No terminator follows it: a stream that failed must not look complete.
pub fn event(dialect: Dialect, fault: &Fault, request_id: Option<&str>) -> Bytes {
    let mut out = Vec::new();
    dialect::of(dialect).fault_event(fault, request_id, &mut out);
    out.into()
}
