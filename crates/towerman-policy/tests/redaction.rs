#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! No secret is ever shown.

mod support;

use std::fs;

use support::with;
use towerman_policy::{Loader, Reload, SystemSecrets};

/// What every secret here begins with.
const SECRET: &str = "hush";

#[test]
fn nothing_that_is_made_of_a_file_shows_a_secret() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("secret"), "hush-in-a-file\n").unwrap();
    let text = with(
        r#"
        providers.az = { dialect = "openai-chat", url = "https://x.openai.azure.com/openai", headers = { api-key = "env:AZURE_KEY", x-other = "env:OTHER_KEY", x-plain = "hush-in-plain" } }
        providers.filed = { dialect = "anthropic", url = "https://x", key = "file:secret" }
        providers.aws = { profile = "anthropic-bedrock", region = "us-east-1", access_key_id = "env:AWS_ID", secret_access_key = "file:secret", session_token = "env:AWS_TOKEN" }
        routes.more = ["az/x", "filed/y", "aws/z"]
        tenants.a.keys = ["env:TENANT_KEY", "file:secret"]
        "#,
    );
    let path = directory.path().join("towerman.toml");
    fs::write(&path, &text).unwrap();
    let loader = support::loader();
    let config = loader.load(&path).unwrap();
    let policy = config.compile().unwrap();
    let reload = Reload::new(&config, policy.clone());
    let mut shown = vec![
        format!("{config:#?}"),
        format!("{:#?}", config.draft),
        format!("{:#?}", config.server),
        format!("{loader:#?}"),
        format!("{SystemSecrets:#?}"),
        format!("{reload:#?}"),
        format!("{}", config.describe()),
        format!("{:#?}", config.describe()),
        format!("{:#?}", policy.load()),
        format!("{policy:#?}"),
    ];
    let watch = reload.start().unwrap();
    shown.push(format!("{watch:#?} {:#?}", watch.status()));
    for text in shown {
        assert!(!text.contains(SECRET), "{text}");
    }
    // Not shown is not lost.
    let sent = &config.draft.providers[2].headers["x-plain"];
    assert_eq!(sent.to_str().unwrap(), "hush-in-plain");
    let signing = config.draft.providers[4].signing.as_ref().unwrap();
    assert_eq!(signing.secret_access_key.expose(), "hush-in-a-file");
}

#[test]
fn no_error_repeats_what_may_be_a_secret() {
    let mistakes = [
        r#"providers.a = "hush""#,
        r#"providers.groq = { key = "hush" }"#,
        r#"providers.groq = { key = "env:hush" }"#,
        r#"providers.groq = { key = "env:sk-hush" }"#,
        r#"providers.groq = { key = "file:hush" }"#,
        r#"providers.groq = { key = ["hush"] }"#,
        r#"providers.groq = { key = { env = "hush" } }"#,
        "providers.groq = { key = hush }",
        "providers.groq = { key = \"hush }",
        "providers.groq = { key = 'hush\n }",
        "providers.groq = { key = \"hush\\q\" }",
        r#"providers.groq = { key = "env:LINES" }"#,
        r#"providers.groq = { headers = { authorization = "hush" } }"#,
        r#"providers.a = { dialect = "openai-chat", url = "https://hush@x" }"#,
        r#"providers.a = { dialect = "openai-chat", url = "https://x?key=hush" }"#,
        r#"providers.a = { dialect = "openai-chat", url = "hush" }"#,
        r#"providers.a = { dialect = "openai-chat", url = "https://x/hush/v1" }"#,
        r#"tenants.a.keys = "hush""#,
        r#"tenants.a.keys = ["hush"]"#,
        r#"tenants.a.keys = ["sha256:hush"]"#,
        r#"providers.anthropic-bedrock = { region = "env:AWS_HUSH", access_key_id = "env:LINES", secret_access_key = "hush", session_token = "hush" }"#,
        r#"providers.groq = { key = "env:X_KEY", region = "env:AWS_HUSH", access_key_id = "env:AWS_HUSH" }"#,
        r#"tenants.a.keys = ["env:hush"]"#,
        r#"tenants.a.keys = ["env:SAME_KEY", "env:SAME_KEY"]"#,
    ];
    for mistake in mistakes {
        let errors = support::parse(&with(mistake)).expect_err(mistake);
        let shown = format!("{errors} {errors:#?}");
        assert!(!shown.contains(SECRET), "{mistake}: {shown}");
    }
}

#[test]
fn the_environment_is_asked_for_what_the_file_names() {
    // PATH is set wherever tests run; it is no key, but it is found.
    let text = with("").replace("OPENAI_API_KEY", "PATH");
    let errors = Loader::new()
        .parse(&text, std::path::Path::new("towerman.toml"))
        .unwrap_err();
    let shown = errors.to_string();
    assert_eq!(
        shown,
        "towerman.toml:2:27: providers.anthropic.key: \
         the environment variable ANTHROPIC_API_KEY is not set"
    );
}
