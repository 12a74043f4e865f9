//! What a request's head says, as far as records may hold it.

use http::{Method, Request};
use towerman_core::{Dialect, Door};

/// Words of ours for what the client asked for: none of its own text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) method: &'static str,
    /// The dialect that is served at the request's path, whether or not its body was read.
    pub(crate) dialect: Option<Dialect>,
}

impl Asked {
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        Self {
            method: name(request.method()),
            dialect: Door::find(request.uri().path(), None).map(|door| door.dialect),
        }
    }
}

const fn name(method: &Method) -> &'static str {
    match *method {
        Method::POST => "POST",
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => "other",
    }
}
