//! The path of the request that leaves, behind the provider's base URL. Pure.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use towerman_core::{Dialect, Form, Operation, PathStyle, Provider};

/// What RFC 3986 never wants encoded: all else is.
pub(crate) const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// `@` is how Vertex names versions, and it wants it plain.
const SEGMENT: &AsciiSet = &UNRESERVED.remove(b'@');

/// What the provider is asked to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) operation: Operation,
    /// The provider's name for the model: it stands in the paths of some dialects.
    pub(crate) model: &'a str,
    pub(crate) form: Form,
}

/// Path and query; nothing if the provider does not do what is wanted.
pub(crate) fn target(provider: &Provider, wanted: Wanted<'_>) -> Option<Cow<'static, str>> {
    let Wanted {
        operation,
        model,
        form,
    } = wanted;
    let own = || provider.dialect.target(operation, model, form);
    match provider.profile.path {
        PathStyle::Own => own(),
        PathStyle::BedrockInvoke => {
            let verb = match (operation, form == Form::Stream) {
                (Operation::Generate, false) => "invoke",
                (Operation::Generate, true) => "invoke-with-response-stream",
                _ => return None,
            };
            // Nothing but what is unreserved stays: AWS signs names encoded.
            let model = utf8_percent_encode(model, UNRESERVED);
            Some(format!("/model/{model}/{verb}").into())
        }
        PathStyle::Bare => {
            let path = own()?;
            Some(match path.strip_prefix("/v1") {
                Some(bare) => bare.to_owned().into(),
                None => path,
            })
        }
        PathStyle::AzureV1 => Some(format!("/openai{}", own()?).into()),
        PathStyle::AzureDeployment => {
            let path = own()?;
            let version = provider.api_version.as_deref().unwrap_or_default();
            let model = utf8_percent_encode(model, SEGMENT);
            let verb = path.strip_prefix("/v1").unwrap_or(&path);
            let path = format!("/openai/deployments/{model}{verb}?api-version={version}");
            Some(path.into())
        }
        PathStyle::Vertex(publisher) => {
            let verb = match (provider.dialect, operation, form == Form::Stream) {
                (Dialect::Anthropic, Operation::Generate, false) => "rawPredict",
                (Dialect::Anthropic, Operation::Generate, true) => "streamRawPredict",
                (Dialect::Gemini, Operation::Generate, false) => "generateContent",
                (Dialect::Gemini, Operation::Generate, true) => "streamGenerateContent?alt=sse",
                (Dialect::Gemini, Operation::Count, _) => "countTokens",
                _ => return None,
            };
            let model = utf8_percent_encode(model, SEGMENT);
            Some(format!("/publishers/{publisher}/models/{model}:{verb}").into())
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use towerman_core::{Profile, Target};
    use towerman_wire::profile;

    use super::*;

    fn path(profile: &'static Profile, operation: Operation, stream: bool) -> Option<String> {
        let provider = Provider {
            name: "p".into(),
            dialect: profile.dialect,
            profile,
            api_version: Some("2024-10-21".into()),
            target: Target::Inner,
            headers: HeaderMap::new(),
            signing: None,
        };
        let wanted = Wanted {
            operation,
            model: "a/b@1",
            form: if stream { Form::Stream } else { Form::Whole },
        };
        target(&provider, wanted).map(Cow::into_owned)
    }

    #[test]
    fn each_host_has_its_paths() {
        for (name, stream, wanted) in [
            ("openai", true, "/v1/chat/completions"),
            ("perplexity", true, "/chat/completions"),
            ("zai", false, "/chat/completions"),
            ("azure-v1", false, "/openai/v1/chat/completions"),
            ("azure-responses", false, "/openai/v1/responses"),
            (
                "azure",
                true,
                "/openai/deployments/a%2Fb@1/chat/completions?api-version=2024-10-21",
            ),
            (
                "anthropic-bedrock",
                true,
                "/model/a%2Fb%401/invoke-with-response-stream",
            ),
            ("anthropic-bedrock", false, "/model/a%2Fb%401/invoke"),
            (
                "anthropic-vertex",
                true,
                "/publishers/anthropic/models/a%2Fb@1:streamRawPredict",
            ),
            (
                "anthropic-vertex",
                false,
                "/publishers/anthropic/models/a%2Fb@1:rawPredict",
            ),
            (
                "vertex",
                true,
                "/publishers/google/models/a%2Fb@1:streamGenerateContent?alt=sse",
            ),
        ] {
            let profile = profile::find(name).unwrap();
            let told = path(profile, Operation::Generate, stream);
            assert_eq!(told.as_deref(), Some(wanted), "{name}");
        }
        let azure = profile::find("azure").unwrap();
        assert_eq!(
            path(azure, Operation::Embed, false).unwrap(),
            "/openai/deployments/a%2Fb@1/embeddings?api-version=2024-10-21"
        );
        for name in ["anthropic-vertex", "anthropic-bedrock"] {
            let profile = profile::find(name).unwrap();
            assert_eq!(path(profile, Operation::Count, false), None);
        }
    }
}
