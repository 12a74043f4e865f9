//! What a request's path asks for, before its body is read.

use http::{HeaderMap, header::AUTHORIZATION};

/// What a dialect can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// The list of models; the only one that is a GET.
    Models,
    /// An answer of a model.
    Generate,
    /// The end of a text that a prompt begins: what there was before chats.
    Complete,
    /// The size of a prompt.
    Count,
    /// The vector of a text, or of several.
    Embed,
    /// The vectors of several texts, where that is another path.
    EmbedMany,
}

impl Operation {
    /// A model speaks.
    pub(crate) const fn generates(self) -> bool {
        matches!(self, Self::Generate | Self::Complete)
    }
}

/// How an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As one JSON text.
    Whole,
    /// As the dialect's stream.
    Stream,
    /// As a JSON array that grows: Gemini's stream where no SSE was asked for.
    Array,
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

/// A text as one part of a path.
pub(super) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| match byte {
            byte if plain(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// A part of a path without its percent encoding; none if that is broken.
pub(super) fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, tail) = tail.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

/// The token of `Authorization: Bearer …`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding_is_undone() {
        for (part, text) in [
            ("", Some("")),
            ("a-b.c:1", Some("a-b.c:1")),
            ("us.x-v1%3A0", Some("us.x-v1:0")),
            ("arn%3aaws%2Fx%25", Some("arn:aws/x%")),
            ("%C3%A9", Some("é")),
            ("%", None),
            ("%3", None),
            ("%zz", None),
            ("%ff", None),
        ] {
            assert_eq!(decoded(part).as_deref(), text, "{part}");
        }
        let odd = "arn:aws/é %25";
        assert_eq!(encoded(odd), "arn%3Aaws%2F%C3%A9%20%2525");
        assert_eq!(decoded(&encoded(odd)).as_deref(), Some(odd));
    }
}
