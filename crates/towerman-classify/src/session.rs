//! Which conversation a request belongs to. Pure.

use http::HeaderMap;
use towerman_core::{Ask, Fault, FaultKind};

/// Headers in which clients name a conversation, best known first.
const HEADERS: [&str; 3] = ["x-session-id", "x-claude-code-session-id", "session_id"];

/// The longest name that is taken.
const LONGEST: usize = 256;

/// The conversation's name, if the request has one.
pub(crate) fn session<'a>(headers: &'a HeaderMap, ask: &'a Ask) -> Result<Option<&'a str>, Fault> {
    for name in HEADERS {
        let Some(value) = headers.get(name) else {
            continue;
        };
        return match value.to_str() {
            Ok(text) if is_fine(text) => Ok(Some(text)),
            _ => {
                let message = format!("{name} must be 1 to {LONGEST} visible ASCII characters");
                Err(Fault::new(FaultKind::InvalidRequest, message).param(name))
            }
        };
    }
    // What the body says may be meant for the provider only, so it is taken or left.
    Ok(ask.session.as_deref().filter(|text| is_fine(text)))
}

fn is_fine(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use towerman_core::Dialect;

    use super::*;

    #[test]
    fn headers_go_before_the_body_and_must_be_fine() {
        let mut ask = Ask::new(Dialect::OpenAiChat, "m", 0..0);
        ask.session = Some("from the body".into());
        assert_eq!(
            session(&HeaderMap::new(), &ask).unwrap(),
            None,
            "spaces are not visible"
        );
        ask.session = Some("from-the-body".into());
        assert_eq!(
            session(&HeaderMap::new(), &ask).unwrap(),
            Some("from-the-body")
        );
        let mut headers = HeaderMap::new();
        headers.insert("session_id", HeaderValue::from_static("third"));
        headers.insert("x-session-id", HeaderValue::from_static("first"));
        assert_eq!(session(&headers, &ask).unwrap(), Some("first"));
        headers.insert("x-session-id", HeaderValue::from_static("a\tb"));
        assert_eq!(
            session(&headers, &ask).unwrap_err().named_param(),
            Some("x-session-id")
        );
    }
}
