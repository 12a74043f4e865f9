//! The Ollama dialect, field by field.

use crate::{
    common::{ask, send, terminated, text},
    native::{events, raw},
};
use serde_json::{Value, json};
use towerman_sim::{Dialect, Model, PER_ATTACHMENT, PER_MESSAGE, Sim, count_tokens};

fn sim() -> Sim {
    Sim::ollama("alpha").build()
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

#[tokio::test]
async fn whole_answer_has_every_field() {
    let body = send(&sim(), &ask("hi", false)).await.json();
    assert_eq!(
        (&body["model"], &body["message"]["role"]),
        (&json!("m"), &json!("assistant"))
    );
    let said = body["message"]["content"].as_str().unwrap();
    assert!(said.starts_with("[alpha] ") && count_tokens(said) == 24);
    assert!(body["created_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(
        (&body["done"], &body["done_reason"]),
        (&json!(true), &json!("stop"))
    );
    assert_eq!(
        (&body["prompt_eval_count"], &body["eval_count"]),
        (&json!(PER_MESSAGE + 1), &json!(24))
    );
    assert!(body["total_duration"].is_u64() && body["eval_duration"].is_u64());
}

#[tokio::test]
async fn a_stream_unless_told_otherwise() {
    let said = "héllo 🌍 漢字";
    let body = json!({"model": "m", "messages": user(&format!("say:\"{said}\""))});
    let sim = sim();
    let reply = raw(&sim, "/api/chat", &body).await;
    assert_eq!(reply.header("content-type"), "application/x-ndjson");
    let events = events(Dialect::Ollama, &reply.bytes);
    assert_eq!(text(&events), said);
    // A line per token, and the one that is done.
    assert_eq!(events.len() as u64, count_tokens(said) + 1);
    assert!(terminated(Dialect::Ollama, &events));
    assert!(
        events[..events.len() - 1]
            .iter()
            .all(|line| line.data["done"] == false && line.data.get("eval_count").is_none())
    );
    assert_eq!(
        events.last().unwrap().data["eval_count"],
        count_tokens(said)
    );
    assert!(sim.book().lines()[0].stream);
}

#[tokio::test]
async fn calls_come_whole_with_objects() {
    let mut body = json!({"model": "m", "stream": false, "tools": tools(),
        "messages": user(r#"say:"Let me see." tool:weather {"city": "Zürich"} tool:time {}"#)});
    let whole = send(&sim(), &body).await.json();
    assert_eq!(whole["message"]["content"], "Let me see.");
    let calls = whole["message"]["tool_calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2);
    assert_eq!(
        calls[0]["function"],
        json!({"index": 0, "name": "weather", "arguments": {"city": "Zürich"}})
    );
    assert!(calls[0]["id"].as_str().unwrap().starts_with("call_"));
    // The reason does not tell.
    assert_eq!(whole["done_reason"], "stop");
    body["stream"] = json!(true);
    let events = events(Dialect::Ollama, &send(&sim(), &body).await.bytes);
    let streamed: Vec<_> = events
        .iter()
        .filter_map(|line| line.data["message"]["tool_calls"][0]["function"].as_object())
        .collect();
    assert_eq!(streamed.len(), 2);
    assert_eq!(json!(streamed[1]), calls[1]["function"]);
    assert_eq!(
        events.last().unwrap().data["eval_count"],
        whole["eval_count"]
    );
}

#[tokio::test]
async fn results_follow_calls() {
    let turn = |arguments: Value| {
        json!({"model": "m", "stream": false, "tools": tools(), "messages": [
            {"role": "user", "content": "tool:time {}"},
            {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "time", "arguments": arguments}}]},
            {"role": "tool", "tool_name": "time", "content": "noon"}]})
    };
    let reply = send(&sim(), &turn(json!({}))).await.json();
    assert_eq!(reply["message"]["content"], "[alpha] the tool said: noon");
    let refused = send(&sim(), &turn(json!("{}"))).await;
    assert_eq!(refused.status, 400);
    assert!(
        refused.json()["error"]
            .as_str()
            .unwrap()
            .contains("ToolCallFunctionArguments")
    );
}

#[tokio::test]
async fn stops_limits_images_and_schemas() {
    let said = |more: Value| async move {
        let mut body =
            json!({"model": "m", "stream": false, "messages": user(r#"say:"one two three""#)});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        send(&sim(), &body).await.json()
    };
    let stopped = said(json!({"options": {"stop": [" three"]}})).await;
    assert_eq!(
        (&stopped["message"]["content"], &stopped["done_reason"]),
        (&json!("one two"), &json!("stop"))
    );
    let limited = said(json!({"options": {"num_predict": 2}})).await;
    assert_eq!(
        (&limited["message"]["content"], &limited["done_reason"]),
        (&json!("one two "), &json!("length"))
    );
    let free = said(json!({"options": {"num_predict": -1}})).await;
    assert_eq!(free["message"]["content"], "one two three");

    let image = json!([{"role": "user", "content": "look", "images": ["iVBORw0KGgo="]}]);
    assert_eq!(
        said(json!({"messages": image})).await["prompt_eval_count"],
        PER_MESSAGE + 1 + PER_ATTACHMENT
    );
    let schema =
        json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    for (format, text) in [(schema, r#"{"n":0}"#), (json!("json"), "{}")] {
        let reply = said(json!({"messages": user("hi"), "format": format})).await;
        assert_eq!(reply["message"]["content"], text);
    }
}

#[tokio::test]
async fn thinking_is_a_field_of_the_message() {
    let sim = Sim::ollama("alpha").thinking().build();
    for (think, tokens) in [(json!(true), 8), (json!("low"), 8), (json!(false), 0)] {
        let mut body = json!({"model": "m", "stream": false, "think": think, "messages": user("say:\"done\"")});
        let whole = send(&sim, &body).await.json();
        assert_eq!(whole["message"]["thinking"].is_string(), tokens > 0);
        assert_eq!(whole["eval_count"], tokens + 1);
        body["stream"] = json!(true);
        let events = events(Dialect::Ollama, &send(&sim, &body).await.bytes);
        let thought: String = events
            .iter()
            .filter_map(|line| line.data["message"]["thinking"].as_str())
            .collect();
        assert_eq!(
            thought,
            whole["message"]["thinking"].as_str().unwrap_or_default()
        );
        assert_eq!(text(&events), "done");
    }
}

#[tokio::test]
async fn refusals_embeddings_and_models() {
    let sim = Sim::ollama("alpha")
        .model(Model::new("m").context_window(100))
        .build();
    for (body, status, words) in [
        (json!({"messages": user("hi")}), 400, "model is required"),
        (
            json!({"model": "x", "messages": user("hi")}),
            404,
            "model 'x' not found",
        ),
        (
            json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}),
            400,
            "json: cannot unmarshal",
        ),
        (
            json!({"model": "m", "messages": [{"role": "user", "content": "hi", "images": ["data:image/png;base64,AA=="]}]}),
            400,
            "illegal base64",
        ),
        (
            json!({"model": "m", "messages": user("hi"), "format": "xml"}),
            400,
            "invalid format",
        ),
        (
            json!({"model": "m", "messages": user(&"x".repeat(400))}),
            400,
            "the input length exceeds",
        ),
    ] {
        let reply = raw(&sim, "/api/chat", &body).await;
        let error = reply.json()["error"].as_str().unwrap().to_owned();
        assert_eq!(reply.status.as_u16(), status, "{body}");
        assert!(error.starts_with(words), "{error}");
    }
    assert_eq!(sim.book().totals().lines, 0);
    let one = raw(
        &sim,
        "/api/embed",
        &json!({"model": "m", "input": "a", "dimensions": 4}),
    )
    .await
    .json();
    let many = raw(
        &sim,
        "/api/embed",
        &json!({"model": "m", "input": ["a", "b"], "dimensions": 4}),
    )
    .await
    .json();
    assert_eq!(one["embeddings"][0], many["embeddings"][0]);
    assert_eq!(
        (
            many["embeddings"].as_array().unwrap().len(),
            &many["prompt_eval_count"]
        ),
        (2, &json!(2))
    );
    assert_eq!(sim.book().totals().uncached_input, 3);
    assert_eq!(raw(&sim, "/api/generate", &json!({})).await.status, 404);
    let locked = Sim::ollama("alpha").key("ollama-key").build();
    let refused = send(&locked, &ask("hi", false)).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["error"]),
        (401, &json!("unauthorized"))
    );
}
