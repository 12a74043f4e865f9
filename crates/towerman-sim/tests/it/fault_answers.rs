//! Faults that answer with something else, in memory and in every dialect.

use crate::{
    common::{DIALECTS, Reply, ask, drain, open, send, sim, terminated, text},
    native::{events, kind},
};
use serde_json::Value;
use towerman_sim::{Dialect, Fault, Sim};

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
        for (fault, empty) in [(Fault::Garbage, false), (Fault::EmptyBody, true)] {
            for sim in faulty(&fault) {
                let reply = send(&sim, &ask("hi", stream)).await;
                let wanted = content_type(sim.dialect(), stream);
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

/// The content type of an answer.
fn content_type(dialect: Dialect, stream: bool) -> &'static str {
    match (dialect, stream) {
        (Dialect::Gemini, false) => "application/json; charset=UTF-8",
        (Dialect::Gemini | Dialect::Cohere, true) => "text/event-stream",
        (Dialect::BedrockConverse, true) => "application/vnd.amazon.eventstream",
        (Dialect::Ollama, false) => "application/json; charset=utf-8",
        (Dialect::Ollama, true) => "application/x-ndjson",
        (_, false) => "application/json",
        (_, true) => "text/event-stream; charset=utf-8",
    }
}

#[tokio::test(start_paused = true)]
async fn errors_within_a_200() {
    for n in [0, 5] {
        for sim in faulty(&Fault::ErrorInStream { after_chunks: n }) {
            let reply = send(&sim, &ask("hi", true)).await;
            let events = events(sim.dialect(), &reply.bytes);
            assert_eq!(events.len(), n + 1);
            let (name, data) = (events[n].name.as_deref(), &events[n].data);
            match sim.dialect() {
                Dialect::OpenAi => assert_eq!(data["error"]["code"], "server_is_overloaded"),
                Dialect::BedrockConverse => {
                    assert_eq!(name, Some("serviceUnavailableException"));
                    assert!(data["message"].is_string());
                }
                Dialect::Cohere => {
                    assert_eq!(name, Some("message-end"));
                    assert_eq!(data["delta"]["finish_reason"], "ERROR");
                    assert!(
                        data["delta"]["error"]
                            .as_str()
                            .unwrap()
                            .contains("overloaded")
                    );
                }
                Dialect::Ollama => {
                    assert!(data["error"].as_str().unwrap().contains("server busy"));
                }
                Dialect::OpenAiResponses => {
                    assert_eq!((name, &data["sequence_number"]), (Some("error"), &n.into()));
                    assert_eq!(data["code"], "server_is_overloaded");
                }
                Dialect::Gemini => {
                    assert_eq!((name, &data["error"]["code"]), (Some("error"), &503.into()));
                    assert_eq!(data["error"]["status"], "UNAVAILABLE");
                }
                _ => {
                    assert_eq!(name, Some("error"));
                    assert_eq!(data["error"]["type"], "overloaded_error");
                }
            }
            assert!(!terminated(sim.dialect(), &events));
            assert!(!sim.book().lines()[0].completed && sim.cancelled() == 0);
        }
    }
    for sim in faulty(&Fault::ErrorInStream { after_chunks: 3 }) {
        let reply = send(&sim, &ask("hi", false)).await;
        assert_eq!(reply.status, 200);
        let words = message(sim.dialect(), &reply);
        assert!(
            words.contains("verloaded") || words.contains("busy"),
            "{words}"
        );
    }
}

/// The words of an error.
fn message(dialect: Dialect, reply: &Reply) -> String {
    let body = reply.json();
    let message = match dialect {
        Dialect::BedrockConverse | Dialect::Cohere => &body["message"],
        Dialect::Ollama => &body["error"],
        _ => &body["error"]["message"],
    };
    message.as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn one_malformed_chunk_among_good_ones() {
    for n in [0, 5] {
        for sim in faulty(&Fault::MalformedEvents {
            after_chunks: n,
            count: 1,
        }) {
            let said = "all of it, and then some more";
            let body = ask(&format!(r#"say:"{said}""#), true);
            let (mut chunks, end) = drain(open(&sim, &body).await.unwrap()).await;
            assert!(end.is_ok());
            let (dialect, bad) = (sim.dialect(), chunks.remove(n));
            let parsed = std::panic::catch_unwind(|| events(dialect, &bad));
            assert!(parsed.is_err(), "{dialect:?}");
            let good = events(dialect, &chunks.concat());
            assert!(terminated(dialect, &good));
            assert_eq!(text(&good), said);
            assert!(sim.book().lines()[0].completed);
        }
    }
    for sim in faulty(&Fault::MalformedEvents {
        after_chunks: 3,
        count: 1,
    }) {
        works(&sim).await;
    }
}

/// What each dialect calls a status.
const STATUSES: [(u16, [&str; 7]); 10] = [
    (
        400,
        [
            "invalid_request_error",
            "invalid_request_error",
            "INVALID_ARGUMENT",
            "invalid_request_error",
            "ValidationException",
            "",
            "",
        ],
    ),
    (
        401,
        [
            "invalid_request_error",
            "authentication_error",
            "UNAUTHENTICATED",
            "invalid_request_error",
            "AccessDeniedException",
            "",
            "",
        ],
    ),
    (
        403,
        [
            "invalid_request_error",
            "permission_error",
            "PERMISSION_DENIED",
            "invalid_request_error",
            "AccessDeniedException",
            "",
            "",
        ],
    ),
    (
        404,
        [
            "invalid_request_error",
            "not_found_error",
            "NOT_FOUND",
            "invalid_request_error",
            "ResourceNotFoundException",
            "",
            "",
        ],
    ),
    (
        500,
        [
            "server_error",
            "api_error",
            "INTERNAL",
            "server_error",
            "InternalServerException",
            "",
            "",
        ],
    ),
    (
        502,
        [
            "server_error",
            "api_error",
            "INTERNAL",
            "server_error",
            "InternalServerException",
            "",
            "",
        ],
    ),
    (
        503,
        [
            "server_error",
            "api_error",
            "UNAVAILABLE",
            "server_error",
            "ServiceUnavailableException",
            "",
            "",
        ],
    ),
    (
        504,
        [
            "server_error",
            "timeout_error",
            "DEADLINE_EXCEEDED",
            "server_error",
            "InternalServerException",
            "",
            "",
        ],
    ),
    (
        529,
        [
            "server_error",
            "overloaded_error",
            "INTERNAL",
            "server_error",
            "InternalServerException",
            "",
            "",
        ],
    ),
    (
        302,
        [
            "invalid_request_error",
            "invalid_request_error",
            "INVALID_ARGUMENT",
            "invalid_request_error",
            "ValidationException",
            "",
            "",
        ],
    ),
];

#[tokio::test]
async fn statuses_have_the_dialects_body() {
    for (status, kinds) in STATUSES {
        for (sim, named) in faulty(&Fault::Status(status)).zip(kinds) {
            let reply = send(&sim, &ask("hi", true)).await;
            assert_eq!(reply.status.as_u16(), status);
            assert_eq!(kind(sim.dialect(), &reply), named, "{status}");
            assert!(!message(sim.dialect(), &reply).is_empty());
            assert_eq!(reply.headers.contains_key("location"), status == 302);
            assert_eq!((sim.book().lines().len(), sim.book().requests()), (0, 1));
        }
    }
    for sim in faulty(&Fault::Status(7)) {
        assert_eq!(send(&sim, &ask("hi", true)).await.status, 500);
    }
    for sim in faulty(&Fault::Overloaded) {
        let status = match sim.dialect() {
            Dialect::Anthropic => 529,
            _ => 503,
        };
        assert_eq!(send(&sim, &ask("hi", true)).await.status.as_u16(), status);
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
