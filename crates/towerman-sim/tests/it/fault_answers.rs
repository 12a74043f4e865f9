//! Faults that answer with something else, in memory and in both dialects.

use std::time::Duration;

use crate::common::{DIALECTS, ask, events, send, sim, terminated, text};
use serde_json::Value;
use towerman_sim::{Dialect, Fault, RetryAfter, Sim};

/// One sim per dialect, with this fault on its next request.
fn faulty(fault: &Fault) -> impl Iterator<Item = Sim> {
    DIALECTS.into_iter().map(sim).inspect(move |sim| {
        sim.faults().once(fault.clone());
    })
}

async fn works(sim: &Sim) {
    let reply = send(sim, &ask("hi", false)).await;
    assert_eq!(reply.status, 200);
    assert_eq!(sim.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn bodies_that_are_no_answer() {
    for stream in [true, false] {
        let wanted = if stream {
            "text/event-stream; charset=utf-8"
        } else {
            "application/json"
        };
        for (fault, empty) in [(Fault::Garbage, false), (Fault::EmptyBody, true)] {
            for sim in faulty(&fault) {
                let reply = send(&sim, &ask("hi", stream)).await;
                assert_eq!(
                    (reply.status.as_u16(), reply.header("content-type")),
                    (200, wanted)
                );
                assert_eq!(reply.bytes.is_empty(), empty);
                assert!(serde_json::from_slice::<Value>(&reply.bytes).is_err());
                let line = &sim.book().lines()[0];
                assert_eq!(
                    (line.output, line.completed, line.cancelled),
                    (0, false, false)
                );
                works(&sim).await;
            }
        }
        for sim in faulty(&Fault::Html { status: 403 }) {
            let reply = send(&sim, &ask("hi", stream)).await;
            assert_eq!(
                (reply.status.as_u16(), reply.header("content-type")),
                (403, "text/html; charset=UTF-8")
            );
            assert!(reply.bytes.starts_with(b"<!DOCTYPE html>"));
            assert_eq!(sim.book().lines().len(), 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn errors_within_a_200() {
    for n in [0, 5] {
        for sim in faulty(&Fault::ErrorInStream { after_chunks: n }) {
            let events = events(&send(&sim, &ask("hi", true)).await.bytes);
            assert_eq!(events.len(), n + 1);
            let error = &events[n];
            match sim.dialect() {
                Dialect::OpenAi => assert_eq!(error.data["error"]["code"], "server_is_overloaded"),
                _ => {
                    assert_eq!(error.name.as_deref(), Some("error"));
                    assert_eq!(error.data["error"]["type"], "overloaded_error");
                }
            }
            assert!(!sim.book().lines()[0].completed && sim.cancelled() == 0);
        }
        for sim in faulty(&Fault::MalformedEvent { after_chunks: n }) {
            let bytes = send(&sim, &ask(r#"say:"all of it""#, true)).await.bytes;
            let blocks: Vec<_> = std::str::from_utf8(&bytes)
                .unwrap()
                .split_inclusive("\n\n")
                .collect();
            let (bad, good): (Vec<_>, Vec<_>) =
                blocks.iter().enumerate().partition(|(at, _)| *at == n);
            let data = bad[0].1.trim_end().split_once("data: ").unwrap().1;
            assert!(serde_json::from_str::<Value>(data).is_err());
            let good: String = good.into_iter().map(|(_, block)| *block).collect();
            let good = events(good.as_bytes());
            assert!(terminated(sim.dialect(), &good));
            assert_eq!(text(&good), "all of it");
            assert!(sim.book().lines()[0].completed);
        }
    }
    for sim in faulty(&Fault::ErrorInStream { after_chunks: 3 }) {
        let reply = send(&sim, &ask("hi", false)).await;
        assert_eq!(reply.status, 200);
        assert!(reply.json()["error"]["message"].is_string());
    }
    for sim in faulty(&Fault::MalformedEvent { after_chunks: 3 }) {
        works(&sim).await;
    }
}

#[tokio::test]
async fn statuses_have_the_dialects_body() {
    let cases = [
        (400, "invalid_request_error", "invalid_request_error"),
        (401, "invalid_request_error", "authentication_error"),
        (403, "invalid_request_error", "permission_error"),
        (404, "invalid_request_error", "not_found_error"),
        (500, "server_error", "api_error"),
        (502, "server_error", "api_error"),
        (503, "server_error", "api_error"),
        (504, "server_error", "timeout_error"),
        (529, "server_error", "overloaded_error"),
        (302, "invalid_request_error", "invalid_request_error"),
    ];
    for (status, openai, anthropic) in cases {
        for sim in faulty(&Fault::Status(status)) {
            let reply = send(&sim, &ask("hi", true)).await;
            assert_eq!(reply.status.as_u16(), status);
            let kind = if sim.dialect() == Dialect::OpenAi {
                openai
            } else {
                anthropic
            };
            assert_eq!(reply.json()["error"]["type"], kind, "{status}");
            assert_eq!(reply.headers.contains_key("location"), status == 302);
            assert_eq!((sim.book().lines().len(), sim.book().requests()), (0, 1));
        }
    }
    for sim in faulty(&Fault::Status(7)) {
        assert_eq!(send(&sim, &ask("hi", true)).await.status, 500);
    }
    for sim in faulty(&Fault::Overloaded) {
        let status = if sim.dialect() == Dialect::OpenAi {
            503
        } else {
            529
        };
        assert_eq!(send(&sim, &ask("hi", true)).await.status.as_u16(), status);
    }
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
            assert!(
                !reply
                    .headers
                    .keys()
                    .any(|name| name.as_str().contains("ratelimit"))
            );
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
            Dialect::OpenAi => assert_eq!(reply.header("x-ratelimit-reset-requests"), "1m26.4s"),
            _ => {
                assert_eq!(reply.header("anthropic-ratelimit-requests-remaining"), "0");
                assert_eq!(
                    reply.header("anthropic-ratelimit-requests-reset").len(),
                    "2026-08-19T14:35:17Z".len()
                );
            }
        }
    }
    for fault in [Fault::RateLimited(RetryAfter::None), Fault::QuotaExceeded] {
        for sim in faulty(&fault) {
            let reply = send(&sim, &ask("hi", true)).await;
            assert_eq!(reply.status, 429);
            assert!(
                !reply
                    .headers
                    .keys()
                    .any(|name| name.as_str().contains("ratelimit")
                        || name.as_str().contains("retry-after"))
            );
            let error = &reply.json()["error"];
            let code = if sim.dialect() == Dialect::OpenAi {
                &error["code"]
            } else {
                &error["details"]["error_code"]
            };
            let quota = code == "insufficient_quota" || code == "enforced_spend_limit_reached";
            assert_eq!(quota, fault == Fault::QuotaExceeded);
        }
    }
}

#[tokio::test]
async fn standing_faults_and_shares() {
    for dialect in DIALECTS {
        let sim = sim(dialect);
        sim.faults()
            .always(Fault::Status(500))
            .once(Fault::Status(502));
        let status = async || send(&sim, &ask("hi", false)).await.status.as_u16();
        assert_eq!(
            [status().await, status().await, status().await],
            [502, 500, 500]
        );
        sim.clone()
            .faults()
            .clear()
            .fraction(0.5, Fault::Status(504), 7);
        let mut failed = 0;
        for _ in 0..100 {
            failed += u32::from(status().await == 504);
        }
        assert!((35..65).contains(&failed), "{failed}");
        assert_eq!(sim.book().totals().lines, u64::from(100 - failed));
    }
}
