//! The Responses dialect, field by field.

use crate::common::{Event, ask, events, send, terminated, text};
use serde_json::{Value, json};
use towerman_sim::{Dialect, PER_ATTACHMENT, PER_MESSAGE, Sim, count_tokens};

fn sim() -> Sim {
    Sim::openai_responses("alpha").build()
}

/// The events' names, each but the first of a run of equal ones left out.
fn grammar(events: &[Event]) -> Vec<&str> {
    let mut names: Vec<_> = events
        .iter()
        .map(|event| event.name.as_deref().unwrap())
        .collect();
    names.dedup();
    names
}

#[tokio::test]
async fn whole_answer_has_every_field() {
    let mut body = ask("hi", false);
    body["instructions"] = json!("terse");
    body["store"] = json!(false);
    let reply = send(&sim(), &body).await;
    assert!(reply.header("x-request-id").starts_with("req_"));
    let body = reply.json();
    assert!(body["id"].as_str().unwrap().starts_with("resp_"));
    assert_eq!(
        (&body["object"], &body["status"], &body["model"]),
        (&json!("response"), &json!("completed"), &json!("m"))
    );
    // It repeats the request, with defaults for what that left out.
    assert_eq!(
        (
            &body["instructions"],
            &body["store"],
            &body["max_output_tokens"],
            &body["tool_choice"]
        ),
        (&json!("terse"), &json!(false), &json!(1000), &json!("auto"))
    );
    let message = &body["output"][0];
    assert!(message["id"].as_str().unwrap().starts_with("msg_"));
    assert_eq!(
        (&message["type"], &message["role"]),
        (&json!("message"), &json!("assistant"))
    );
    let part = &message["content"][0];
    assert_eq!(
        (&part["type"], &part["annotations"]),
        (&json!("output_text"), &json!([]))
    );
    assert_eq!(count_tokens(part["text"].as_str().unwrap()), 24);
    let input = PER_MESSAGE + 1 + count_tokens("terse");
    assert_eq!(
        body["usage"],
        json!({"input_tokens": input, "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
            "output_tokens": 24, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": input + 24})
    );
}

#[tokio::test]
async fn stream_follows_the_grammar() {
    let said = "héllo 🌍 漢字";
    let sim = sim();
    let body = ask(&format!("say:\"{said}\""), true);
    let events = events(&send(&sim, &body).await.bytes);
    assert_eq!(
        grammar(&events),
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed"
        ]
    );
    assert_eq!(text(&events), said);
    assert!(terminated(Dialect::OpenAiResponses, &events));
    let numbers: Vec<_> = events
        .iter()
        .map(|event| event.data["sequence_number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (0..events.len() as u64).collect::<Vec<_>>());
    assert_eq!(events[0].data["response"]["status"], "in_progress");
    assert_eq!(events[0].data["response"]["usage"], Value::Null);
    let last = &events.last().unwrap().data["response"];
    assert_eq!(last["output"][0]["content"][0]["text"], said);
    assert_eq!(last["id"], events[0].data["response"]["id"]);
    let done = &events[events.len() - 2].data["item"];
    assert_eq!(done, &last["output"][0]);
    let padded = events
        .iter()
        .filter(|event| event.data["obfuscation"].is_string());
    assert_eq!(padded.count() as u64, count_tokens(said));
    let mut plain = body;
    plain["stream_options"] = json!({"include_obfuscation": false});
    let bytes = send(&sim, &plain).await.bytes;
    assert!(!String::from_utf8_lossy(&bytes).contains("obfuscation"));
}

#[tokio::test]
async fn a_limit_leaves_it_incomplete() {
    let said = "x".repeat(200);
    let mut body = ask(&format!("say:\"{said}\""), false);
    body["max_tokens"] = json!(16);
    let whole = send(&sim(), &body).await.json();
    assert_eq!(
        (&whole["status"], &whole["completed_at"]),
        (&json!("incomplete"), &Value::Null)
    );
    assert_eq!(
        whole["incomplete_details"],
        json!({"reason": "max_output_tokens"})
    );
    assert_eq!(whole["output"][0]["content"][0]["text"], "x".repeat(64));
    assert_eq!(whole["output"][0]["status"], "incomplete");
    body["stream"] = json!(true);
    let events = events(&send(&sim(), &body).await.bytes);
    assert_eq!(
        events.last().unwrap().name.as_deref(),
        Some("response.incomplete")
    );
}

#[tokio::test]
async fn images_schemas_caches_and_counts() {
    let sim = sim();
    let input = json!([{"role": "user", "content": [{"type": "input_text", "text": "look"},
        {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="}]}]);
    let size = PER_MESSAGE + 1 + PER_ATTACHMENT;
    let body = json!({"model": "m", "input": input});
    assert_eq!(
        send(&sim, &body).await.json()["usage"]["input_tokens"],
        size
    );

    let schema =
        json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    let body = json!({"model": "m", "input": "hi",
        "text": {"format": {"type": "json_schema", "name": "N", "schema": schema}}});
    let reply = send(&sim, &body).await.json();
    assert_eq!(reply["output"][0]["content"][0]["text"], r#"{"n":0}"#);
    assert_eq!(reply["text"]["format"]["name"], "N");

    let long = json!({"model": "m", "instructions": "s".repeat(4 * 1500), "input": "a"});
    send(&sim, &long).await;
    let usage = send(&sim, &long).await.json()["usage"].clone();
    assert_eq!(
        (
            &usage["input_tokens"],
            &usage["input_tokens_details"]["cached_tokens"]
        ),
        (&json!(1505), &json!(1408))
    );
}
