//! What the Bedrock Converse dialect refuses, and how.

use crate::{
    common::{ask, send},
    native::kind,
};
use serde_json::{Value, json};
use towerman_sim::{Dialect, Model, Sim};

#[tokio::test]
async fn bad_requests_get_the_real_errors() {
    let sim = Sim::bedrock("alpha")
        .model(Model::new("m").context_window(100))
        .build();
    let user = json!({"role": "user", "content": [{"text": "hi"}]});
    let call = json!({"role": "assistant", "content": [{"toolUse": {"toolUseId": "t1", "name": "f", "input": {}}}]});
    let result = json!({"role": "user", "content": [{"toolResult": {"toolUseId": "t1", "content": [{"text": "x"}]}}]});
    let tools = json!({"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}}]});
    let messages = |messages: Value| json!({"messages": messages, "toolConfig": tools});
    let block = |block: Value| json!({"messages": [{"role": "user", "content": [block]}]});
    let cases = [
        (json!({}), "A conversation must start with a user message."),
        (
            messages(json!([call])),
            "A conversation must start with a user message.",
        ),
        (
            messages(json!([user, user])),
            "A conversation must alternate between user and assistant roles.",
        ),
        (
            json!({"messages": [{"role": "system", "content": [{"text": "x"}]}]}),
            "1 validation error detected: Value 'system'",
        ),
        (
            json!({"messages": [{"role": "user", "content": []}]}),
            "The content field in the Message object at messages.0 is empty.",
        ),
        (
            block(json!({"text": ""})),
            "The text field in the ContentBlock object at messages.0.content.0 is blank.",
        ),
        (
            block(json!({"type": "text", "text": "x"})),
            "The ContentBlock object at messages.0.content.0 must set exactly one member.",
        ),
        (
            block(json!({"tool_use": {}})),
            "Malformed input request: #/messages/0/content/0: extraneous key [tool_use] is not permitted",
        ),
        (
            block(json!({"image": {"url": "https://x"}})),
            "The image object at messages.0.content.0 needs a format and a source.",
        ),
        (
            json!({"messages": [user, call, result]}),
            "The toolConfig field must be defined when using toolUse and toolResult",
        ),
        (
            messages(json!([user, call, user])),
            "Expected toolResult blocks at messages.2.content for the following Ids: t1",
        ),
        (
            messages(json!([user, call])),
            "Expected toolResult blocks at messages.2.content for the following Ids: t1",
        ),
        (
            messages(json!([result])),
            "The number of toolResult blocks at messages.0.content exceeds",
        ),
        (
            json!({"messages": [user], "toolConfig": {"tools": []}}),
            "1 validation error detected: Value '[]' at 'toolConfig.tools'",
        ),
        (
            json!({"messages": [user], "toolConfig": {"tools": tools["tools"], "toolChoice": {"none": {}}}}),
            "The toolChoice field must have exactly one",
        ),
        (
            json!({"messages": [user], "inferenceConfig": {"maxTokens": 0}}),
            "1 validation error detected: Value '0' at 'inferenceConfig.maxTokens'",
        ),
        (
            messages(
                json!([user, {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t 1", "name": "f", "input": {}}}]}]),
            ),
            "1 validation error detected: Value at 'messages.1.content.0.toolUse.toolUseId'",
        ),
        (
            messages(
                json!([user, {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t1", "name": "f", "input": "{}"}}]}]),
            ),
            "The format of the value at messages.1.content.0.toolUse.input is invalid.",
        ),
        (
            ask(&"x".repeat(400), false),
            "The model returned the following errors: Input Tokens Exceeded",
        ),
    ];
    for (body, message) in cases {
        let reply = send(&sim, &body).await;
        assert_eq!(reply.status, 400, "{body}");
        assert_eq!(
            kind(Dialect::BedrockConverse, &reply),
            "ValidationException"
        );
        let words = reply.json()["message"].as_str().unwrap().to_owned();
        assert!(words.starts_with(message), "{words}");
    }
    assert_eq!(
        send(&sim, &messages(json!([user, call, result])))
            .await
            .status,
        200
    );
    let mut unknown = ask("hi", false);
    unknown["model"] = json!("x");
    assert_eq!(
        send(&sim, &unknown).await.json()["message"],
        "The provided model identifier is invalid."
    );
    let broken = send(&sim, &json!({"messages": "hi"})).await;
    assert_eq!(
        kind(Dialect::BedrockConverse, &broken),
        "SerializationException"
    );
    assert_eq!(sim.book().totals().lines, 1);
}
