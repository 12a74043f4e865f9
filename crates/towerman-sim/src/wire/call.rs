//! What a request's path asks for, before its body is read.

use http::{HeaderMap, header::AUTHORIZATION};

/// What a dialect can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// The list of models; the only one that is a GET.
    Models,
    /// An answer of a model.
    Generate,
    /// The size of a prompt.
    Count,
    /// The vector of a text, or of several.
    Embed,
}

/// How an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As one JSON text.
    Whole,
    /// As the dialect's stream.
    Stream,
}

/// A request, as far as its path tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    /// The model, where the path names it.
    pub(crate) model: Option<String>,
    /// How the answer is to be sent, where the path says so.
    pub(crate) form: Option<Form>,
}

impl Call {
    pub(crate) const fn new(operation: Operation) -> Self {
        Self {
            operation,
            model: None,
            form: None,
        }
    }

    /// The call at one of these paths.
    pub(crate) fn at(path: &str, table: &[(&str, Operation)]) -> Option<Self> {
        let (_, operation) = table.iter().find(|(served, _)| *served == path)?;
        Some(Self::new(*operation))
    }
}

/// The token of `Authorization: Bearer …`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
