//! Requests of Converse's own clients, as others are told of them.

use serde_json::{Value, json};

use super::{ANTHROPIC, CHAT, D, pointers, request};
use crate::translate;

/// All that others have a place for.
fn all() -> Value {
    let point = json!({"cachePoint": {"type": "default"}});
    json!({
        "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default", "ttl": "1h"}}],
        "messages": [
            {"role": "user", "content": [
                {"text": "Look:"}, point,
                {"image": {"format": "png", "source": {"bytes": "AAAA"}}},
                {"document": {"format": "pdf", "name": "r", "source": {"bytes": "BBBB"}}},
                {"document": {"format": "txt", "name": "n", "source": {"bytes": "SMOp"}}}]},
            {"role": "assistant", "content": [
                {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "SIG="}}},
                {"reasoningContent": {"redactedContent": "UkVE"}},
                {"text": "I will."},
                {"toolUse": {"toolUseId": "c1", "name": "w", "input": {"b": 1}}},
                {"toolUse": {"toolUseId": "c2", "name": "w", "input": {}}}]},
            {"role": "user", "content": [
                {"toolResult": {"toolUseId": "c1", "content": [{"json": {"t": 5}}]}},
                {"toolResult": {"toolUseId": "c2", "status": "error", "content": [
                    {"text": "broken"}, {"json": {"why": "rain"}}]}},
                {"text": "And?"}]}],
        "toolConfig": {
            "tools": [{"toolSpec": {"name": "w", "description": "Weather", "strict": true,
                "inputSchema": {"json": {"type": "object"}}}}, point],
            "toolChoice": {"auto": {}}},
        "inferenceConfig": {"maxTokens": 3000, "temperature": 1.0, "topP": 0.99, "stopSequences": ["X"]},
        "outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema":
            {"name": "n", "description": "d", "schema": "{\"type\":\"object\"}"}}}},
        "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 2000}},
        "requestMetadata": {"team": "a"},
        "serviceTier": {"type": "default"},
    })
}

#[test]
fn their_own_provider_gets_their_own_words() {
    let mut body = all();
    body["promptVariables"] = json!({"a": {"text": "b"}});
    body["guardrailConfig"] = json!({"guardrailIdentifier": "g", "guardrailVersion": "1"});
    body["performanceConfig"] = json!({"latency": "optimized"});
    body["additionalModelResponseFieldPaths"] = json!(["/stop_sequence"]);
    body["additionalModelRequestFields"]["anthropic_beta"] = json!(["b"]);
    body["messages"][0]["content"][0]["surprise"] = json!(1);
    let last = body["messages"][2]["content"].as_array_mut().unwrap();
    last.push(json!({"guardContent": {"text": {"text": "g"}}}));
    last.push(json!({"hologram": {}}));
    let tools = body["toolConfig"]["tools"].as_array_mut().unwrap();
    tools.push(json!({"systemTool": {"name": "nova_grounding"}}));
    let (told, translated) = request(D, D, &body);
    assert_eq!(told, body);
    assert_eq!(pointers(&translated.losses), [""; 0]);
    // But for what another provider thought: Claude would refuse it.
    let mut foreign = all();
    let thought = &mut foreign["messages"][1]["content"][0]["reasoningContent"]["reasoningText"];
    thought["signature"] = json!("tm1.gemini.s.QUJD");
    let (told, translated) = request(D, D, &foreign);
    assert_eq!(
        told["messages"][1]["content"][0],
        all()["messages"][1]["content"][1]
    );
    assert_eq!(pointers(&translated.losses), ["/messages/1/content/0"]);
}

#[test]
fn claude_is_told_in_its_own_words() {
    let (told, translated) = request(D, ANTHROPIC, &all());
    let five = json!({"type": "ephemeral"});
    let base64 =
        |kind: &str, data: &str| json!({"type": "base64", "media_type": kind, "data": data});
    assert_eq!(
        told,
        json!({
            "model": "m", "max_tokens": 3000,
            "system": [{"type": "text", "text": "Be brief.",
                "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
            "messages": [
                {"role": "user", "content": [
                    {"type": "text", "text": "Look:", "cache_control": five},
                    {"type": "image", "source": base64("image/png", "AAAA")},
                    {"type": "document", "title": "r", "source": base64("application/pdf", "BBBB")},
                    {"type": "document", "title": "n", "source":
                        {"type": "text", "media_type": "text/plain", "data": "Hé"}}]},
                {"role": "assistant", "content": [
                    {"type": "thinking", "thinking": "Hm.", "signature": "SIG="},
                    {"type": "redacted_thinking", "data": "UkVE"},
                    {"type": "text", "text": "I will."},
                    {"type": "tool_use", "id": "c1", "name": "w", "input": {"b": 1}},
                    {"type": "tool_use", "id": "c2", "name": "w", "input": {}}]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "c1", "content": [
                        {"type": "text", "text": "{\"t\":5}"}]},
                    {"type": "tool_result", "tool_use_id": "c2", "is_error": true, "content": [
                        {"type": "text", "text": "broken"},
                        {"type": "text", "text": "{\"why\":\"rain\"}"}]},
                    {"type": "text", "text": "And?"}]}],
            "tools": [{"name": "w", "description": "Weather", "strict": true,
                "input_schema": {"type": "object"}, "cache_control": five}],
            "tool_choice": {"type": "auto"},
            "temperature": 1.0, "top_p": 0.99, "stop_sequences": ["X"],
            "thinking": {"type": "enabled", "budget_tokens": 2000},
            "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
            "service_tier": "standard_only",
        })
    );
    assert_eq!(
        pointers(&translated.losses),
        [
            "/messages/2/content/0",
            "/outputConfig/textFormat/structure/jsonSchema/name",
            "/outputConfig/textFormat/structure/jsonSchema/description",
            "/requestMetadata",
            "/serviceTier/type",
        ]
    );
}

#[test]
fn chat_is_told_in_its_own_words() {
    let (told, translated) = request(D, CHAT, &all());
    let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "w", "arguments": arguments}});
    assert_eq!(
        told,
        json!({
            "model": "m",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [
                    {"type": "text", "text": "Look:"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                    {"type": "file", "file": {"filename": "r", "file_data": "data:application/pdf;base64,BBBB"}},
                    {"type": "text", "text": "Hé"}]},
                {"role": "assistant", "content": "I will.", "tool_calls": [
                    call("c1", r#"{"b":1}"#), call("c2", "{}")]},
                {"role": "tool", "tool_call_id": "c1", "content": r#"{"t":5}"#},
                {"role": "tool", "tool_call_id": "c2", "content": [
                    {"type": "text", "text": "broken"},
                    {"type": "text", "text": "{\"why\":\"rain\"}"}]},
                {"role": "user", "content": "And?"}],
            "tools": [{"type": "function", "function": {"name": "w", "description": "Weather",
                "parameters": {"type": "object"}, "strict": true}}],
            "tool_choice": "auto",
            "max_completion_tokens": 3000, "temperature": 1.0, "top_p": 0.99, "stop": ["X"],
            "reasoning_effort": "low",
            "response_format": {"type": "json_schema", "json_schema":
                {"name": "n", "description": "d", "schema": {"type": "object"}, "strict": true}},
            "metadata": {"team": "a"}, "service_tier": "default",
        })
    );
    assert_eq!(
        pointers(&translated.losses),
        [
            "/system/0/cache_control",
            "/messages/0/content/0/cache_control",
            "/messages/0/content/4",
            "/messages/1/content/0",
            "/messages/1/content/1",
            "/messages/2/content/1/is_error",
            "/toolConfig/tools/0/toolSpec/cache_control",
            "/additionalModelRequestFields/thinking",
        ]
    );
}

#[test]
fn what_the_path_says_becomes_a_member() {
    let job = translate::Job {
        stream: true,
        ..translate::Job::new(D, CHAT, "m")
    };
    let body = json!({"messages": [{"role": "user", "content": [{"text": "?"}]}]}).to_string();
    let told = translate::translate(&job, body.as_bytes()).unwrap();
    let told: Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!(told["stream"], true);
    assert_eq!(told["stream_options"], json!({"include_usage": true}));
}

#[test]
fn how_hard_to_try_is_told_in_their_words() {
    let ask = |more: Value| {
        let mut body = json!({"messages": [{"role": "user", "content": [{"text": "?"}]}]});
        let members = body.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        body
    };
    let body = ask(json!({"outputConfig": {"effort": "high"}}));
    let (told, translated) = request(D, ANTHROPIC, &body);
    assert_eq!(told["output_config"], json!({"effort": "high"}));
    assert_eq!(pointers(&translated.losses), ["/max_completion_tokens"]);
    let (told, translated) = request(D, CHAT, &body);
    assert_eq!(told["reasoning_effort"], "high");
    assert_eq!(pointers(&translated.losses), [""; 0]);
    assert_eq!(request(D, D, &body).0, body);
    // Beside thinking, as Claude takes both.
    let thinking = json!({"thinking": {"type": "adaptive"}});
    let body =
        ask(json!({"outputConfig": {"effort": "max"}, "additionalModelRequestFields": thinking}));
    let (told, _) = request(D, ANTHROPIC, &body);
    assert_eq!(told["output_config"], json!({"effort": "max"}));
    assert_eq!(told["thinking"], json!({"type": "adaptive"}));
    // Nova's own way to say it.
    let nova = json!({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}});
    let (told, _) = request(D, CHAT, &ask(json!({"additionalModelRequestFields": nova})));
    assert_eq!(told["reasoning_effort"], "low");
}

#[test]
fn what_was_cited_goes_on_as_its_text() {
    let cite = json!({"title": "T", "location": {"web": {"url": "https://x/y"}}});
    let cited = json!({"citationsContent": {"content": [{"text": "A"}, {"text": "B"}], "citations": [cite]}});
    let turn = |role: &str, block: Value| json!({"role": role, "content": [block]});
    let ask = json!({"messages": [turn("user", json!({"text": "a"})), turn("assistant", cited.clone()),
        turn("user", json!({"text": "b"}))]});
    let (told, _) = request(D, CHAT, &ask);
    assert_eq!(told["messages"][1]["content"], "AB");
    let (told, _) = request(D, D, &ask);
    assert_eq!(told["messages"][1]["content"][0], cited);
}
