#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! What is wrong is said exactly: where, what, and what would be right.

mod support;

use support::{parse, with};
use towerman_core::policy::PolicyError;

/// The errors of a file, without its name.
fn errors(text: &str) -> Vec<String> {
    let errors = parse(text).expect_err(text);
    let lines = errors.iter().map(ToString::to_string);
    lines
        .map(|line| {
            line.strip_prefix("towerman.toml:")
                .unwrap_or(&line)
                .to_owned()
        })
        .collect()
}

/// Each case is what follows three sound lines, so its first line is the fourth.
fn check(cases: &[(&str, &[&str])]) {
    let mut wrong = String::new();
    for (more, expected) in cases {
        let found = errors(&with(more));
        if found != *expected {
            wrong += &format!("\n{more}\n  expected {expected:#?}\n  found {found:#?}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_key_that_nobody_reads_is_an_error() {
    check(&[
        (
            "[providrs]",
            &[
                r#"4:2: providrs: unknown key (did you mean "providers"?); expected one of "providers", "endpoints", "routes", "tenants", "classes", "failover", "breaker", "server""#,
            ],
        ),
        (
            "[server]
port = 80",
            &[
                r#"5:1: server.port: unknown key; expected one of "listen", "metrics", "body_limit", "upload_limit", "in_flight_limit", "ledger", "route_header", "drain", "grace""#,
            ],
        ),
        (
            r#"routes.a = ["openai/x"]
rotues.b = []"#,
            &[
                r#"5:1: rotues: unknown key (did you mean "routes"?); expected one of "providers", "endpoints", "routes", "tenants", "classes", "failover", "breaker", "server""#,
            ],
        ),
    ]);
}

#[test]
fn what_is_no_toml_is_said_where_it_stops() {
    check(&[
        (
            r#"[server]
listen = "127.0.0.1:1"
listen = "127.0.0.1:2""#,
            &["6:1: duplicate key"],
        ),
        (
            "x = ",
            &["4:5: string values must be quoted, expected literal string"],
        ),
        (
            r#"[providers.openai]
key = "env:X_KEY""#,
            &["4:12: duplicate key", "5:1: duplicate key"],
        ),
        (
            "providers.groq = { key = sk-hush }",
            &["4:26: string values must be quoted, expected literal string"],
        ),
    ]);
}

#[test]
fn a_secret_is_referred_to_and_never_repeated() {
    check(&[
        (
            "providers.groq = {}",
            &[r#"4:11: providers.groq: must have a key, such as key = "env:GROQ_API_KEY""#],
        ),
        (
            r#"providers.groq = { key = "sk-literal" }"#,
            &[
                r#"4:26: providers.groq.key: is a literal, and secrets do not belong into this file; write "env:NAME" or "file:PATH""#,
            ],
        ),
        (
            r#"providers.groq = { key = "env:" }"#,
            &[
                r#"4:26: providers.groq.key: after "env:" must stand the name of an environment variable"#,
            ],
        ),
        (
            r#"providers.groq = { key = "env:sk-literal" }"#,
            &[
                r#"4:26: providers.groq.key: after "env:" must stand the name of an environment variable"#,
            ],
        ),
        (
            r#"providers.groq = { key = "env:gsk_literal" }"#,
            &["4:26: providers.groq.key: the environment variable that it names is not set"],
        ),
        (
            r#"providers.groq = { key = "env:NOT_SET" }"#,
            &["4:26: providers.groq.key: the environment variable NOT_SET is not set"],
        ),
        (
            r#"providers.groq = { key = "env:EMPTY" }"#,
            &["4:26: providers.groq.key: the environment variable EMPTY is empty"],
        ),
        (
            r#"providers.groq = { key = "env:LINES" }"#,
            &["4:26: providers.groq.key: holds characters that no header may"],
        ),
        (
            r#"providers.groq = { key = "file:/does/not/exist" }"#,
            &[
                "4:26: providers.groq.key: the file /does/not/exist cannot be read: No such file or directory (os error 2)",
            ],
        ),
        (
            r#"providers.groq = { key = "file:secret" }"#,
            &[
                "4:26: providers.groq.key: the file that it names cannot be read: No such file or directory (os error 2)",
            ],
        ),
        (
            "providers.groq = { key = 7 }",
            &[r#"4:26: providers.groq.key: must be "env:NAME" or "file:PATH""#],
        ),
        (
            r#"providers.groq = "sk-literal""#,
            &["4:18: providers.groq: must be a table, not a string"],
        ),
        (
            r#"[[providers.groq]]
key = "env:X_KEY""#,
            &["4:1: providers.groq: must be a table, not an array"],
        ),
    ]);
}

#[test]
fn a_provider_is_whole_or_well_known() {
    check(&[
        (
            "providers.openai2 = {}",
            &[
                r#"4:11: providers.openai2: must have a dialect and a url, such as dialect = "openai-chat", url = "https://…" (did you mean "openai"?); only these names may leave them out: "anthropic", "cerebras", "cohere", "deepseek", "fireworks", "gemini", "gemini-compat", "groq", "huggingface", "llama-cpp", "mistral", "moonshot", "ollama", "ollama-native", "openai", "openai-responses", "openrouter", "perplexity", "qwen", "together", "vercel", "xai", "xai-responses", "zai""#,
            ],
        ),
        (
            r#"providers.opanai = { key = "env:X_KEY" }"#,
            &[
                r#"4:11: providers.opanai: must have a dialect and a url, such as dialect = "openai-chat", url = "https://…" (did you mean "openai"?); only these names may leave them out: "anthropic", "cerebras", "cohere", "deepseek", "fireworks", "gemini", "gemini-compat", "groq", "huggingface", "llama-cpp", "mistral", "moonshot", "ollama", "ollama-native", "openai", "openai-responses", "openrouter", "perplexity", "qwen", "together", "vercel", "xai", "xai-responses", "zai""#,
            ],
        ),
        (
            r#"providers.deepseek = { dialect = "anthropic", key = "env:X_KEY" }"#,
            &["4:11: providers.deepseek: must have a url: the well-known one speaks openai-chat"],
        ),
        (
            r#"providers.x = { dialect = "openai", url = "https://x" }"#,
            &[
                r#"4:27: providers.x.dialect: "openai" is unknown; expected one of "openai-chat", "anthropic", "openai-responses", "openai-completions", "gemini", "bedrock-converse", "cohere", "ollama""#,
            ],
        ),
        (
            r#"providers.x = { dialect = "openai-chat" }"#,
            &[
                r#"4:11: providers.x: must have a url, such as dialect = "openai-chat", url = "https://…"; only these names may leave them out: "anthropic", "cerebras", "cohere", "deepseek", "fireworks", "gemini", "gemini-compat", "groq", "huggingface", "llama-cpp", "mistral", "moonshot", "ollama", "ollama-native", "openai", "openai-responses", "openrouter", "perplexity", "qwen", "together", "vercel", "xai", "xai-responses", "zai""#,
            ],
        ),
        (
            r#"providers.x = { url = "https://x" }"#,
            &[
                r#"4:11: providers.x: must have a dialect, such as dialect = "openai-chat", url = "https://…"; only these names may leave them out: "anthropic", "cerebras", "cohere", "deepseek", "fireworks", "gemini", "gemini-compat", "groq", "huggingface", "llama-cpp", "mistral", "moonshot", "ollama", "ollama-native", "openai", "openai-responses", "openrouter", "perplexity", "qwen", "together", "vercel", "xai", "xai-responses", "zai""#,
            ],
        ),
        (
            r#"providers.x = { dialect = "openai-chat", url = "https://u:hush@x" }"#,
            &[
                "4:48: providers.x.url: must be a base URL, http://HOST[:PORT][/PATH] or https://…, without credentials, query or fragment",
            ],
        ),
        (
            r#"providers.x = { dialect = "openai-chat", url = "https://x?key=hush" }"#,
            &[
                "4:48: providers.x.url: must be a base URL, http://HOST[:PORT][/PATH] or https://…, without credentials, query or fragment",
            ],
        ),
        (
            r#"providers.x = { dialect = "openai-chat", url = "x" }"#,
            &[
                "4:48: providers.x.url: must be a base URL, http://HOST[:PORT][/PATH] or https://…, without credentials, query or fragment",
            ],
        ),
        (
            r#"providers.x = { dialect = "openai-chat", url = "https://x/v1" }"#,
            &[
                r#"4:48: providers.x.url: must not end in "/v1": the dialect's path, such as /v1/chat/completions, is put after it"#,
            ],
        ),
        (
            r#"providers.x = { dialect = "openai-chat", url = "https://x/v1/messages/" }"#,
            &[
                r#"4:48: providers.x.url: must not end in "/v1/messages": the dialect's path, such as /v1/chat/completions, is put after it"#,
            ],
        ),
        (
            r#"providers.x = { target = "inner", url = "https://x", key = "env:X_KEY" }"#,
            &[
                r#"4:11: providers.x: must have a dialect; expected one of "openai-chat", "anthropic", "openai-responses", "openai-completions", "gemini", "bedrock-converse", "cohere", "ollama""#,
                r#"4:41: providers.x.url: does not go with target = "inner": the wrapped service needs no url"#,
                r#"4:60: providers.x.key: does not go with target = "inner": the wrapped service needs no key"#,
            ],
        ),
        (
            r#"providers.x = { target = "outer", dialect = "openai-chat" }"#,
            &[r#"4:26: providers.x.target: "outer" is unknown; expected one of "inner""#],
        ),
        (
            r#"providers."a/b" = { dialect = "openai-chat", url = "https://x" }"#,
            &[r#"4:11: providers."a/b": a provider's name must not be empty or hold a slash"#],
        ),
        (
            r#"providers.x = { dialect = "openai-chat", url = "https://x", headers = { authorization = "Bearer x", host = "h", "a b" = "c", x-y = "env:NOT_SET", x-z = 1 } }"#,
            &[
                r#"4:89: providers.x.headers.authorization: is a literal, and secrets do not belong into this file; write "env:NAME" or "file:PATH""#,
                "4:108: providers.x.headers.host: cannot be set: it follows from the request itself",
                r#"4:121: providers.x.headers."a b": is no name for a header"#,
                "4:132: providers.x.headers.x-y: the environment variable NOT_SET is not set",
                "4:153: providers.x.headers.x-z: must be a string, not an integer",
            ],
        ),
        (
            r#"providers.x = { dialect = "openai-chat", url = "https://x", key = "env:X_KEY", headers = { authorization = "env:X_KEY" } }"#,
            &[
                "4:67: providers.x.key: sets the header authorization, which stands in headers already",
            ],
        ),
    ]);
}

#[test]
fn a_host_of_aws_has_a_region_and_a_key_or_an_account() {
    check(&[
        (
            "providers.anthropic-bedrock = {}",
            &[
                r#"4:11: providers.anthropic-bedrock: must have a region, such as region = "us-east-1", or a url"#,
                r#"4:11: providers.anthropic-bedrock: must have a key, such as key = "env:AWS_BEARER_TOKEN_BEDROCK", or access_key_id and secret_access_key"#,
            ],
        ),
        (
            r#"providers.anthropic-bedrock = { region = "us-east-1/x", key = "env:X_KEY", session_token = "env:X_KEY" }"#,
            &[
                r#"4:42: providers.anthropic-bedrock.region: must be the name of a region, such as region = "us-east-1""#,
                "4:92: providers.anthropic-bedrock.session_token: does not go with a key: requests either carry one or are signed",
            ],
        ),
        (
            r#"providers.anthropic-bedrock = { region = "env:NOT_SET", access_key_id = "env:LINES" }"#,
            &[
                "4:11: providers.anthropic-bedrock: must have secret_access_key, too, such as secret_access_key = \"env:AWS_SECRET_ACCESS_KEY\"",
                "4:42: providers.anthropic-bedrock.region: the environment variable NOT_SET is not set",
                "4:73: providers.anthropic-bedrock.access_key_id: holds characters that no header may",
            ],
        ),
        (
            r#"providers.anthropic-bedrock = { url = "https://x", session_token = "env:X_KEY", headers = { authorization = "env:X_KEY" } }"#,
            &[
                "4:11: providers.anthropic-bedrock: must have access_key_id, too, such as access_key_id = \"env:AWS_ACCESS_KEY_ID\"",
                "4:11: providers.anthropic-bedrock: must have secret_access_key, too, such as secret_access_key = \"env:AWS_SECRET_ACCESS_KEY\"",
                r#"4:11: providers.anthropic-bedrock: must have a region to sign for, such as region = "us-east-1""#,
            ],
        ),
        (
            r#"providers.anthropic-bedrock = { region = 1, access_key_id = "env:X_KEY", secret_access_key = "literal", headers = { authorization = "env:X_KEY" } }"#,
            &[
                "4:42: providers.anthropic-bedrock.region: must be a string, not an integer",
                "4:61: providers.anthropic-bedrock.access_key_id: sets the header authorization, which stands in headers already",
                r#"4:94: providers.anthropic-bedrock.secret_access_key: is a literal, and secrets do not belong into this file; write "env:NAME" or "file:PATH""#,
            ],
        ),
        (
            r#"providers.anthropic-bedrock = { url = "https://x", key = "env:X_KEY", region = "us-east-1" }"#,
            &[
                "4:80: providers.anthropic-bedrock.region: is of no use: the url says where it is, and nothing is signed",
            ],
        ),
        (
            r#"providers.groq = { key = "env:X_KEY", region = "us-east-1" }"#,
            &[
                r#"4:48: providers.groq.region: goes with hosts of AWS only, such as profile = "anthropic-bedrock""#,
            ],
        ),
        (
            r#"providers.x = { target = "inner", dialect = "anthropic", profile = "anthropic-bedrock", secret_access_key = "env:X_KEY" }"#,
            &[
                r#"4:109: providers.x.secret_access_key: goes with hosts of AWS only, such as profile = "anthropic-bedrock""#,
            ],
        ),
    ]);
}

#[test]
fn a_route_names_endpoints_that_exist() {
    check(&[
        (
            "[routes.a]",
            &[r#"4:9: routes.a: must have endpoints, such as endpoints = ["openai/gpt-5"]"#],
        ),
        (
            r#"routes.a = []
routes.b = "openai/x"
routes.c = ["openai", "/x", "openai/", 7, "anthropc/x"]"#,
            &[
                r#"4:12: routes.a.endpoints: must name at least one endpoint, as "provider/model""#,
                "5:12: routes.b: must be an array of endpoints, or a table with endpoints",
                r#"6:13: routes.c.endpoints[0]: "openai" is no endpoint; expected "provider/model""#,
                r#"6:23: routes.c.endpoints[1]: there is no provider ""; expected one of "anthropic", "openai""#,
                r#"6:29: routes.c.endpoints[2]: "openai/" is no endpoint; expected "provider/model""#,
                "6:40: routes.c.endpoints[3]: must be a string, not an integer",
                r#"6:43: routes.c.endpoints[4]: there is no provider "anthropc"; expected one of "anthropic", "openai""#,
            ],
        ),
        (
            r#"[routes.a]
endpoints = [{ endpoint = "openai/x", weight = -1 }, { weight = 1 }, { endpoint = "b/x", wieght = 1}]
strategy = "cheapst"
affinity = "yes"
min_quality = 101"#,
            &[
                "5:48: routes.a.endpoints[0].weight: must be from 0 to 1000000",
                r#"5:54: routes.a.endpoints[1]: must have an endpoint, as { endpoint = "provider/model", weight = 3 }"#,
                r#"5:83: routes.a.endpoints[2].endpoint: there is no provider "b"; expected one of "anthropic", "openai""#,
                r#"5:90: routes.a.endpoints[2].wieght: unknown key (did you mean "weight"?); expected one of "endpoint", "weight""#,
                r#"6:12: routes.a.strategy: "cheapst" is unknown (did you mean "cheapest"?); expected one of "priority", "weighted", "cheapest", "fastest""#,
                "7:12: routes.a.affinity: must be true or false, not a string",
                "8:15: routes.a.min_quality: must be from 0 to 100",
            ],
        ),
        (
            r#"routes."gpt-4.1" = ["openai/a", "b/x"]"#,
            &[
                r#"4:33: routes."gpt-4.1".endpoints[1]: there is no provider "b"; expected one of "anthropic", "openai""#,
            ],
        ),
        (
            r#"routes.a = ["openai/a", "openai/b", "openai/a"]
routes.b = [{ endpoint = "openai/a" }, "openai/a"]"#,
            &[
                r#"4:37: routes.a.endpoints[2]: "openai/a" stands here twice: name it once"#,
                r#"5:40: routes.b.endpoints[1]: "openai/a" stands here twice: name it once"#,
            ],
        ),
    ]);
}

/// What stands in a file has an effect, or is an error.
#[test]
fn what_would_change_nothing_is_refused() {
    check(&[
        (
            r#"providers.idle = { dialect = "openai-chat", url = "https://x" }
providers.groq = { key = "env:X_KEY" }
providers.together = { key = "env:NOT_SET" }"#,
            &[
                r#"4:11: providers.idle: no route uses this provider: name a model of it in a route, as "idle/MODEL", or remove it"#,
                r#"5:11: providers.groq: no route uses this provider: name a model of it in a route, as "groq/MODEL", or remove it"#,
                "6:30: providers.together.key: the environment variable NOT_SET is not set",
            ],
        ),
        (
            r#"routes.a = [{ endpoint = "openai/x", weight = 3 }, { endpoint = "openai/y", weight = 1 }]
[routes.b]
endpoints = [{ endpoint = "openai/x", weight = 0 }, "openai/y"]
strategy = "cheapest"
[routes.c]
endpoints = [{ endpoint = "openai/x", weight = 0 }, "openai/y"]
strategy = "weighted"
[routes.d]
endpoints = [{ endpoint = "openai/x", weight = 2 }]
strategy = "wieghted""#,
            &[
                r#"4:47: routes.a.endpoints[0].weight: means nothing to the strategy "priority"; remove it, or give the route strategy = "weighted""#,
                r#"4:86: routes.a.endpoints[1].weight: means nothing to the strategy "priority"; remove it, or give the route strategy = "weighted""#,
                r#"6:48: routes.b.endpoints[0].weight: means nothing to the strategy "cheapest"; remove it, or give the route strategy = "weighted""#,
                r#"13:12: routes.d.strategy: "wieghted" is unknown (did you mean "weighted"?); expected one of "priority", "weighted", "cheapest", "fastest""#,
            ],
        ),
        (
            r#"[endpoints]
"openai/good".quality = 90
"openai/odd".quality = 101
"openai/other".tools = false
[routes.a]
min_quality = 80
endpoints = ["openai/good", "openai/odd", "openai/other", { endpoint = "openai/unknown" }]
[routes.b]
endpoints = ["openai/other"]
min_quality = "high""#,
            &[
                r#"6:24: endpoints."openai/odd".quality: must be from 0 to 100"#,
                r#"10:43: routes.a.endpoints[2]: has no quality to hold against min_quality; set endpoints."openai/other".quality, from 0 to 100, or remove min_quality"#,
                r#"10:72: routes.a.endpoints[3].endpoint: has no quality to hold against min_quality; set endpoints."openai/unknown".quality, from 0 to 100, or remove min_quality"#,
                "13:15: routes.b.min_quality: must be an integer, not a string",
            ],
        ),
    ]);
}

#[test]
fn an_endpoint_is_used_and_priced_exactly() {
    check(&[
        (
            r#"[endpoints."openai/gpt-6"]
quality = 3"#,
            &[
                r#"4:12: endpoints."openai/gpt-6": no route uses this endpoint: name it in a route or remove it"#,
            ],
        ),
        (
            r#"[endpoints."openai/gpt-5"]
model = ""
quality = 101
context_window = 0
tools = 1
price = { input = "1.2.3", output = 0.0000001, cache_read = "$1", cache_write = 1e-3, cache_write_1h = -1 }"#,
            &[
                r#"5:9: endpoints."openai/gpt-5".model: must not be empty"#,
                r#"6:11: endpoints."openai/gpt-5".quality: must be from 0 to 100"#,
                r#"7:18: endpoints."openai/gpt-5".context_window: must be from 1 to 1000000000"#,
                r#"8:9: endpoints."openai/gpt-5".tools: must be true or false, not an integer"#,
                r#"9:19: endpoints."openai/gpt-5".price.input: must be dollars per million tokens, such as "1.25""#,
                r#"9:37: endpoints."openai/gpt-5".price.output: must have at most 6 decimals: prices are whole pico-dollars per token"#,
                r#"9:61: endpoints."openai/gpt-5".price.cache_read: must be dollars per million tokens, such as "1.25""#,
                r#"9:81: endpoints."openai/gpt-5".price.cache_write: must be dollars per million tokens, such as "1.25""#,
                r#"9:104: endpoints."openai/gpt-5".price.cache_write_1h: must be dollars per million tokens, such as "1.25""#,
            ],
        ),
        (
            r#"[endpoints."openai/gpt-5"]
price = { input = 1 }"#,
            &[
                r#"5:1: endpoints."openai/gpt-5".price: must have output, such as output = "10", in dollars per million tokens"#,
            ],
        ),
        (
            r#"[endpoints."openai/gpt-5"]
price = { output = 1 }"#,
            &[
                r#"5:1: endpoints."openai/gpt-5".price: must have input, such as input = "1.25", in dollars per million tokens"#,
            ],
        ),
        (
            r#"[endpoints."openai/gpt-5"]
price = { cache_read = 1 }"#,
            &[
                r#"5:1: endpoints."openai/gpt-5".price: must have input and output, such as input = "1.25", output = "10", in dollars per million tokens"#,
            ],
        ),
        (
            r#"[endpoints."openai/gpt-5"]
price = 1.25"#,
            &[r#"5:9: endpoints."openai/gpt-5".price: must be a table, not a float"#],
        ),
    ]);
}

#[test]
fn a_tenant_has_keys_of_its_own() {
    check(&[
        (
            r#"[tenants.a]
[tenants.b]
keys = []
[tenants.c]
keys = ["literal", "sha256:12", "env:NOT_SET", 7]"#,
            &[
                r#"4:10: tenants.a: must have keys, such as keys = ["env:NAME"]"#,
                "6:8: tenants.b.keys: must hold at least one key",
                r#"8:9: tenants.c.keys[0]: is a literal, and secrets do not belong into this file; write "env:NAME", "file:PATH" or "sha256:" and the digest of the key"#,
                r#"8:20: tenants.c.keys[1]: after "sha256:" must stand 64 hexadecimal digits"#,
                "8:33: tenants.c.keys[2]: the environment variable NOT_SET is not set",
                "8:48: tenants.c.keys[3]: must be a string, not an integer",
            ],
        ),
        (
            r#"[tenants.a]
keys = ["env:A_KEY"]
priority = "urgent"
ceiling = "low"
routes = ["chta", "chat"]"#,
            &[
                r#"6:12: tenants.a.priority: "urgent" is unknown; expected one of "batch", "low", "normal", "high", "critical""#,
                r#"8:11: tenants.a.routes[0]: there is no route "chta"; expected one of "chat""#,
            ],
        ),
        (
            r#"[tenants.a]
keys = ["env:A_KEY"]
ceiling = "low"
priority = "high""#,
            &[r#"7:12: tenants.a.priority: is above the tenant's ceiling, "low""#],
        ),
        (
            r#"[tenants.a]
keys = ["env:A_KEY"]
[tenants.b]
keys = ["env:B_KEY", "env:A_KEY"]"#,
            &["7:8: tenants.b.keys: this key belongs to two tenants, or stands here twice"],
        ),
    ]);
}

#[test]
fn rules_and_budgets_make_sense() {
    check(&[
        (
            r#"[classes.urgent]
idle = "1s"
[classes.high]
idle = "0s"
deadline = 60
first_content = "1 minute"
last = "1s"
max_ambiguous = 1.5"#,
            &[
                r#"4:10: classes.urgent: unknown class; expected one of "batch", "low", "normal", "high", "critical""#,
                "7:8: classes.high.idle: must be longer than nothing",
                r#"8:12: classes.high.deadline: must be a duration such as "30s", not an integer"#,
                r#"9:17: classes.high.first_content: must be a duration, such as "250ms", "30s", "5m" or "2h""#,
                r#"10:1: classes.high.last: unknown key; expected one of "first_content", "answer", "idle", "deadline", "max_ambiguous""#,
                "11:17: classes.high.max_ambiguous: must be an integer, not a float",
            ],
        ),
        (
            r#"[failover]
max_attempts = 0
retry_percent = "10"
hold_back = "64K"
max_answer = "2GiB""#,
            &[
                "5:16: failover.max_attempts: must be from 1 to 100",
                "6:17: failover.retry_percent: must be an integer, not a string",
                r#"7:13: failover.hold_back: must be a size, such as "64KiB" or "32MiB", or a number of bytes"#,
                "8:14: failover.max_answer: must be no larger than 1GiB",
            ],
        ),
        (
            r#"[breaker]
failure_percent = 0
slow_percent = 101
min_calls = 20
window_calls = 10
open_for = "2m"
window = "1000h""#,
            &[
                "4:2: breaker: min_calls (20) must not be above window_calls (10): no rate would ever count",
                "4:2: breaker: open_for (120s) must not be longer than open_at_most (60s)",
                "5:19: breaker.failure_percent: must be from 1 to 100",
                "6:16: breaker.slow_percent: must be from 1 to 100",
                "10:10: breaker.window: must be no longer than 30 days",
            ],
        ),
        (
            r#"[breaker]
cooldown_at_most = "301s""#,
            &[
                "5:20: breaker.cooldown_at_most: must be no longer than 300s: whatever a provider asks for, no more is believed",
            ],
        ),
        (
            r#"[breaker]
cooldown = "6s"
cooldown_at_most = "5s""#,
            &["4:2: breaker: cooldown (6s) must not be longer than cooldown_at_most (5s)"],
        ),
    ]);
}

#[test]
fn a_server_has_an_address() {
    check(&[(
        r#"[server]
listen = ":8080"
metrics = 9090
body_limit = 0
upload_limit = "0s"
in_flight_limit = 0
ledger = ""
route_header = "on"
drain = "5""#,
        &[
            r#"5:10: server.listen: must be an IP address and a port, such as "127.0.0.1:8080""#,
            "6:11: server.metrics: must be a string, not an integer",
            "7:14: server.body_limit: must be more than nothing",
            "8:16: server.upload_limit: must be longer than nothing",
            "9:19: server.in_flight_limit: must be from 1 to 1000000",
            "10:10: server.ledger: must be the path of a file",
            "11:16: server.route_header: must be true or false, not a string",
            r#"12:9: server.drain: must be a duration, such as "250ms", "30s", "5m" or "2h""#,
        ],
    )]);
}

/// What depends on something wrong is not wrong for that.
#[test]
fn one_mistake_is_one_error() {
    check(&[
        (
            r#"routes.a = { endpoints = "openai/x" }
endpoints."openai/x".quality = 7
tenants.a = { keys = ["env:A_KEY"], routes = ["a"] }"#,
            &[r#"4:26: routes.a.endpoints: must be an array, not a string"#],
        ),
        (
            r#"providers.x = { dialect = "openai-chat", url = "x" }
routes.a = ["x/y"]"#,
            &[
                r#"4:48: providers.x.url: must be a base URL, http://HOST[:PORT][/PATH] or https://…, without credentials, query or fragment"#,
            ],
        ),
    ]);
}

#[test]
fn a_file_without_a_route_is_an_error() {
    let missing = r#"1:1: routes: must hold at least one route, such as chat = ["openai/gpt-5"]"#;
    assert_eq!(errors(""), [missing]);
    assert_eq!(errors("[routes]\n"), [missing]);
}

#[test]
fn a_file_without_providers_says_so() {
    assert_eq!(
        errors("routes.chat = [\"openai/x\"]"),
        [r#"1:16: routes.chat.endpoints[0]: there is no provider "openai", nor any other"#]
    );
}

/// The line and column that people count: lines from 1 whatever ends them, columns in characters.
#[test]
fn columns_count_characters() {
    let found =
        errors("# ünïcödé\r\nroutes.\"größe\" = { strategy = \"ß\", endpoints = [\"é/x\"] }\r\n");
    assert_eq!(
        found,
        [
            r#"2:31: routes."größe".strategy: "ß" is unknown; expected one of "priority", "weighted", "cheapest", "fastest""#,
            r#"2:49: routes."größe".endpoints[0]: there is no provider "é", nor any other"#,
        ]
    );
}

/// A file as it is found in the field: everything that is wrong with it is said at once.
#[test]
fn every_error_of_a_file_is_reported_in_the_order_of_its_lines() {
    let found = errors(&with(
        "[server]\nlisten = 1\n[routes.b]\nendpoints = [\"x/y\"]\n[breaker]\nprobes = 0\nspeed = 1\n",
    ));
    let lines: Vec<&str> = found.iter().filter_map(|e| e.split(':').next()).collect();
    assert_eq!(lines, ["5", "7", "9", "10"]);
}

/// However many there are, and whatever the names in them hold, none stands at the margin.
#[test]
fn many_errors_are_a_list() {
    let one = parse(&with("server.port = 80")).unwrap_err().to_string();
    assert!(one.starts_with("towerman.toml:4:8: server.port: unknown key"));
    assert!(!one.contains('\n'), "{one}");

    let two = parse(&with("server.port = 80\nserver.\"a\\nb\\u001b\" = 80"));
    let two = two.unwrap_err().to_string();
    let lines: Vec<&str> = two.lines().collect();
    assert_eq!(lines.len(), 3, "{two}");
    assert_eq!(lines[0], "2 errors in towerman.toml:");
    assert!(lines[1].starts_with("  towerman.toml:4:8: server.port: unknown key"));
    assert!(lines[2].starts_with(r#"  towerman.toml:5:8: server."a\nb\u{1b}": unknown key"#));
}

#[test]
fn a_file_that_cannot_be_read_has_no_line() {
    let path = std::path::Path::new("/does/not/exist.toml");
    let errors = support::loader().load(path).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "/does/not/exist.toml: cannot be read: No such file or directory (os error 2)"
    );
    assert_eq!(errors.iter().next().unwrap().line(), None);
}

/// Errors that only compiling a policy finds have a line and a column too.
#[test]
fn an_error_of_the_policy_is_found_in_the_file() {
    let config = parse(&with(
        "[routes.\"gpt-4.1\"]\nendpoints = [\"openai/a\", { endpoint = \"openai/b\" }]\n\
         [endpoints.\"openai/a\"]\nquality = 7\n",
    ))
    .unwrap();
    let at = |path: &str| {
        let error = config.locate(&PolicyError::new(path, "is wrong"));
        (error.line().unwrap(), error.column().unwrap())
    };
    assert_eq!(at("routes.chat.endpoints[1]"), (3, 32));
    assert_eq!(at("routes.chat"), (3, 15));
    assert_eq!(at("routes.gpt-4.1.endpoints[0]"), (5, 14));
    assert_eq!(at("routes.gpt-4.1.endpoints[1]"), (5, 26));
    assert_eq!(at("endpoints.\"openai/a\".quality"), (7, 11));
    assert_eq!(at("endpoints.\"openai/a\""), (6, 12));
    assert_eq!(
        at("providers.openai.url"),
        (1, 11),
        "the innermost part that is there"
    );
    assert_eq!(at("nowhere.at.all"), (1, 1));

    let mut changed = config.clone();
    changed.draft.routes[0].endpoints[1].0 = "anthropc/x".into();
    assert_eq!(
        changed.compile().unwrap_err().to_string(),
        r#"towerman.toml:3:32: routes.chat.endpoints[1]: there is no provider "anthropc"; expected one of "anthropic", "openai""#
    );
}

/// Whatever becomes of a file, it is read to an answer, and what is wrong stands in it.
#[test]
fn no_mangled_file_panics() {
    let whole = towerman_policy::REFERENCE;
    let mut mangled: Vec<String> = Vec::new();
    let cuts = whole.char_indices().map(|(at, _)| at);
    for (nth, at) in cuts.enumerate().filter(|(nth, _)| nth % 11 == 0) {
        let (before, after) = whole.split_at(at);
        let put = ["\"", "[", "]", "{", "}", "=", ".", ",", "\n", "é", "9"][nth / 11 % 11];
        mangled.push(before.to_owned());
        mangled.push(after.to_owned());
        mangled.push(format!("{before}{put}{after}"));
    }
    mangled.push("[".repeat(100_000));
    mangled.push(format!("a={}", "{a=".repeat(100_000)));
    mangled.push("a.".repeat(100_000));
    for text in mangled {
        let Err(errors) = parse(&text) else {
            continue;
        };
        assert!(errors.iter().count() > 0);
        for error in &errors {
            let line = text.split('\n').nth(error.line().unwrap() - 1).unwrap();
            let column = error.column().unwrap();
            assert!((1..=line.chars().count() + 1).contains(&column), "{error}");
        }
    }
}
