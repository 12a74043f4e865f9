//! Tools, thoughts and caches in the Bedrock Converse dialect.

use crate::{
    common::{Event, send, text},
    frames,
};
use serde_json::{Value, json};
use towerman_sim::Sim;

fn sim() -> Sim {
    Sim::bedrock("alpha").build()
}

fn user(text: &str) -> Value {
    json!([{"role": "user", "content": [{"text": text}]}])
}

fn names(events: &[Event]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event.name.as_deref().unwrap())
        .collect()
}

fn tools() -> Value {
    json!({"tools": [
        {"toolSpec": {"name": "weather", "inputSchema": {"json": {"type": "object",
            "properties": {"city": {"type": "string"}}, "required": ["city"]}}}},
        {"toolSpec": {"name": "time", "inputSchema": {"json": {"type": "object"}}}},
    ]})
}

#[tokio::test]
async fn calls_whole_and_as_fragments() {
    let mut body = json!({"toolConfig": tools(), "messages": user(r#"say:"Let me see." tool:weather {"city": "Zürich"} tool:time {}"#)});
    let whole = send(&sim(), &body).await.json();
    assert_eq!(whole["stopReason"], "tool_use");
    let content = &whole["output"]["message"]["content"];
    assert_eq!(content[0], json!({"text": "Let me see."}));
    assert_eq!(content[1]["toolUse"]["input"], json!({"city": "Zürich"}));
    assert_eq!(content[2]["toolUse"]["name"], "time");
    assert!(
        content[1]["toolUse"]["toolUseId"]
            .as_str()
            .unwrap()
            .starts_with("tooluse_")
    );

    body["stream"] = json!(true);
    let events = frames::read(&send(&sim(), &body).await.bytes);
    for (index, input) in [(1, r#"{"city": "Zürich"}"#), (2, "{}")] {
        let of: Vec<_> = events
            .iter()
            .filter(|event| event.data["contentBlockIndex"] == index)
            .cloned()
            .collect();
        let mut grammar = names(&of);
        grammar.dedup();
        assert_eq!(
            grammar,
            ["contentBlockStart", "contentBlockDelta", "contentBlockStop"]
        );
        assert_eq!(of[1].data["delta"]["toolUse"]["input"], "");
        let fragments: String = of
            .iter()
            .filter_map(|event| event.data["delta"]["toolUse"]["input"].as_str())
            .collect();
        assert_eq!(fragments, input);
    }
    // Only tools have a start.
    assert_eq!(
        names(&events)
            .iter()
            .filter(|name| **name == "contentBlockStart")
            .count(),
        2
    );

    body["stream"] = json!(false);
    body["messages"] = user("hi");
    for choice in [json!({"any": {}}), json!({"tool": {"name": "weather"}})] {
        body["toolConfig"]["toolChoice"] = choice;
        let forced = send(&sim(), &body).await.json();
        assert_eq!(
            forced["output"]["message"]["content"][0]["toolUse"]["input"],
            json!({"city": ""})
        );
    }
}

#[tokio::test]
async fn results_are_quoted() {
    let call = json!({"toolUse": {"toolUseId": "tooluse_1", "name": "time", "input": {}}});
    for (content, said) in [
        (json!([{"text": "noon"}]), "noon"),
        (json!([{"json": {"h": 12}}]), r#"{"h":12}"#),
    ] {
        let result = json!({"toolResult": {"toolUseId": "tooluse_1", "status": "success", "content": content}});
        let body = json!({"toolConfig": tools(), "messages": [user("tool:time {}")[0],
            {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]});
        let reply = send(&sim(), &body).await.json();
        assert_eq!(
            reply["output"]["message"]["content"][0]["text"],
            format!("[alpha] the tool said: {said}")
        );
    }
}

#[tokio::test]
async fn cache_points_cache() {
    let sim = sim();
    let body = json!({"system": [{"text": "s".repeat(4 * 2000)}, {"cachePoint": {"type": "default"}}], "messages": user("a")});
    let usage = async |sim: &Sim| send(sim, &body).await.json()["usage"].clone();
    let written = usage(&sim).await;
    assert_eq!(
        (&written["inputTokens"], &written["cacheWriteInputTokens"]),
        (&json!(5), &json!(2000))
    );
    assert_eq!(
        written["cacheDetails"],
        json!([{"inputTokens": 2000, "ttl": "5m"}])
    );
    let hit = usage(&sim).await;
    // What was cached is not among the input.
    assert_eq!(
        (
            &hit["inputTokens"],
            &hit["cacheReadInputTokens"],
            &hit["totalTokens"]
        ),
        (&json!(5), &json!(2000), &json!(2029))
    );
    let lines = sim.book().lines();
    assert_eq!(
        (
            lines[0].cache_write,
            lines[1].cache_read,
            lines[1].uncached_input
        ),
        (2000, 2000, 5)
    );
}

#[tokio::test]
async fn reasoning_when_it_is_asked_for() {
    let sim = Sim::bedrock("alpha").thinking().build();
    let mut body = json!({"messages": user("say:\"done\""), "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024}}});
    let reply = send(&sim, &body).await.json();
    let content = &reply["output"]["message"]["content"];
    let thought = &content[0]["reasoningContent"]["reasoningText"];
    assert!(thought["signature"].is_string() && thought["text"].is_string());
    assert_eq!(
        (&content[1]["text"], &reply["usage"]["outputTokens"]),
        (&json!("done"), &json!(9))
    );
    body["stream"] = json!(true);
    let events = frames::read(&send(&sim, &body).await.bytes);
    let part = |name: &str| -> String {
        events
            .iter()
            .filter_map(|event| event.data["delta"]["reasoningContent"][name].as_str())
            .collect()
    };
    assert_eq!(part("text"), thought["text"].as_str().unwrap());
    assert!(!part("signature").is_empty());
    assert_eq!(text(&events), "done");
    let plain = send(&sim, &json!({"messages": user("say:\"done\"")}))
        .await
        .json();
    assert_eq!(plain["usage"]["outputTokens"], 1);
}
