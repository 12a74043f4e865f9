//! What AWS or Claude behind it refuses, and is therefore said in another way.

use serde_json::{Value, json};
use towerman_core::{Dialect, Tier};

use crate::translate::{self, Translated};

fn told(from: Dialect, body: &Value) -> (Value, Translated) {
    let to = Dialect::BedrockConverse;
    let told = translate::request(from, to, body.to_string().as_bytes(), "m").unwrap();
    (serde_json::from_slice(&told.body).unwrap(), told)
}

fn chat(body: Value) -> (Value, Translated) {
    let mut body = body;
    body["model"] = "m".into();
    told(Dialect::OpenAiChat, &body)
}

fn places(told: &Translated, tier: Tier) -> Vec<&str> {
    let losses = told.losses.list().iter();
    losses
        .filter(|loss| loss.tier == tier)
        .map(|loss| &*loss.pointer)
        .collect()
}

fn called() -> [Value; 3] {
    [
        json!({"role": "user", "content": "w?"}),
        json!({"role": "assistant", "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "w", "arguments": "{}"}}]}),
        json!({"role": "tool", "tool_call_id": "c", "content": ""}),
    ]
}

#[test]
fn tools_that_were_called_are_offered_whether_or_not_they_still_are() {
    let (body, _) = chat(json!({"messages": called()}));
    let stub = json!({"toolSpec": {"name": "w", "inputSchema": {"json": {"type": "object"}}}});
    assert_eq!(body["toolConfig"], json!({"tools": [stub]}));
    // And what returns nothing says so.
    let result = &body["messages"][2]["content"][0]["toolResult"];
    assert_eq!(result["content"], json!([{"text": "(no output)"}]));
}

#[test]
fn a_schema_has_a_type() {
    let tool = |function: Value| json!({"type": "function", "function": function});
    let properties = json!({"a": {"type": "string"}});
    let (body, _) = chat(json!({
        "messages": [{"role": "user", "content": "?"}],
        "tools": [
            tool(json!({"name": "now"})),
            tool(json!({"name": "then", "parameters": {"properties": properties}})),
        ],
    }));
    let schema = |n: usize| &body["toolConfig"]["tools"][n]["toolSpec"]["inputSchema"]["json"];
    assert_eq!(*schema(0), json!({"type": "object"}));
    assert_eq!(
        *schema(1),
        json!({"type": "object", "properties": properties})
    );
}

#[test]
fn claude_does_not_think_behind_calls_that_no_thought_of_its_own_proves() {
    let ask = json!({"messages": called(), "reasoning_effort": "medium"});
    let (body, _) = chat(ask);
    assert_eq!(body.get("additionalModelRequestFields"), None);
    assert_eq!(body["outputConfig"], json!({"effort": "medium"}));
    let call = json!({"type": "tool_use", "id": "c", "name": "w", "input": {}});
    let result = json!({"type": "tool_result", "tool_use_id": "c", "content": "ok"});
    let ask = json!({
        "model": "m", "max_tokens": 4096, "thinking": {"type": "enabled", "budget_tokens": 2048},
        "messages": [
            {"role": "user", "content": "w?"},
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result]},
        ],
    });
    let (body, _) = told(Dialect::Anthropic, &ask);
    assert_eq!(body.get("additionalModelRequestFields"), None);

    let thought = json!({"type": "thinking", "thinking": "t", "signature": "s"});
    let call = json!({"type": "tool_use", "id": "c", "name": "w", "input": {}});
    let result = json!({"type": "tool_result", "tool_use_id": "c", "content": "ok"});
    let ask = json!({
        "model": "m", "max_tokens": 4096, "thinking": {"type": "enabled", "budget_tokens": 2048},
        "top_k": 40, "top_p": 0.9, "stop_sequences": ["\n", "x"],
        "messages": [
            {"role": "user", "content": "w?"},
            {"role": "assistant", "content": [thought, call]},
            {"role": "user", "content": [result]},
        ],
    });
    let (body, told) = told(Dialect::Anthropic, &ask);
    let thinking = json!({"type": "enabled", "budget_tokens": 2048});
    assert_eq!(
        body["additionalModelRequestFields"],
        json!({"thinking": thinking})
    );
    assert_eq!(places(&told, Tier::Dropped), ["/top_k", "/top_p"]);
    // White space is watched for here.
    assert_eq!(
        body["inferenceConfig"],
        json!({"maxTokens": 4096, "stopSequences": ["x"]})
    );
    assert_eq!(told.cut, ["\n"]);
}

#[test]
fn metadata_is_told_as_far_as_it_is_taken() {
    let ask = json!({
        "messages": [{"role": "user", "content": "?"}],
        "metadata": {"team": "a b", "odd": "{\"a\":1}", "long": "x".repeat(257)},
    });
    let (body, told) = chat(ask);
    assert_eq!(body["requestMetadata"], json!({"team": "a b"}));
    assert_eq!(
        places(&told, Tier::Dropped),
        ["/metadata/long", "/metadata/odd"]
    );

    let none = json!({"messages": [{"role": "user", "content": "?"}], "metadata": {}});
    assert_eq!(chat(none).0.get("requestMetadata"), None);
    let who = json!({
        "model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "?"}],
        "metadata": {"user_id": "{\"device_id\":\"d\"}"},
    });
    let (body, told) = self::told(Dialect::Anthropic, &who);
    assert_eq!(body.get("requestMetadata"), None);
    assert_eq!(places(&told, Tier::Dropped), ["/metadata/user_id"]);
}

#[test]
fn roles_alternate_though_somebody_says_nothing() {
    let turn = |role: &str, text: &str| json!({"role": role, "content": text});
    let messages = [
        turn("user", "a"),
        turn("assistant", "\n"),
        turn("user", "b"),
    ];
    let (body, _) = chat(json!({"messages": messages}));
    let content = json!([{"text": "a"}, {"text": "b"}]);
    assert_eq!(
        body["messages"],
        json!([{"role": "user", "content": content}])
    );
}

#[test]
fn documents_have_names_of_their_own_and_words_beside_them() {
    let source = json!({"type": "base64", "media_type": "application/pdf", "data": "AAAA"});
    let document = json!({"type": "document", "source": source});
    let ask = json!({
        "model": "m", "max_tokens": 9,
        "messages": [{"role": "user", "content": [document, document]}],
    });
    let (body, _) = told(Dialect::Anthropic, &ask);
    let content = body["messages"][0]["content"].as_array().unwrap();
    assert_eq!(content[0], json!({"text": "The document:"}));
    let names: Vec<_> = content[1..]
        .iter()
        .map(|block| &block["document"]["name"])
        .collect();
    assert_eq!(names, ["document", "document-2"]);
}

#[test]
fn thoughts_that_nobody_can_read_stay_thoughts() {
    let (claude, converse) = (Dialect::Anthropic, Dialect::BedrockConverse);
    let redacted = json!({"reasoningContent": {"redactedContent": "AAAA"}});
    let content = json!([redacted, {"toolUse": {"toolUseId": "c", "name": "w", "input": {}}}]);
    let message = json!({"role": "assistant", "content": content});
    let answer = json!({"output": {"message": message}, "stopReason": "tool_use"}).to_string();
    let options = translate::Options::default();
    let told = translate::response(converse, claude, answer.as_bytes(), &options).unwrap();
    let told: Value = serde_json::from_slice(&told).unwrap();
    let block = json!({"type": "redacted_thinking", "data": "AAAA"});
    assert_eq!(told["content"][0], block);

    let result = json!({"type": "tool_result", "tool_use_id": "c", "content": "ok"});
    let (body, _) = self::told(
        claude,
        &json!({
            "model": "m", "max_tokens": 9,
            "messages": [
                {"role": "user", "content": "w?"},
                {"role": "assistant", "content": told["content"]},
                {"role": "user", "content": [result]},
            ],
        }),
    );
    assert_eq!(body["messages"][1]["content"][0], redacted);
}
