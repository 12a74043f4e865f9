//! What every test needs: a loader whose environment is a table.

use std::path::Path;

use towerman_policy::{Config, ConfigErrors, Loader};

/// Every variable whose name ends in `_KEY` or begins with `AWS_` holds a secret; `EMPTY`,
/// `LINES`, `BEARER` and `AWS_REGION` hold what their names say; nothing else is set.
pub(crate) fn loader() -> Loader {
    Loader::new().secrets(|name: &str| match name {
        "EMPTY" => Some(" \n".into()),
        "LINES" => Some("two\nlines".into()),
        "BEARER" => Some("Bearer hush-BEARER\n".into()),
        "AWS_REGION" => Some("eu-west-1\n".into()),
        _ => (name.ends_with("_KEY") || name.starts_with("AWS_")).then(|| format!("hush-{name}\n")),
    })
}

#[allow(dead_code)]
pub(crate) fn parse(text: &str) -> Result<Config, ConfigErrors> {
    loader().parse(text, Path::new("towerman.toml"))
}

/// Two providers and a route, and then whatever a test adds.
#[allow(dead_code)]
pub(crate) fn with(more: &str) -> String {
    format!(
        "providers.openai.key = \"env:OPENAI_API_KEY\"\n\
         providers.anthropic.key = \"env:ANTHROPIC_API_KEY\"\n\
         routes.chat = [\"openai/gpt-5\", \"anthropic/claude-opus-5\"]\n\
         {more}"
    )
}
