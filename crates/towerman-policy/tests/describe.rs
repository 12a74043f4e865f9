#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! What `towerman check` prints.

mod support;

use support::{parse, with};

#[test]
fn a_description_fills_in_the_defaults_and_leaves_out_the_secrets() {
    let config = parse(&with(
        r#"
        providers.local = { target = "inner", dialect = "openai-chat" }
        endpoints."local/small".quality = 85
        [endpoints."openai/gpt-5"]
        model = "gpt-5-2026"
        price = { input = "1.25", cache_read = "0.125", output = "10" }
        context_window = 400_000
        quality = 90
        media = false
        schemas = "tool"
        [endpoints."anthropic/claude-opus-5"]
        price = { input = 5, cache_read = "0.5", cache_write = "6.25", cache_write_1h = 10, output = 25 }
        [routes.bulk]
        endpoints = [{ endpoint = "local/small", weight = 3 }, "openai/gpt-5"]
        strategy = "weighted"
        affinity = false
        min_quality = 80
        strict = true
        [tenants.search]
        keys = ["env:A_KEY", "env:B_KEY"]
        ceiling = "high"
        routes = ["chat"]
        "#,
    ))
    .unwrap();
    assert_eq!(config.describe().to_string(), WHOLE);
}

#[test]
fn what_is_signed_says_for_where() {
    let config = parse(&with(
        r#"
        providers.aws = { profile = "anthropic-bedrock", region = "eu-west-1", access_key_id = "env:AWS_ID", secret_access_key = "env:AWS_KEY" }
        routes.claude = ["aws/m"]
        "#,
    ));
    let text = config.unwrap().describe().to_string();
    let line = "sends anthropic-version; signs for bedrock in eu-west-1\n";
    assert!(text.contains(line), "{text}");
}

#[test]
fn six_lines_have_a_short_description() {
    let text = parse(&with("")).unwrap().describe().to_string();
    assert!(
        text.starts_with("towerman.toml: 2 providers, 1 route, 2 endpoints (2 without a price)\n")
    );
    assert!(text.contains("\ntenants\n  none: anybody may ask, without a key\n"));
}

const WHOLE: &str = r#"towerman.toml: 3 providers, 2 routes, 3 endpoints (1 without a price)

providers
  openai     openai-chat  https://api.openai.com     sends authorization
  anthropic  anthropic    https://api.anthropic.com  sends anthropic-version, x-api-key
  local      openai-chat  the wrapped service        no credentials

routes
  chat: priority, conversations stay where they are cached
    1.  openai/gpt-5             $1.25 in, $10 out, $0.125 cache read per million tokens; 400000 tokens of context; quality 90; sent as gpt-5-2026; no media; schemas as tools
    2.  anthropic/claude-opus-5  $5 in, $25 out, $0.5 cache read, $6.25 cache write, $10 cache write for an hour per million tokens
  bulk: weighted, quality 80 or better, nothing is dropped
    1.  local/small   weight 3; no price: its cost is unknown; quality 85
    2.  openai/gpt-5  weight 1; $1.25 in, $10 out, $0.125 cache read per million tokens; 400000 tokens of context; quality 90; sent as gpt-5-2026; no media; schemas as tools

tenants
  search  2 keys  normal, up to high  chat

classes
  critical  first content in 10s   whole answer in 300s  silent for 60s at most  over in 600s  1 attempt after one that may have been billed
  high      first content in 10s   whole answer in 300s  silent for 60s at most  over in 600s  1 attempt after one that may have been billed
  normal    first content in 20s   whole answer in 300s  silent for 60s at most  over in 600s  1 attempt after one that may have been billed
  low       first content in 60s   whole answer in 300s  silent for 60s at most  over in 600s  1 attempt after one that may have been billed
  batch     first content in 120s  whole answer in 300s  silent for 60s at most  over in 600s  no attempt after one that may have been billed

failover
  at most 3 attempts; 10 retries per 100 requests
  holds back at most 64KiB of a stream, 32MiB of an answer

breaker
  opens after 5 failures in a row, or when 50% fail or 50% take longer than 10s to first content
  looks at the last 30s, at 10 to 1000 calls
  stays open for 1s to 60s, then lets 1 probe through at a time, for 30s at most
  cools down for 5s when throttled, for 300s at most when told how long

server
  listens at 127.0.0.1:8080, shows metrics at 127.0.0.1:8080
  takes bodies up to 32MiB within 60s, and 4096 requests at once
  sends a route header; keeps no ledger
  told to stop, serves for another 5s (not after Ctrl-C), then waits for what is under way, for 120s at most
"#;
