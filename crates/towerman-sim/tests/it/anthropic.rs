//! The Anthropic dialect, field by field.

use crate::common::{ask, events, send, terminated, text};
use serde_json::{Value, json};
use towerman_sim::{Dialect, PER_MESSAGE, Sim, count_tokens};

fn sim() -> Sim {
    Sim::anthropic("beta").build()
}

#[tokio::test]
async fn whole_answer_has_every_field() {
    let reply = send(&sim(), &ask("hi", false)).await;
    assert_eq!(reply.status, 200);
    assert!(reply.header("request-id").starts_with("req_"));
    assert_eq!(
        reply.header("anthropic-ratelimit-requests-remaining"),
        "9999"
    );
    assert!(
        reply
            .header("anthropic-ratelimit-tokens-reset")
            .ends_with('Z')
    );
    let body = reply.json();
    assert!(body["id"].as_str().unwrap().starts_with("msg_01"));
    assert_eq!(
        (&body["type"], &body["role"], &body["model"]),
        (&json!("message"), &json!("assistant"), &json!("m"))
    );
    assert_eq!(
        (&body["stop_reason"], &body["stop_sequence"]),
        (&json!("end_turn"), &Value::Null)
    );
    assert_eq!(body["content"][0]["type"], "text");
    assert!(
        body["content"][0]["text"]
            .as_str()
            .unwrap()
            .starts_with("[beta] ")
    );
    let usage = &body["usage"];
    assert_eq!(
        (&usage["input_tokens"], &usage["output_tokens"]),
        (&json!(PER_MESSAGE + 1), &json!(24))
    );
    assert_eq!(
        (
            &usage["cache_read_input_tokens"],
            &usage["cache_creation_input_tokens"]
        ),
        (&json!(0), &json!(0))
    );
    assert_eq!(
        usage["cache_creation"],
        json!({"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0})
    );
}

#[tokio::test]
async fn stream_follows_the_grammar() {
    let said = "héllo 🌍 漢字";
    let events = events(
        &send(&sim(), &ask(&format!("say:\"{said}\""), true))
            .await
            .bytes,
    );
    let names: Vec<_> = events
        .iter()
        .map(|event| event.name.as_deref().unwrap())
        .collect();
    let tokens = count_tokens(said) as usize;
    assert_eq!(names[..3], ["message_start", "content_block_start", "ping"]);
    assert_eq!(names[3..3 + tokens], vec!["content_block_delta"; tokens]);
    assert_eq!(
        names[3 + tokens..],
        ["content_block_stop", "message_delta", "message_stop"]
    );
    assert_eq!(text(&events), said);
    assert!(terminated(Dialect::Anthropic, &events));
    let start = &events[0].data["message"];
    assert_eq!(
        (&start["content"], &start["stop_reason"]),
        (&json!([]), &Value::Null)
    );
    assert_eq!(
        (
            &start["usage"]["output_tokens"],
            &start["usage"]["input_tokens"]
        ),
        (&json!(1), &json!(PER_MESSAGE + 6))
    );
    let end = &events[3 + tokens + 1].data;
    assert_eq!(
        end["delta"],
        json!({"stop_reason": "end_turn", "stop_sequence": null, "stop_details": null})
    );
    assert_eq!(
        (
            &end["usage"]["output_tokens"],
            &end["usage"]["input_tokens"]
        ),
        (&json!(tokens), &json!(PER_MESSAGE + 6))
    );
}

#[tokio::test]
async fn stops_and_limits() {
    let mut body = ask(r#"say:"one two three four""#, true);
    body["stop_sequences"] = json!(["nine", " three"]);
    let stopped = events(&send(&sim(), &body).await.bytes);
    assert_eq!(text(&stopped), "one two");
    let delta = &stopped[stopped.len() - 2].data["delta"];
    assert_eq!(
        (&delta["stop_reason"], &delta["stop_sequence"]),
        (&json!("stop_sequence"), &json!(" three"))
    );

    let mut body = ask(r#"say:"one two three four""#, false);
    body["max_tokens"] = json!(2);
    let reply = send(&sim(), &body).await.json();
    assert_eq!(
        (&reply["content"][0]["text"], &reply["stop_reason"]),
        (&json!("one two "), &json!("max_tokens"))
    );
    assert_eq!(reply["usage"]["output_tokens"], 2);
}
