//! What every recorded error means, against a table written by hand from the provider's own words.
//!
//! The recordings are not part of the project; see `recorded.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::HashSet,
    env, fs,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};
use towerman_core::{Dialect, FailureKind, FaultKind, Scope};
use towerman_wire::fault::{self, Canonical, Refused};

/// Kind, failure, whether it may succeed again there, and how far it reaches.
type Meaning = (FaultKind, Option<FailureKind>, bool, Scope);

const INVALID: Meaning = (FaultKind::InvalidRequest, None, false, Scope::Request);
const TOO_LONG: Meaning = (FaultKind::ContextLength, None, false, Scope::Request);
const NO_MODEL: Meaning = (FaultKind::NotFound, None, false, Scope::Model);
const LIMITED: Meaning = (FaultKind::RateLimited, None, true, Scope::Model);
const KEY: Meaning = (
    FaultKind::BadGateway,
    Some(FailureKind::Auth),
    false,
    Scope::Key,
);
const QUOTA: Meaning = (
    FaultKind::Unavailable,
    Some(FailureKind::Quota),
    false,
    Scope::Account,
);
const BUSY: Meaning = (
    FaultKind::Unavailable,
    Some(FailureKind::Overloaded),
    true,
    Scope::Model,
);
const BROKEN: Meaning = (
    FaultKind::BadGateway,
    Some(FailureKind::Server),
    true,
    Scope::Model,
);
const LATE: Meaning = (
    FaultKind::Timeout,
    Some(FailureKind::Server),
    true,
    Scope::Model,
);

/// Every recorded error. The rest of a held-back part is checked for what a status alone says.
const RECORDED: [(&str, Meaning); 7] = [
    (
        "anthropic-count-tokens/004 anthropic/006 anthropic/081 azure-chat/027 \
         gemini-embeddings/009 gemini/011 gemini/033 gemini/069 groq/012 groq/032 ollama/003 \
         openai-chat/024 openai-chat/097 openai-chat/140",
        NO_MODEL,
    ),
    // With a 400.
    ("openai-responses/070 bedrock-converse/035", NO_MODEL),
    (
        "anthropic/073 cohere/028 ollama-openai/027 openai-responses/057 perplexity/009",
        TOO_LONG,
    ),
    (
        "anthropic/109 bedrock-converse/078 bedrock-converse/082 deepseek-responses/014 groq/033 \
         openai-chat/015 openai-chat/083 openai-chat/111 openai-chat/121 openai-chat/122 \
         openai-chat/123 openai-responses/081 openai-responses/082 openai-responses/094 \
         vertex-gemini/020 vertex-gemini/021 vertex-gemini/027",
        INVALID,
    ),
    (
        "azure-chat/032 bedrock-converse/015 cohere/009 deepseek/009 mistral/007 \
         ollama-openai/003 openai-chat/008 openai-chat/009 openai-responses/046 openrouter/027 \
         perplexity/008",
        KEY,
    ),
    // With a 400.
    ("gemini/041", KEY),
    ("gemini/032 openrouter/042", LIMITED),
];

fn meaning(read: Canonical) -> Meaning {
    (read.kind, read.failure, read.retryable, read.scope)
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| {
        let name = HeaderName::try_from(*name).unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    });
    pairs.collect()
}

fn read(status: u16, pairs: &[(&str, &str)], body: &str) -> Canonical {
    let status = StatusCode::from_u16(status).unwrap();
    fault::read(
        status,
        &headers(pairs),
        body.as_bytes(),
        SystemTime::UNIX_EPOCH,
    )
}

#[test]
fn every_recorded_error_means_what_the_table_says() {
    let root = env::var_os("TOWERMAN_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let folder = root.join("data/wire/recorded");
    if !folder.is_dir() {
        assert_ne!(env::var("CI").as_deref(), Ok("true"), "no recordings in CI");
        eprintln!("RECORDED TRAFFIC NOT RUN: no recordings found; set TOWERMAN_SHARED");
        return;
    }
    let mut left: HashSet<&str> = RECORDED
        .iter()
        .flat_map(|(names, _)| names.split_ascii_whitespace())
        .collect();
    for provider in fs::read_dir(folder).unwrap() {
        let provider = provider.unwrap();
        for file in fs::read_dir(provider.path()).unwrap() {
            let path = file.unwrap().path();
            let exchange: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let response = &exchange["response"];
            let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
            if status < 300 {
                continue;
            }
            let body = response["body"].to_string();
            let pairs: Vec<_> = response["headers"].as_object().unwrap().iter().collect();
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
                .collect();
            let found = meaning(read(status, &pairs, &body));

            let name = format!(
                "{}/{}",
                provider.file_name().display(),
                path.file_stem().unwrap().display()
            );
            let mut rows = RECORDED.iter();
            let row = rows.find(|(names, _)| names.split_ascii_whitespace().any(|n| n == name));
            match row {
                Some((_, wanted)) => assert_eq!(found, *wanted, "{name}: {status} {body}"),
                None => assert_eq!(found.1.is_some(), matches!(status, 401..=403 | 500..)),
            }
            left.remove(name.as_str());
            rendered(&name, status, &body, found);
        }
    }
    assert!(left.is_empty(), "not recorded: {left:?}");
}

/// What clients of both families hear of it.
fn rendered(name: &str, status: u16, body: &str, (kind, ..): Meaning) {
    let refused = Refused {
        dialect: Dialect::OpenAiChat,
        status: StatusCode::from_u16(status).unwrap(),
        body: body.as_bytes(),
        model: "",
    };
    let told = |dialect| -> Value {
        serde_json::from_slice(&fault::relay(&refused, dialect, "chat")).unwrap()
    };
    let (openai, anthropic) = (
        told(Dialect::OpenAiChat)["error"].take(),
        told(Dialect::Anthropic)["error"].take(),
    );
    let wanted = match kind {
        FaultKind::NotFound => "not_found_error",
        FaultKind::RateLimited => "rate_limit_error",
        // Our key, under a status that is on its way already.
        FaultKind::BadGateway if status != 400 => "api_error",
        _ => "invalid_request_error",
    };
    assert_eq!(anthropic["type"], wanted, "{name}");
    let said: Value = serde_json::from_str(body).unwrap();
    if kind.is_callers() {
        assert_eq!(openai["param"], said["error"]["param"], "{name}");
        let code = &said["error"]["code"];
        if code.is_string() {
            assert_eq!(openai["code"], *code, "{name}");
        }
    } else {
        // Nothing of what the provider says of our account.
        assert_eq!(openai["param"], Value::Null, "{name}");
        let words = said["error"]["message"].as_str().unwrap_or("no words");
        assert_ne!(openai["message"], words, "{name}");
    }
}

/// Made by hand from the providers' documentation: nobody has recorded them.
#[test]
fn errors_that_nobody_recorded_mean_what_their_documentation_says() {
    let openai = |code: &str| json!({"error": {"message": "m", "type": "requests", "code": code}});
    let anthropic = |kind: &str| json!({"type": "error", "error": {"type": kind, "message": "m"}, "request_id": "r"});
    let google = |status: &str, details: Value| json!([{"error": {"code": 429, "message": "m", "status": status, "details": details}}]);
    let bedrock = json!({"message": "m"});
    let daily = json!([{"violations": [{"quotaId": "GenerateRequestsPerDayPerProject-FreeTier"}]}]);
    let minutely = json!([{"violations": [{"quotaId": "GenerateRequestsPerMinute"}]}]);
    for (status, class, body, wanted) in [
        (429, "", openai("rate_limit_exceeded"), LIMITED),
        (429, "", openai("slow_down"), LIMITED),
        (429, "", openai("insufficient_quota"), QUOTA),
        (429, "", openai("credit_balance_exhausted"), QUOTA),
        (503, "", openai("server_is_overloaded"), BUSY),
        (500, "", openai("x"), BROKEN),
        (529, "", anthropic("overloaded_error"), BUSY),
        (429, "", anthropic("rate_limit_error"), LIMITED),
        (402, "", anthropic("billing_error"), QUOTA),
        (504, "", anthropic("timeout_error"), LATE),
        (499, "", anthropic("invalid_request_error"), INVALID),
        (429, "", google("RESOURCE_EXHAUSTED", daily), QUOTA),
        (429, "", google("RESOURCE_EXHAUSTED", minutely), LIMITED),
        (
            400,
            "ServiceQuotaExceededException:http://x",
            bedrock.clone(),
            QUOTA,
        ),
        (403, "AccessDeniedException:http://x", bedrock.clone(), KEY),
        (
            429,
            "ThrottlingException:http://x",
            bedrock.clone(),
            LIMITED,
        ),
        (400, "ValidationException:http://x", bedrock, INVALID),
        (
            422,
            "",
            json!({"detail": [{"loc": ["body", "n"], "msg": "m"}]}),
            INVALID,
        ),
        (
            400,
            "",
            json!({"object": "error", "message": "m", "type": "BadRequestError", "code": 400}),
            INVALID,
        ),
        (402, "", json!({"error": "m"}), QUOTA),
    ] {
        let read = read(status, &[("x-amzn-errortype", class)], &body.to_string());
        assert_eq!(meaning(read), wanted, "{status} {class} {body}");
    }
    // A page of somebody's in between, and nothing at all.
    for body in ["<html>Bad gateway</html>", ""] {
        assert_eq!(meaning(read(502, &[], body)), BROKEN);
        assert_eq!(meaning(read(503, &[], body)), BUSY);
        assert_eq!(meaning(read(400, &[], body)), INVALID);
    }
    // The provider knows best whether to try again.
    for (status, again) in [(400, true), (500, false)] {
        let head = [("x-should-retry", if again { "true" } else { "false" })];
        assert_eq!(read(status, &head, "{}").retryable, again);
    }
}

/// All shapes of an error inside a stream, whose status was a success.
#[test]
fn an_error_event_means_what_it_would_as_an_answer() {
    for (data, wanted) in [
        (
            json!({"error": {"message": "m", "type": "server_error", "code": null}}),
            BROKEN,
        ),
        (
            json!({"type": "error", "code": "rate_limit_exceeded", "message": "m", "param": null}),
            LIMITED,
        ),
        (
            json!({"type": "response.failed", "response": {"error": {"code": "server_error", "message": "m"}}}),
            BROKEN,
        ),
        (
            json!({"type": "response.failed", "response": {"error": {"code": "rate_limit_exceeded", "message": "m"}}}),
            LIMITED,
        ),
        (
            json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
            BUSY,
        ),
        (
            json!({"error": {"message": "m", "status_code": 400, "code": "tool_use_failed"}}),
            INVALID,
        ),
        (
            json!({"id": "x", "choices": [], "error": {"code": 502, "message": "m"}}),
            BROKEN,
        ),
        (
            json!({"error": {"code": 503, "status": "UNAVAILABLE", "message": "m"}}),
            BUSY,
        ),
        (json!({"error": "m"}), BROKEN),
        (
            json!({"type": "message-end", "delta": {"error": "m", "finish_reason": "ERROR"}}),
            BROKEN,
        ),
    ] {
        let read = read(200, &[], &data.to_string());
        assert_eq!(meaning(read), wanted, "{data}");
    }
}

#[test]
fn the_delay_is_the_heads_or_else_the_words() {
    const WORDS: &str =
        r#"{"error":{"message":"try again in 41.7s","code":"rate_limit_exceeded"}}"#;
    let delay = |status, head: &[(&str, &str)]| read(status, head, WORDS).retry_after;
    assert_eq!(delay(429, &[]), Some(Duration::from_millis(41_700)));
    assert_eq!(
        delay(429, &[("retry-after", "3"), ("retry-after-ms", "1500")]),
        Some(Duration::from_millis(1500))
    );
    assert_eq!(delay(400, &[("retry-after", "3")]), None);
    // Inside a stream the words are all there is.
    assert_eq!(delay(200, &[]), Some(Duration::from_millis(41_700)));
}
