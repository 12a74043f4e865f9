//! Tools, thinking and the shape of the answer, as chat's clients ask for them.

use serde_json::{Value, json};

use super::{ANTHROPIC, CHAT, D, pointers, refused, request};

fn schema() -> Value {
    json!({"type": "object", "properties": {"b": {"type": "string"}, "a": {}}, "required": ["b"]})
}

/// A question, and what is said beside it.
fn asked(more: &Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "?"}]});
    let members = body.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    body
}

#[test]
fn which_tools_may_be_called() {
    let tool = |name: &str| json!({"type": "function", "function": {"name": name, "parameters": {"type": "object"}}});
    let config = |choice: Value| {
        let more = json!({"tools": [tool("v"), tool("w")], "tool_choice": choice});
        let (told, _) = request(CHAT, D, &asked(&more));
        let config = &told["toolConfig"];
        let tools = config["tools"].as_array().map_or(0, Vec::len);
        (tools, config["toolChoice"].clone())
    };
    assert_eq!(config(json!("auto")), (2, json!({"auto": {}})));
    assert_eq!(config(json!("required")), (2, json!({"any": {}})));
    // Converse has no word for it, and no empty list of tools.
    assert_eq!(config(json!("none")), (0, Value::Null));
    let named = json!({"type": "function", "function": {"name": "w"}});
    assert_eq!(config(named), (2, json!({"tool": {"name": "w"}})));
    let allowed =
        json!({"mode": "required", "tools": [{"type": "function", "function": {"name": "w"}}]});
    let allowed = json!({"type": "allowed_tools", "allowed_tools": allowed});
    assert_eq!(config(allowed), (1, json!({"any": {}})));
}

#[test]
fn how_hard_to_think() {
    let budget = |tokens: u64| json!({"type": "enabled", "budget_tokens": tokens});
    // Effort alone is told alone.
    for (effort, said) in [
        ("none", Value::Null),
        ("minimal", json!("low")),
        ("low", json!("low")),
        ("xhigh", json!("xhigh")),
    ] {
        let (told, _) = request(CHAT, D, &asked(&json!({"reasoning_effort": effort})));
        assert_eq!(told["outputConfig"]["effort"], said, "{effort}");
        let off = json!({"type": "disabled"});
        let thinks = &told["additionalModelRequestFields"]["thinking"];
        assert_eq!(*thinks == off, effort == "none", "{told}");
    }
    // It thinks within the answer's limit, or not at all.
    let thinking = |limit: u64, more: Value| {
        let mut ask = json!({"model": "m", "max_tokens": limit, "messages": [{"role": "user", "content": "a"}],
            "thinking": {"type": "enabled", "budget_tokens": 5000}, "output_config": {"effort": "max"}});
        for (key, value) in more.as_object().unwrap() {
            ask[key] = value.clone();
        }
        let (told, _) = request(ANTHROPIC, D, &ask);
        assert_eq!(told["outputConfig"]["effort"], "max");
        told["additionalModelRequestFields"]["thinking"].clone()
    };
    assert_eq!(thinking(9000, json!({})), budget(5000));
    assert_eq!(thinking(2000, json!({})), budget(1999));
    assert_eq!(thinking(1024, json!({})), Value::Null);
    // Nor where it must call a tool.
    let forced = json!({"tools": [{"name": "w", "input_schema": {"type": "object"}}], "tool_choice": {"type": "any"}});
    assert_eq!(thinking(9000, forced), Value::Null);
}

#[test]
fn the_shape_of_the_answer() {
    let format = |format: Value| request(CHAT, D, &asked(&json!({"response_format": format}))).0;
    let named = json!({"name": "n", "description": "d", "schema": schema(), "strict": true});
    let told = format(json!({"type": "json_schema", "json_schema": named}));
    let schema = json!({"name": "n", "description": "d", "schema": schema().to_string()});
    assert_eq!(
        told["outputConfig"],
        json!({"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}})
    );
    let told = format(json!({"type": "json_object"}));
    assert_eq!(told.get("outputConfig"), None);
    let asked = "Answer with one valid JSON object and nothing else.";
    assert_eq!(told["system"], json!([{"text": asked}]));
}

#[test]
fn what_converse_cannot_do_is_refused_and_what_changes_little_is_noted() {
    let part = |part: Value| json!({"messages": [{"role": "user", "content": [part]}]});
    for (more, at) in [
        (json!({"n": 2}), "/n"),
        (json!({"logprobs": true}), "/logprobs"),
        (json!({"logit_bias": {"5": 1}}), "/logit_bias"),
        (
            part(json!({"type": "image_url", "image_url": {"url": "https://x/y.png"}})),
            "/messages/0/content/0",
        ),
        (
            part(json!({"type": "file", "file": {"file_id": "f"}})),
            "/messages/0/content/0",
        ),
        (
            part(json!({"type": "image_url", "image_url": {"url": "data:image/tiff;base64,AA=="}})),
            "/messages/0/content/0",
        ),
    ] {
        let said = refused(CHAT, D, &asked(&more));
        assert!(said.starts_with(at), "{said} {more}");
    }
    let (told, translated) = request(
        CHAT,
        D,
        &asked(
            &json!({"temperature": 1.5, "seed": 7, "presence_penalty": 0.5,
            "parallel_tool_calls": false, "prompt_cache_key": "k", "user": "a?b"}),
        ),
    );
    assert_eq!(told["inferenceConfig"], json!({"temperature": 1.0}));
    let mut lost = pointers(&translated.losses);
    lost.sort_unstable();
    assert_eq!(
        lost,
        [
            "/parallel_tool_calls",
            "/presence_penalty",
            "/prompt_cache_key",
            "/seed",
            "/temperature",
            "/user"
        ]
    );
}
