//! The Cohere dialect, field by field.

use crate::{
    common::{Event, ask, events, send, terminated, text},
    native::raw,
};
use serde_json::{Value, json};
use towerman_sim::{Dialect, Model, PER_ATTACHMENT, PER_MESSAGE, Sim, count_tokens};

fn sim() -> Sim {
    Sim::cohere("alpha").build()
}

fn user(text: &str) -> Value {
    json!([{"role": "user", "content": text}])
}

fn tools() -> Value {
    json!([
        {"type": "function", "function": {"name": "weather", "parameters": {"type": "object",
            "properties": {"city": {"type": "string"}}, "required": ["city"]}}},
        {"type": "function", "function": {"name": "time", "parameters": {"type": "object"}}},
    ])
}

fn grammar(events: &[Event]) -> Vec<&str> {
    let mut names: Vec<_> = events
        .iter()
        .map(|event| event.name.as_deref().unwrap_or("[DONE]"))
        .collect();
    names.dedup();
    names
}

#[tokio::test]
async fn whole_answer_has_every_field() {
    let reply = send(&sim(), &ask("hi", false)).await;
    let body = reply.json();
    assert_eq!(body["id"].as_str().unwrap().len(), 36);
    assert_eq!(
        (&body["finish_reason"], &body["message"]["role"]),
        (&json!("COMPLETE"), &json!("assistant"))
    );
    let content = &body["message"]["content"][0];
    assert_eq!(content["type"], "text");
    assert_eq!(count_tokens(content["text"].as_str().unwrap()), 24);
    assert_eq!(
        body["usage"],
        json!({"billed_units": {"input_tokens": PER_MESSAGE + 1, "output_tokens": 24},
            "tokens": {"input_tokens": PER_MESSAGE + 1, "output_tokens": 24}})
    );
    assert!(body["message"].get("tool_calls").is_none());
}

#[tokio::test]
async fn stream_follows_the_grammar() {
    let said = "héllo 🌍 漢字";
    let reply = send(&sim(), &ask(&format!("say:\"{said}\""), true)).await;
    assert_eq!(reply.header("content-type"), "text/event-stream");
    let events = events(&reply.bytes);
    assert_eq!(
        grammar(&events),
        [
            "message-start",
            "content-start",
            "content-delta",
            "content-end",
            "message-end",
            "[DONE]"
        ]
    );
    assert_eq!(text(&events), said);
    assert!(terminated(Dialect::Cohere, &events));
    assert_eq!(events.len() as u64, count_tokens(said) + 5);
    assert!(events[0].data["id"].is_string());
    let end = &events[events.len() - 2].data["delta"];
    assert_eq!(
        (
            &end["finish_reason"],
            &end["usage"]["tokens"]["output_tokens"]
        ),
        (&json!("COMPLETE"), &json!(count_tokens(said)))
    );
}

#[tokio::test]
async fn stops_limits_images_schemas_and_caches() {
    let sim = sim();
    let ask = async |more: Value| {
        let mut body = json!({"model": "m", "messages": user(r#"say:"one two three""#)});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        send(&sim, &body).await.json()
    };
    let stopped = ask(json!({"stop_sequences": [" three"]})).await;
    assert_eq!(
        (
            &stopped["message"]["content"][0]["text"],
            &stopped["finish_reason"]
        ),
        (&json!("one two"), &json!("STOP_SEQUENCE"))
    );
    let limited = ask(json!({"max_tokens": 2})).await;
    assert_eq!(
        (
            &limited["message"]["content"][0]["text"],
            &limited["finish_reason"]
        ),
        (&json!("one two "), &json!("MAX_TOKENS"))
    );
    let image = json!([{"role": "user", "content": [{"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]}]);
    let seen = ask(json!({"messages": image})).await;
    assert_eq!(
        seen["usage"]["tokens"]["input_tokens"],
        PER_MESSAGE + 1 + PER_ATTACHMENT
    );
    let schema =
        json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    let format = json!({"messages": user("hi"), "response_format": {"type": "json_object", "json_schema": schema}});
    assert_eq!(
        ask(format).await["message"]["content"][0]["text"],
        r#"{"n":0}"#
    );

    let long = json!({"messages": user(&"x".repeat(4 * 1500))});
    assert!(
        ask(long.clone()).await["usage"]
            .get("cached_tokens")
            .is_none()
    );
    let usage = ask(long).await["usage"].clone();
    assert_eq!(
        (&usage["cached_tokens"], &usage["tokens"]["input_tokens"]),
        (&json!(1408), &json!(1504))
    );
    // Fewer are charged in full than there were.
    assert_eq!(usage["billed_units"]["input_tokens"], 1504 - 1408);
}

#[tokio::test]
async fn refusals() {
    let sim = Sim::cohere("alpha")
        .model(Model::new("m").context_window(100))
        .build();
    let with = |more: Value| {
        let mut body = json!({"model": "m", "messages": user("hi")});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    for (body, status, words) in [
        (
            json!({"messages": user("hi")}),
            400,
            "invalid request: model is required",
        ),
        (with(json!({"model": "x"})), 404, "model 'x' not found"),
        (
            with(json!({"messages": []})),
            400,
            "invalid request: messages must have",
        ),
        (
            with(json!({"messages": [{"role": "robot", "content": "x"}]})),
            400,
            "invalid type: parameter messages[0].role",
        ),
        (
            with(json!({"messages": [{"role": "user"}]})),
            400,
            "invalid request: all elements",
        ),
        (
            with(
                json!({"messages": [{"role": "user", "content": [{"type": "input_text", "text": "x"}]}]}),
            ),
            400,
            "invalid type: parameter messages[0].content",
        ),
        (
            with(json!({"messages": [{"role": "tool", "tool_call_id": "a", "content": "x"}]})),
            400,
            "invalid request: tool call id 'a'",
        ),
        (
            with(json!({"stop_sequences": ["1", "2", "3", "4", "5", "6"]})),
            400,
            "invalid request: stop_sequences",
        ),
        (
            with(json!({"frequency_penalty": 0.5, "presence_penalty": 0.5})),
            400,
            "invalid request: you may only use one",
        ),
        (
            with(json!({"tool_choice": "REQUIRED"})),
            400,
            "invalid request: tool_choice requires",
        ),
        (
            with(json!({"tools": tools(), "tool_choice": "auto"})),
            400,
            "invalid request: tool_choice 'auto'",
        ),
        (
            with(json!({"response_format": {"type": "json_schema"}})),
            400,
            "invalid request: response_format.type",
        ),
        (
            with(json!({"max_tokens": "many"})),
            422,
            "failed to parse request body",
        ),
        (
            with(json!({"messages": user(&"x".repeat(400))})),
            400,
            "too many tokens: size limit exceeded by 4 tokens.",
        ),
    ] {
        let reply = send(&sim, &body).await;
        let error = reply.json();
        assert_eq!(reply.status.as_u16(), status, "{body} {error}");
        let message = error["message"].as_str().unwrap();
        assert!(
            message.starts_with(words) && error["id"].is_string(),
            "{message}"
        );
        assert_eq!(
            error["error_type"] == "TOO_MANY_TOKENS",
            message.starts_with("too many")
        );
    }
    assert_eq!(sim.book().totals().lines, 0);
    let locked = Sim::cohere("alpha").key("co-key").build();
    assert_eq!(send(&locked, &ask("hi", false)).await.status, 401);
}

#[tokio::test]
async fn embeddings_in_every_type() {
    let sim = sim();
    let body = json!({"model": "e", "input_type": "search_query", "texts": ["a", "b"], "output_dimension": 16,
        "embedding_types": ["float", "int8", "uint8", "binary", "ubinary", "base64"]});
    let reply = raw(&sim, "/v2/embed", &body).await.json();
    assert_eq!(reply["texts"], json!(["a", "b"]));
    assert_eq!(reply["meta"]["billed_units"]["input_tokens"], 2);
    for (kind, length) in [
        ("float", 16),
        ("int8", 16),
        ("uint8", 16),
        ("binary", 2),
        ("ubinary", 2),
    ] {
        let vectors = &reply["embeddings"][kind];
        assert_eq!(
            (
                vectors[0].as_array().unwrap().len(),
                vectors.as_array().unwrap().len()
            ),
            (length, 2),
            "{kind}"
        );
        assert_ne!(vectors[0], vectors[1]);
    }
    assert!(reply["embeddings"]["base64"][0].is_string());
    assert_eq!(sim.book().totals().uncached_input, 2);
    let mut aimless = body;
    aimless.as_object_mut().unwrap().remove("input_type");
    assert_eq!(raw(&sim, "/v2/embed", &aimless).await.status, 400);
}
