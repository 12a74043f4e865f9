//! Data URLs.

use std::borrow::Cow;

/// Type and base64 text of `data:<type>[;…];base64,<data>`.
pub(crate) fn base64(url: &str) -> Option<(Cow<'_, str>, &str)> {
    let (head, data) = strip_scheme(url)?.split_once(',')?;
    let mut parts = head.split(';');
    let media_type = parts
        .next()
        .filter(|media_type| is_type(media_type.trim()))?;
    let encoded = parts.next_back()?.trim().eq_ignore_ascii_case("base64");
    // A common slip that the stricter side does not forgive.
    let media_type = match media_type.trim().to_ascii_lowercase() {
        jpg if jpg == "image/jpg" => Cow::Borrowed("image/jpeg"),
        lower if lower == media_type => Cow::Borrowed(media_type),
        lower => Cow::Owned(lower),
    };
    encoded.then_some((media_type, data))
}

/// Whether the text is a media type without parameters, as RFC 9110 spells it.
pub(crate) fn is_type(text: &str) -> bool {
    let token = |token: &str| {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        !token.is_empty() && token.bytes().all(legal)
    };
    text.split_once('/')
        .is_some_and(|(kind, sort)| token(kind) && token(sort))
}

/// Whether the URL holds its data itself.
pub(crate) fn is_data(url: &str) -> bool {
    strip_scheme(url).is_some()
}

/// Whether the URL can be fetched over HTTP.
pub(crate) fn is_http(url: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| {
        url.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

fn strip_scheme(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once(':')?;
    scheme.eq_ignore_ascii_case("data").then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_url_is_its_type_and_its_data() {
        assert_eq!(
            base64("data:image/png;base64,AAA="),
            Some(("image/png".into(), "AAA="))
        );
        assert_eq!(
            base64("DATA:Image/JPG;name=a.jpg;BASE64,AA"),
            Some(("image/jpeg".into(), "AA"))
        );
        for no in [
            "data:;base64,AA",
            "data:image/png,AA",
            "data:image/svg+xml;utf8,<svg/>",
            "data:image/png;base64",
            "https://a/b",
        ] {
            assert_eq!(base64(no), None, "{no}");
        }
    }
}
