//! Faults that are limits: rates, and purses.

use std::time::Duration;

use crate::{
    common::{DIALECTS, Reply, ask, send, sim},
    native::kind,
};
use towerman_sim::{Dialect, Fault, RetryAfter, Sim};

/// One sim per dialect, with this fault on its next request.
fn faulty(fault: &Fault) -> impl Iterator<Item = Sim> {
    DIALECTS.into_iter().map(sim).inspect(move |sim| {
        sim.faults().once(fault.clone());
    })
}

fn has_header(reply: &Reply, part: &str) -> bool {
    reply
        .headers
        .keys()
        .any(|name| name.as_str().contains(part))
}

#[tokio::test]
async fn rate_limits_say_when_to_come_back() {
    let limited = |retry_after| faulty(&Fault::RateLimited(retry_after)).collect::<Vec<_>>();
    for (retry_after, name, value) in [
        (RetryAfter::Seconds(7), "retry-after", "7"),
        (RetryAfter::Millis(250), "retry-after-ms", "250"),
        (RetryAfter::Garbage, "retry-after", "soon"),
    ] {
        for sim in limited(retry_after) {
            let reply = send(&sim, &ask("hi", true)).await;
            assert_eq!((reply.status.as_u16(), reply.header(name)), (429, value));
            assert!(!has_header(&reply, "ratelimit"));
            assert_eq!(sim.book().lines().len(), 0);
        }
    }
    let span = Duration::from_millis(86_400);
    for sim in limited(RetryAfter::HttpDate(span)) {
        let reply = send(&sim, &ask("hi", true)).await;
        let at = |name| httpdate::parse_http_date(reply.header(name)).unwrap();
        let wait = at("retry-after")
            .duration_since(at("date"))
            .unwrap()
            .as_secs();
        assert!((86..=87).contains(&wait));
    }
    for sim in limited(RetryAfter::RateLimitReset(span)) {
        let reply = send(&sim, &ask("hi", true)).await;
        assert!(!reply.headers.contains_key("retry-after"));
        match sim.dialect() {
            Dialect::OpenAi | Dialect::OpenAiResponses => {
                assert_eq!(reply.header("x-ratelimit-reset-requests"), "1m26.4s");
            }
            Dialect::Anthropic => {
                assert_eq!(reply.header("anthropic-ratelimit-requests-remaining"), "0");
                assert_eq!(
                    reply.header("anthropic-ratelimit-requests-reset").len(),
                    "2026-08-19T14:35:17Z".len()
                );
            }
            Dialect::Gemini => {
                let error = reply.json()["error"].clone();
                let info = &error["details"][1];
                assert_eq!(info["@type"], "type.googleapis.com/google.rpc.RetryInfo");
                assert_eq!(info["retryDelay"], "86.400s");
                let words = error["message"].as_str().unwrap();
                assert!(words.ends_with("Please retry in 86.4s."), "{words}");
            }
            _ => assert!(!has_header(&reply, "ratelimit")),
        }
    }
}

/// The error says that waiting does not help.
fn spent(dialect: Dialect, reply: &Reply) -> bool {
    let error = &reply.json()["error"];
    match dialect {
        Dialect::OpenAi | Dialect::OpenAiResponses => error["code"] == "insufficient_quota",
        Dialect::Anthropic => error["details"]["error_code"] == "enforced_spend_limit_reached",
        Dialect::Gemini => error["details"][0]["violations"][0]["quotaId"]
            .as_str()
            .is_some_and(|quota| quota.contains("PerDay")),
        Dialect::BedrockConverse => kind(dialect, reply) == "ServiceQuotaExceededException",
        _ => reply.status != 429,
    }
}

#[tokio::test]
async fn a_limit_and_an_empty_purse_differ() {
    for fault in [Fault::RateLimited(RetryAfter::None), Fault::QuotaExceeded] {
        for sim in faulty(&fault) {
            let reply = send(&sim, &ask("hi", true)).await;
            let poor = fault == Fault::QuotaExceeded;
            let status = match sim.dialect() {
                Dialect::BedrockConverse if poor => 400,
                Dialect::Ollama | Dialect::Cohere if poor => 402,
                _ => 429,
            };
            assert_eq!(reply.status.as_u16(), status);
            assert!(!has_header(&reply, "ratelimit") && !has_header(&reply, "retry-after"));
            assert_eq!(spent(sim.dialect(), &reply), poor, "{:?}", sim.dialect());
        }
    }
}
