//! The head of the request that leaves. Pure: default deny.

use std::borrow::Cow;

use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Uri,
    header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HOST, USER_AGENT},
    uri::{Parts, PathAndQuery},
};
use towerman_core::{Body, Dialect, Fault, FaultKind, Provider};

use crate::address::{self, Wanted};

/// Headers of the client's that a provider may see, whatever the dialect.
static PASSED: [HeaderName; 2] = [CONTENT_TYPE, ACCEPT];

const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// Headers that belong to a dialect. They are the client's to set.
///
/// An `idempotency-key` is not: all tenants share our account, so two that choose the same key
/// would be one request to the provider, and one would get the other's answer.
const fn of_dialect(dialect: Dialect) -> &'static [HeaderName] {
    static ANTHROPIC: [HeaderName; 2] =
        [ANTHROPIC_VERSION, HeaderName::from_static("anthropic-beta")];
    static OPENAI: [HeaderName; 1] = [HeaderName::from_static("openai-beta")];
    match dialect {
        Dialect::Anthropic => &ANTHROPIC,
        Dialect::OpenAiChat | Dialect::OpenAiResponses | Dialect::OpenAiCompletions => &OPENAI,
        Dialect::Gemini | Dialect::BedrockConverse | Dialect::Cohere | Dialect::Ollama => &[],
    }
}

/// The request as it leaves for `provider` at `base`. `spoken` is the dialect that the client
/// speaks: its headers mean nothing in another one.
pub(crate) fn build(
    request: Request<Body>,
    provider: &Provider,
    base: &Uri,
    spoken: Option<Dialect>,
    wanted: Wanted<'_>,
) -> Result<Request<Body>, Fault> {
    let (parts, body) = request.into_parts();
    let mut headers = HeaderMap::with_capacity(8 + provider.headers.len());
    for name in &PASSED {
        copy(&parts.headers, &mut headers, name);
    }
    if spoken.is_none_or(|spoken| spoken == provider.dialect) {
        for name in of_dialect(provider.dialect) {
            copy(&parts.headers, &mut headers, name);
        }
    }
    for (name, value) in &provider.headers {
        // A version that the client asked for is kept; nothing else of the client's wins.
        let kept = name == ANTHROPIC_VERSION && headers.contains_key(name);
        if !kept {
            headers.insert(name, value.clone());
        }
    }
    if provider.dialect == Dialect::Anthropic {
        // The dialect is not served without one; this is the one that every model knows.
        headers
            .entry(ANTHROPIC_VERSION)
            .or_insert(HeaderValue::from_static("2023-06-01"));
    }
    // Answers are read as they pass, so they must not be compressed.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("towerman/", env!("CARGO_PKG_VERSION"))),
    );
    headers.remove(HOST);
    let mut request = Request::new(body);
    *request.method_mut() = parts.method;
    *request.uri_mut() = uri(base, provider, wanted)?;
    *request.headers_mut() = headers;
    Ok(request)
}

fn copy(from: &HeaderMap, to: &mut HeaderMap, name: &HeaderName) {
    if let Some(value) = from.get(name) {
        to.insert(name, value.clone());
    }
}

/// The configured address and the dialect's own path. Nothing of the request's is in it.
fn uri(base: &Uri, provider: &Provider, wanted: Wanted<'_>) -> Result<Uri, Fault> {
    let Some(path) = address::target(provider, wanted) else {
        return Err(wanted.operation.missing());
    };
    let mut parts = Parts::default();
    parts.scheme = base.scheme().cloned();
    parts.authority = base.authority().cloned();
    let prefix = base.path().trim_end_matches('/');
    let path = match path {
        Cow::Borrowed(path) if prefix.is_empty() => Ok(PathAndQuery::from_static(path)),
        path => PathAndQuery::try_from(format!("{prefix}{path}")),
    };
    parts.path_and_query = path.ok();
    Uri::from_parts(parts)
        .ok()
        .ok_or_else(|| Fault::new(FaultKind::Internal, "the provider's address cannot be used"))
}

#[cfg(test)]
mod tests {
    use towerman_core::{Form, Operation, Profile, Target};

    use super::*;

    fn provider(dialect: Dialect) -> Provider {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("Bearer ours"));
        headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
        Provider {
            name: "p".into(),
            dialect,
            profile: Profile::plain(dialect),
            api_version: None,
            target: Target::Inner,
            headers,
            signing: None,
        }
    }

    fn wanted(operation: Operation) -> Wanted<'static> {
        Wanted {
            operation,
            model: "us.model-1:0",
            form: Form::Stream,
        }
    }

    #[test]
    fn some_dialects_say_the_model_in_the_path() {
        let base = Uri::from_static("https://api.example/base");
        let uri = |dialect| uri(&base, &provider(dialect), wanted(Operation::Generate)).unwrap();
        assert_eq!(
            uri(Dialect::BedrockConverse),
            "https://api.example/base/model/us.model-1%3A0/converse-stream"
        );
        assert_eq!(
            uri(Dialect::Gemini),
            "https://api.example/base/v1beta/models/us.model-1%3A0:streamGenerateContent?alt=sse"
        );
    }

    fn built(dialect: Dialect, spoken: Dialect) -> Request<Body> {
        let request = Request::post("http://evil.example/v1/admin?x=1")
            .header("authorization", "Bearer theirs")
            .header("cookie", "a=b")
            .header("host", "evil.example")
            .header("x-forwarded-for", "10.0.0.1")
            .header("connection", "authorization")
            .header("idempotency-key", "1")
            .header("content-type", "application/json")
            .header("anthropic-version", "2026-10-21")
            .body(Body::empty())
            .unwrap();
        build(
            request,
            &provider(dialect),
            &Uri::from_static("https://api.example/base/"),
            Some(spoken),
            wanted(Operation::Generate),
        )
        .unwrap()
    }

    #[test]
    fn only_allowed_headers_leave_and_the_credentials_are_ours() {
        let request = built(Dialect::OpenAiChat, Dialect::OpenAiChat);
        let mut names: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "accept-encoding",
                "anthropic-version",
                "authorization",
                "content-type",
                "user-agent"
            ]
        );
        assert_eq!(request.headers()["authorization"], "Bearer ours");
    }

    #[test]
    fn nothing_of_the_request_is_in_the_address() {
        let request = built(Dialect::OpenAiChat, Dialect::OpenAiChat);
        assert_eq!(
            request.uri(),
            "https://api.example/base/v1/chat/completions"
        );
    }

    #[test]
    fn each_operation_has_a_path_of_its_own_or_none() {
        let base = Uri::from_static("https://api.example/base");
        let path = |dialect, operation| {
            uri(&base, &provider(dialect), wanted(operation)).map(|uri| uri.path().to_owned())
        };
        let embed = path(Dialect::OpenAiChat, Operation::Embed);
        assert_eq!(embed.unwrap(), "/base/v1/embeddings");
        let count = path(Dialect::Anthropic, Operation::Count);
        assert_eq!(count.unwrap(), "/base/v1/messages/count_tokens");
        assert!(path(Dialect::Anthropic, Operation::Embed).is_err());
    }

    #[test]
    fn a_dialects_own_headers_pass_only_to_that_dialect() {
        let same = built(Dialect::Anthropic, Dialect::Anthropic);
        assert_eq!(same.headers()["anthropic-version"], "2026-10-21");
        let other = built(Dialect::Anthropic, Dialect::OpenAiChat);
        assert_eq!(other.headers()["anthropic-version"], "2023-06-01");
    }
}
