//! Requests of other dialects' clients, as Converse is told of them.

use serde_json::{Value, json};

use super::{ANTHROPIC, CHAT, D, pointers, request};
use crate::translate;

fn schema() -> Value {
    json!({"type": "object", "properties": {"b": {"type": "string"}, "a": {}}, "required": ["b"]})
}

#[test]
fn a_conversation_of_chat() {
    let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "w", "arguments": arguments}});
    let body = json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
            {"role": "user", "content": [
                {"type": "text", "text": "Look:"},
                {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,AAAA"}},
                {"type": "file", "file": {"filename": "r.pdf", "file_data": "data:application/pdf;base64,BBBB"}}]},
            {"role": "assistant", "content": "I will.", "tool_calls": [
                call("c1", r#"{ "z":1, "a":[] }"#), call("c 2", "")]},
            {"role": "tool", "tool_call_id": "c1", "content": "cold"},
            {"role": "tool", "tool_call_id": "c 2", "content": [{"type": "text", "text": "wet"}]},
            {"role": "user", "content": "And?"}],
        "tools": [{"type": "function", "function":
            {"name": "w", "description": "Weather", "parameters": schema(), "strict": true}}],
        "tool_choice": "auto",
        "max_completion_tokens": 100, "temperature": 0.5, "top_p": 0.9, "stop": ["X", "Y"],
        "metadata": {"team": "a"}, "service_tier": "flex", "stream": true,
    });
    let (told, translated) = request(CHAT, D, &body);
    let result = |id: &str, text: &str| json!({"toolResult": {"toolUseId": id, "content": [{"text": text}]}});
    assert_eq!(
        told,
        json!({
            "messages": [
                {"role": "user", "content": [
                    {"text": "Look:"},
                    {"image": {"format": "jpeg", "source": {"bytes": "AAAA"}}},
                    {"document": {"format": "pdf", "name": "r pdf", "source": {"bytes": "BBBB"}}}]},
                {"role": "assistant", "content": [
                    {"text": "I will."},
                    {"toolUse": {"toolUseId": "c1", "name": "w", "input": {"z": 1, "a": []}}},
                    {"toolUse": {"toolUseId": "c-202", "name": "w", "input": {}}}]},
                {"role": "user", "content": [
                    result("c1", "cold"), result("c-202", "wet"), {"text": "And?"}]}],
            "system": [{"text": "Be brief."}, {"text": "Be kind."}],
            "toolConfig": {
                "tools": [{"toolSpec": {"name": "w", "description": "Weather",
                    "inputSchema": {"json": schema()}, "strict": true}}],
                "toolChoice": {"auto": {}}},
            "inferenceConfig": {"maxTokens": 100, "temperature": 0.5, "topP": 0.9,
                "stopSequences": ["X", "Y"]},
            "requestMetadata": {"team": "a"},
            "serviceTier": {"type": "flex"},
        })
    );
    // The path says the model and whether to stream. Only the document's name had to change.
    assert_eq!(pointers(&translated.losses), ["/messages/2/content/2"]);
}

#[test]
fn a_conversation_of_claude() {
    let five = json!({"type": "ephemeral"});
    let hour = json!({"type": "ephemeral", "ttl": "1h"});
    let image = json!({"type": "base64", "media_type": "image/webp", "data": "AAAA"});
    let body = json!({
        "model": "m", "max_tokens": 4096,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": hour}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "w?", "cache_control": five}]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "SIG="},
                {"type": "redacted_thinking", "data": "UkVE"},
                {"type": "tool_use", "id": "t1", "name": "w", "input": {"b": "x"}},
                {"type": "tool_use", "id": "t2", "name": "w", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "is_error": true, "content": "broken"},
                {"type": "tool_result", "tool_use_id": "t2", "cache_control": five, "content": [
                    {"type": "text", "text": "see"}, {"type": "image", "source": image}]},
                {"type": "document", "title": "Notes", "source":
                    {"type": "text", "media_type": "text/plain", "data": "Hé"}},
                {"type": "text", "text": "Go on."}]}],
        "tools": [{"name": "w", "description": "", "input_schema": schema(), "cache_control": five}],
        "tool_choice": {"type": "auto"},
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "temperature": 1.0, "stop_sequences": ["END"],
        "metadata": {"user_id": "u-1"}, "service_tier": "auto",
        "output_config": {"format": {"type": "json_schema", "schema": schema()}},
    });
    let (told, translated) = request(ANTHROPIC, D, &body);
    let point = json!({"cachePoint": {"type": "default"}});
    assert_eq!(
        told,
        json!({
            "messages": [
                {"role": "user", "content": [{"text": "w?"}, point]},
                {"role": "assistant", "content": [
                    {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "SIG="}}},
                    {"reasoningContent": {"redactedContent": "UkVE"}},
                    {"toolUse": {"toolUseId": "t1", "name": "w", "input": {"b": "x"}}},
                    {"toolUse": {"toolUseId": "t2", "name": "w", "input": {}}}]},
                {"role": "user", "content": [
                    {"toolResult": {"toolUseId": "t1", "content": [{"text": "broken"}], "status": "error"}},
                    {"toolResult": {"toolUseId": "t2", "content": [
                        {"text": "see"}, {"image": {"format": "webp", "source": {"bytes": "AAAA"}}}]}},
                    point,
                    {"document": {"format": "txt", "name": "Notes", "source": {"bytes": "SMOp"}}},
                    {"text": "Go on."}]}],
            "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default", "ttl": "1h"}}],
            "toolConfig": {
                "tools": [{"toolSpec": {"name": "w", "inputSchema": {"json": schema()}}}, point],
                "toolChoice": {"auto": {}}},
            "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 2000}},
            "inferenceConfig": {"maxTokens": 4096, "temperature": 1.0, "stopSequences": ["END"]},
            "outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema":
                {"name": "answer", "schema": schema().to_string()}}}},
            "requestMetadata": {"user": "u-1"},
        })
    );
    assert_eq!(pointers(&translated.losses), ["/metadata/user_id"]);
}

#[test]
fn prompts_are_cached_by_their_bytes() {
    let schema = r#"{"type":"object", "properties":{ "b":{},"a":{} }}"#;
    let arguments = r#"{ "z":1,"a":[] }"#;
    let tool = format!(r#"{{"type":"function","function":{{"name":"w","parameters":{schema}}}}}"#);
    let call =
        json!({"id": "c", "type": "function", "function": {"name": "w", "arguments": arguments}});
    let messages = json!([{"role": "user", "content": "?"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "ok"}]);
    let body = format!(r#"{{"model":"m","messages":{messages},"tools":[{tool}]}}"#);
    let told = translate::request(CHAT, D, body.as_bytes(), "m").unwrap();
    let told = std::str::from_utf8(&told.body).unwrap();
    assert!(
        told.contains(&format!(r#""inputSchema":{{"json":{schema}}}"#)),
        "{told}"
    );
    assert!(told.contains(&format!(r#""input":{arguments}"#)), "{told}");
}
