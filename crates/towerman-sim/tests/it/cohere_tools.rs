//! Tools and thoughts in the Cohere dialect.

use crate::common::{Event, events, send, text};
use serde_json::{Value, json};
use towerman_sim::Sim;

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
async fn calls_follow_a_plan() {
    let mut body = json!({"model": "m", "tools": tools(),
        "messages": user(r#"say:"Let me see." tool:weather {"city": "Zürich"} tool:time {}"#)});
    let whole = send(&sim(), &body).await.json();
    assert_eq!(
        (&whole["finish_reason"], &whole["message"]["tool_plan"]),
        (&json!("TOOL_CALL"), &json!("Let me see."))
    );
    assert!(whole["message"].get("content").is_none());
    let calls = whole["message"]["tool_calls"].as_array().unwrap();
    assert_eq!(
        calls[0]["function"],
        json!({"name": "weather", "arguments": r#"{"city": "Zürich"}"#})
    );
    assert!(calls[0]["id"].as_str().unwrap().starts_with("weather_") && calls.len() == 2);

    body["stream"] = json!(true);
    let events = events(&send(&sim(), &body).await.bytes);
    assert_eq!(
        grammar(&events),
        [
            "message-start",
            "tool-plan-delta",
            "tool-call-start",
            "tool-call-delta",
            "tool-call-end",
            "tool-call-start",
            "tool-call-delta",
            "tool-call-end",
            "message-end",
            "[DONE]"
        ]
    );
    let plan: String = events
        .iter()
        .filter_map(|event| event.data["delta"]["message"]["tool_plan"].as_str())
        .collect();
    assert_eq!(plan, "Let me see.");
    for (index, arguments) in [(0, r#"{"city": "Zürich"}"#), (1, "{}")] {
        let said: String = events
            .iter()
            .filter(|event| event.data["type"] == "tool-call-delta" && event.data["index"] == index)
            .map(|event| {
                event.data["delta"]["message"]["tool_calls"]["function"]["arguments"]
                    .as_str()
                    .unwrap()
            })
            .collect();
        assert_eq!(said, arguments);
    }
    body["stream"] = json!(false);
    body["messages"] = user("hi");
    body["tool_choice"] = json!("REQUIRED");
    let forced = send(&sim(), &body).await.json();
    assert_eq!(
        forced["message"]["tool_calls"][0]["function"]["arguments"],
        r#"{"city":""}"#
    );
    body["tool_choice"] = json!("NONE");
    body["messages"] = user("tool:time {}");
    assert_eq!(
        send(&sim(), &body).await.json()["finish_reason"],
        "COMPLETE"
    );
}

#[tokio::test]
async fn results_are_quoted() {
    let call = json!({"role": "assistant", "tool_plan": "I look.", "tool_calls": [{"id": "time_1", "type": "function", "function": {"name": "time", "arguments": "{}"}}]});
    for content in [
        json!("noon"),
        json!([{"type": "text", "text": "noon"}]),
        json!([{"type": "document", "document": {"data": {"text": "noon"}}}]),
    ] {
        let body = json!({"model": "m", "tools": tools(), "messages": [user("tool:time {}")[0], call,
            {"role": "tool", "tool_call_id": "time_1", "content": content}]});
        let reply = send(&sim(), &body).await.json();
        assert_eq!(
            reply["message"]["content"][0]["text"],
            "[alpha] the tool said: noon"
        );
    }
}

#[tokio::test]
async fn thinking_is_content() {
    let sim = Sim::cohere("alpha").thinking().build();
    for (thinking, tokens) in [
        (json!({"type": "enabled"}), 8),
        (json!({"type": "disabled"}), 0),
    ] {
        let mut body =
            json!({"model": "m", "thinking": thinking, "messages": user("say:\"done\"")});
        let whole = send(&sim, &body).await.json();
        let content = whole["message"]["content"].as_array().unwrap();
        assert_eq!(content.len(), if tokens > 0 { 2 } else { 1 });
        assert_eq!(content[0]["type"] == "thinking", tokens > 0);
        let usage = &whole["usage"]["tokens"];
        assert_eq!(
            (
                usage["reasoning_tokens"].as_u64().unwrap_or(0),
                &usage["output_tokens"]
            ),
            (tokens, &json!(tokens + 1))
        );
        body["stream"] = json!(true);
        let events = events(&send(&sim, &body).await.bytes);
        let thought: String = events
            .iter()
            .filter_map(|event| event.data["delta"]["message"]["content"]["thinking"].as_str())
            .collect();
        assert_eq!(thought, content[0]["thinking"].as_str().unwrap_or_default());
        assert_eq!(text(&events), "done");
        let texts = events
            .iter()
            .find(|event| event.data["delta"]["message"]["content"]["type"] == "text")
            .unwrap();
        assert_eq!(texts.data["index"], u64::from(tokens > 0));
    }
}
