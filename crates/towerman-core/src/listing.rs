//! What there is to choose from, and an answer that no model gives.

use std::{error::Error, fmt};

use bytes::Bytes;

use crate::Dialect;

/// A client's question which models there are.
///
/// The policy answers it, not a model: a request that carries one is
/// [foreign](crate::RouteContext::is_foreign) to every layer that judges or bills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The dialect whose list the client can read.
    pub dialect: Dialect,
    /// The one model that it asks about; `None` asks for all.
    pub model: Option<Box<str>>,
}

/// A whole answer, in JSON, that a layer gives by itself.
///
/// It travels as an error, as a [`Fault`](crate::Fault) does: only the layer that speaks to clients
/// can make a body of its own, and it answers with status 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Early {
    /// The body.
    pub json: Bytes,
}

impl fmt::Display for Early {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("answered without a model")
    }
}

impl Error for Early {}
