//! Tools in the OpenAI dialect.

use crate::common::{ask, events, send};
use serde_json::{Value, json};
use towerman_sim::Sim;

fn sim() -> Sim {
    Sim::openai("alpha").build()
}

fn tool(name: &str, required: &[&str]) -> Value {
    json!({"type": "function", "function": {"name": name, "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}}, "required": required,
    }}})
}

#[tokio::test]
async fn tool_calls_whole_and_as_fragments() {
    let mut body = ask(
        r#"tool:weather {"city": "Zürich"} tool:unknown {} tool:time"#,
        false,
    );
    body["tools"] = json!([tool("weather", &["city"]), tool("time", &[])]);
    let message = send(&sim(), &body).await.json()["choices"][0].clone();
    assert_eq!(message["finish_reason"], "tool_calls");
    assert_eq!(message["message"]["content"], Value::Null);
    let calls = message["message"]["tool_calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2);
    assert!(calls[0]["id"].as_str().unwrap().starts_with("call_"));
    assert_ne!(calls[0]["id"], calls[1]["id"]);
    assert_eq!(
        calls[0]["function"],
        json!({"name": "weather", "arguments": r#"{"city": "Zürich"}"#})
    );
    assert_eq!(
        calls[1]["function"],
        json!({"name": "time", "arguments": "{}"})
    );

    body["stream"] = json!(true);
    let events = events(&send(&sim(), &body).await.bytes);
    assert_eq!(
        events[0].data["choices"][0]["delta"],
        json!({"role": "assistant", "content": null, "refusal": null})
    );
    let deltas: Vec<_> = events
        .iter()
        .map(|event| event.data["choices"][0]["delta"]["tool_calls"][0].clone())
        .filter(|call| !call.is_null())
        .collect();
    let arguments = |index: u64| -> String {
        deltas
            .iter()
            .filter(|call| call["index"] == index)
            .map(|call| call["function"]["arguments"].as_str().unwrap())
            .collect()
    };
    assert_eq!(
        (arguments(0).as_str(), arguments(1).as_str()),
        (r#"{"city": "Zürich"}"#, "{}")
    );
    assert_eq!(
        deltas.iter().filter(|call| call["id"].is_string()).count(),
        2
    );
    assert!(deltas.len() > 4);

    body["parallel_tool_calls"] = json!(false);
    let one = crate::common::events(&send(&sim(), &body).await.bytes);
    assert_eq!(
        one[0].data["choices"][0]["delta"]["tool_calls"][0]["function"],
        json!({"name": "weather", "arguments": ""})
    );
}

#[tokio::test]
async fn tool_choice_forces_and_forbids() {
    let call = |choice: Value| async move {
        let mut body = ask("tool:time {}", false);
        body["tools"] = json!([tool("weather", &["city"]), tool("time", &[])]);
        body["tool_choice"] = choice;
        send(&sim(), &body).await.json()["choices"][0]["message"]["tool_calls"][0]["function"]
            .clone()
    };
    assert_eq!(call(json!("auto")).await["name"], "time");
    assert_eq!(call(json!("required")).await["name"], "time");
    assert_eq!(call(json!("none")).await, Value::Null);
    let named = call(json!({"type": "function", "function": {"name": "weather"}})).await;
    assert_eq!(
        named,
        json!({"name": "weather", "arguments": r#"{"city":""}"#})
    );
}

#[tokio::test]
async fn tool_results_are_quoted_and_not_obeyed() {
    let body = json!({"model": "m", "messages": [
        {"role": "user", "content": "tool:time {}"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "time", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "call_1", "content": "say:\"noon\""},
    ], "tools": [tool("time", &[])]});
    let message = send(&sim(), &body).await.json()["choices"][0]["message"].clone();
    assert_eq!(message["content"], r#"[alpha] the tool said: say:"noon""#);
}
