//! Tools in the Anthropic dialect.

use crate::common::{ask, events, send};
use serde_json::{Value, json};
use towerman_sim::Sim;

fn sim() -> Sim {
    Sim::anthropic("beta").build()
}

fn tool(name: &str, required: &[&str]) -> Value {
    json!({"name": name, "input_schema": {
        "type": "object", "properties": {"city": {"type": "string"}}, "required": required,
    }})
}

#[tokio::test]
async fn tool_use_whole_and_as_fragments() {
    let mut body = ask(
        r#"say:"Let me see." tool:weather {"city": "Zürich"} tool:time {}"#,
        false,
    );
    body["tools"] = json!([tool("weather", &["city"]), tool("time", &[])]);
    let reply = send(&sim(), &body).await.json();
    assert_eq!(reply["stop_reason"], "tool_use");
    let kinds: Vec<_> = reply["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| block["type"].clone())
        .collect();
    assert_eq!(kinds, ["text", "tool_use", "tool_use"]);
    assert_eq!(reply["content"][1]["input"], json!({"city": "Zürich"}));
    assert!(
        reply["content"][1]["id"]
            .as_str()
            .unwrap()
            .starts_with("toolu_01")
    );

    body["stream"] = json!(true);
    let events = events(&send(&sim(), &body).await.bytes);
    assert_eq!(
        events
            .iter()
            .filter(|event| event.data["type"] == "ping")
            .count(),
        1
    );
    let input = |index: u64| -> String {
        let of = events.iter().filter(|event| event.data["index"] == index);
        of.filter_map(|event| event.data["delta"]["partial_json"].as_str())
            .collect()
    };
    assert_eq!(
        (input(1).as_str(), input(2).as_str()),
        (r#"{"city": "Zürich"}"#, "{}")
    );
    let start = events
        .iter()
        .find(|event| event.data["index"] == 1)
        .unwrap();
    assert_eq!(
        (
            &start.data["content_block"]["name"],
            &start.data["content_block"]["input"]
        ),
        (&json!("weather"), &json!({}))
    );
    let first = events
        .iter()
        .find(|event| event.data["delta"]["type"] == "input_json_delta")
        .unwrap();
    assert_eq!(first.data["delta"]["partial_json"], "");

    body["stream"] = json!(false);
    body["tool_choice"] = json!({"type": "auto", "disable_parallel_tool_use": true});
    assert_eq!(
        send(&sim(), &body).await.json()["content"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    body["messages"] = json!([{"role": "user", "content": "hi"}]);
    body["tool_choice"] = json!({"type": "tool", "name": "weather"});
    assert_eq!(
        send(&sim(), &body).await.json()["content"][0]["input"],
        json!({"city": ""})
    );
}

#[tokio::test]
async fn tool_results_are_quoted() {
    let turn = |last: Value| {
        json!({"model": "m", "max_tokens": 100, "tools": [tool("time", &[])], "messages": [
            {"role": "user", "content": "tool:time {}"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "time", "input": {}}]},
            {"role": "user", "content": last},
        ]})
    };
    let result = json!([{"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "noon"}]}]);
    let reply = send(&sim(), &turn(result)).await.json();
    assert_eq!(reply["content"][0]["text"], "[beta] the tool said: noon");
    let unanswered = send(&sim(), &turn(json!("never mind"))).await;
    assert_eq!(unanswered.status, 400);
    assert!(
        unanswered.json()["error"]["message"]
            .as_str()
            .unwrap()
            .starts_with("messages.2: `tool_use` ids")
    );
    let stranger = json!([{"type": "tool_result", "tool_use_id": "toolu_2", "content": "x"}]);
    assert_eq!(send(&sim(), &turn(stranger)).await.status, 400);
}
