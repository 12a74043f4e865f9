//! Claude on AWS Bedrock: what leaves is signed, and what comes back is Anthropic's.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "bedrock/frames.rs"]
mod frames;
#[path = "bedrock/host.rs"]
mod host;
#[path = "bedrock/sigv4.rs"]
mod sigv4;

use std::path::Path;

use host::Host;
use serde_json::Value;
use sigv4::Account;
use towerman::{core::Dialect, policy::Loader};
use towerman_tests::{
    Answer, Gateway,
    client::{self, Heard, Trouble},
    post,
};

const CLAUDE: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";

const fn account(token: Option<&'static str>) -> Account {
    Account {
        id: "AKIDEXAMPLE",
        secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        token,
        region: "eu-central-1",
    }
}

/// A gateway for Claude at `url`, behind a path, with the account's keys and some token.
async fn gateway(url: &str, token: &str) -> Gateway {
    let token = match token {
        "" => String::new(),
        token => format!("session_token = \"env:{token}\""),
    };
    let text = format!(
        r#"
        [providers.aws]
        profile = "anthropic-bedrock"
        url = "{url}/proxied"
        region = "eu-central-1"
        access_key_id = "env:ID"
        secret_access_key = "env:SECRET"
        {token}
        [routes]
        claude = ["aws/{CLAUDE}"]
        throttled = ["aws/throttled"]
        garbled = ["aws/garbled"]
        cut = ["aws/cut"]
        "#
    );
    let secrets = |name: &str| {
        let account = account(None);
        Some(match name {
            "ID" => account.id.to_owned(),
            "SECRET" => account.secret.to_owned(),
            other => format!("{other}/+="),
        })
    };
    let loader = Loader::new().secrets(secrets);
    let config = loader.parse(&text, Path::new("towerman.toml")).unwrap();
    Gateway::start(config.draft).await
}

async fn ask(gateway: &Gateway, dialect: Dialect, model: &str, stream: bool) -> Answer {
    let body = client::ask(dialect, model, "Hi", stream);
    post(&format!("{}{}", gateway.url(), dialect.path()), &body).await
}

const BOTH: [Dialect; 2] = [Dialect::Anthropic, Dialect::OpenAiChat];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_is_what_was_signed_whole_and_streamed() {
    for token in ["", "TOKEN"] {
        let held = (!token.is_empty()).then_some("TOKEN/+=");
        let host = Host::start(account(held)).await;
        let gateway = gateway(&host.url, token).await;
        for dialect in BOTH {
            for stream in [false, true] {
                let answer = ask(&gateway, dialect, "claude", stream).await;
                let heard = client::read(dialect, &answer).unwrap_or_else(|why| panic!("{why}"));
                let text = "Hello there".to_owned();
                let wanted = if stream {
                    Heard::Stream {
                        text,
                        error: None,
                        unreadable: 0,
                    }
                } else {
                    Heard::Whole { text }
                };
                assert_eq!(heard, wanted, "{dialect}");

                let (path, body) = host.taken.lock().unwrap().pop().unwrap();
                let verb = if stream {
                    "invoke-with-response-stream"
                } else {
                    "invoke"
                };
                let model = CLAUDE.replace(':', "%3A");
                assert_eq!(path, format!("/proxied/model/{model}/{verb}"));
                let body: Value = serde_json::from_slice(&body).unwrap();
                assert_eq!(
                    body["anthropic_version"], "bedrock-2023-05-31",
                    "{dialect} {body}"
                );
                assert!(body["max_tokens"].is_u64());
                assert!(body["messages"].is_array());
                assert_eq!(body.as_object().unwrap().len(), 3, "{body}");
            }
        }
        let lines = gateway.ledger.lines();
        assert_eq!(lines.len(), 4);
        for line in lines {
            assert_eq!((line.usage.input, line.usage.output), (14, 10));
            assert_eq!(line.outcome, "success");
        }
        gateway.stop().await;
    }
}

/// The other test would pass if the host took anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_expects_another_signature_refuses() {
    let host = Host::start(account(None)).await;
    let gateway = gateway(&host.url, "TOKEN").await;
    let answer = ask(&gateway, Dialect::Anthropic, "claude", false).await;
    let Ok(Heard::Refused(_)) = client::read(Dialect::Anthropic, &answer) else {
        panic!("{}", answer.text());
    };
    assert_eq!(*host.taken.lock().unwrap(), []);

    let other = Account {
        secret: "another",
        ..account(None)
    };
    let host = Host::start(other).await;
    let gateway = self::gateway(&host.url, "").await;
    let answer = ask(&gateway, Dialect::Anthropic, "claude", false).await;
    assert!(!answer.status.is_success());
    assert_eq!(*host.taken.lock().unwrap(), []);
}

/// A client that speaks Anthropic gets the very events that Claude said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrapped_events_keep_their_letter() {
    let host = Host::start(account(None)).await;
    let gateway = gateway(&host.url, "").await;
    let answer = ask(&gateway, Dialect::Anthropic, "claude", true).await;
    assert_eq!(answer.headers["content-type"], "text/event-stream");
    let wanted: Vec<String> = host::events()
        .iter()
        .map(|event| {
            format!(
                "event: {}\ndata: {event}\n\n",
                event["type"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(answer.text(), wanted.concat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_wrong_in_a_stream_is_told_in_the_clients_words() {
    let host = Host::start(account(None)).await;
    let gateway = gateway(&host.url, "").await;
    for dialect in BOTH {
        let server_error = match dialect {
            Dialect::Anthropic => "api_error",
            _ => "server_error",
        };
        for (model, wanted) in [
            ("throttled", "rate_limit_error"),
            ("garbled", server_error),
            ("cut", server_error),
        ] {
            let answer = ask(&gateway, dialect, model, true).await;
            let heard = client::read(dialect, &answer).unwrap_or_else(|why| panic!("{why}"));
            let Heard::Stream { text, error, .. } = heard else {
                panic!("{heard:?}");
            };
            assert_eq!(text, "Hello", "what came before the fault is told");
            let Trouble { kind, message, .. } = error.unwrap();
            assert_eq!(kind, wanted, "{model}: {message}");
            assert!(!message.is_empty());
        }
    }
    let lines = gateway.ledger.lines();
    let outcomes: Vec<_> = lines.iter().map(|line| line.outcome).collect();
    let each = ["in_stream_error", "protocol", "truncated"];
    assert_eq!(outcomes, [each, each].concat());
}
