//! Requests, written in the other dialect word for word.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::needless_pass_by_value)]

use serde_json::{Value, json};
use towerman_core::{Dialect, FaultKind};
use towerman_wire::translate::{self, Translated};

const OPENAI: Dialect = Dialect::OpenAiChat;
const ANTHROPIC: Dialect = Dialect::Anthropic;

fn translate(from: Dialect, to: Dialect, body: &str) -> Translated {
    translate::request(from, to, body.as_bytes(), "there").unwrap_or_else(|fault| panic!("{fault}"))
}

fn to_anthropic(body: &Value) -> (Value, Vec<String>) {
    read(translate(OPENAI, ANTHROPIC, &body.to_string()))
}

fn to_openai(body: &Value) -> (Value, Vec<String>) {
    read(translate(ANTHROPIC, OPENAI, &body.to_string()))
}

fn read(translated: Translated) -> (Value, Vec<String>) {
    let lost = translated
        .losses
        .list()
        .iter()
        .map(|loss| loss.pointer.to_string());
    (
        serde_json::from_slice(&translated.body).unwrap(),
        lost.collect(),
    )
}

fn refusal(from: Dialect, to: Dialect, body: &Value) -> String {
    let fault = translate::request(from, to, body.to_string().as_bytes(), "there").unwrap_err();
    assert_eq!(fault.kind(), FaultKind::InvalidRequest);
    fault.named_param().unwrap().to_owned()
}

/// A request with `fields` added to a minimal one.
fn with(fields: Value) -> Value {
    let mut body =
        json!({"model": "here", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    for (key, value) in fields.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

#[test]
fn an_openai_request_is_written_byte_for_byte_so() {
    let body = r#"{
        "model": "here", "stream": true, "stream_options": {"include_usage": true},
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
            {"role": "user", "content": [
                {"type": "text", "text": "caf\u00e9?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"}}]},
            {"role": "user", "content": "And?"},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"z\": 1, \"a\": 2.50}"}},
                {"id": "c2", "type": "function", "function": {"name": "g", "arguments": ""}}]},
            {"role": "tool", "tool_call_id": "c2", "content": ""},
            {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
            {"role": "user", "content": "thanks"}],
        "tools": [{"type": "function", "function": {"name": "f", "description": "d", "strict": true,
            "parameters": {"type":"object", "required":["z"],"properties":{"z":{},"a":{}}}}},
            {"type": "function", "function": {"name": "g"}}],
        "tool_choice": "required", "parallel_tool_calls": false,
        "max_completion_tokens": 100, "stop": ["END", " "], "temperature": 0.5, "top_p": 0.9,
        "reasoning_effort": "high", "safety_identifier": "u1",
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": true,
            "schema": {"type":"object","properties":{}}}}}"#;
    let expected = [
        r#"{"model":"there","max_tokens":100,"#,
        r#""tools":[{"name":"f","description":"d","input_schema":{"type":"object", "required":["z"],"properties":{"z":{},"a":{}}},"strict":true},"#,
        r#"{"name":"g","input_schema":{"type":"object"}}],"#,
        r#""tool_choice":{"type":"any","disable_parallel_tool_use":true},"#,
        r#""system":[{"type":"text","text":"Be brief."},{"type":"text","text":"Be kind."}],"#,
        r#""messages":[{"role":"user","content":[{"type":"text","text":"caf\u00e9?"},"#,
        r#"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}},"#,
        r#"{"type":"image","source":{"type":"url","url":"https://x.example/a.png"}},"#,
        r#"{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"},"title":"a.pdf"},"#,
        r#"{"type":"text","text":"And?"}]},"#,
        r#"{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"f","input":{"z": 1, "a": 2.50}},"#,
        r#"{"type":"tool_use","id":"c2","name":"g","input":{}}]},"#,
        r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"c2"},"#,
        r#"{"type":"tool_result","tool_use_id":"c1","content":[{"type":"text","text":"sunny"}]},"#,
        r#"{"type":"text","text":"thanks"}]}],"#,
        r#""stop_sequences":["END"],"temperature":0.5,"top_p":0.9,"#,
        r#""output_config":{"effort":"high","format":{"type":"json_schema","schema":{"type":"object","properties":{}}}},"#,
        r#""metadata":{"user_id":"u1"},"stream":true}"#,
    ];
    let translated = translate(OPENAI, ANTHROPIC, body);
    assert_eq!(
        std::str::from_utf8(&translated.body).unwrap(),
        expected.concat()
    );
    let lost: Vec<&str> = translated
        .losses
        .list()
        .iter()
        .map(|loss| &*loss.pointer)
        .collect();
    assert_eq!(lost, ["/response_format/json_schema/name", "/stop/1"]);
}

#[test]
fn an_anthropic_request_is_written_byte_for_byte_so() {
    let body = r#"{
        "model": "here", "max_tokens": 100, "stream": true,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "Be kind."}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "caf\u00e9?"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                {"type": "image", "source": {"type": "url", "url": "https://x.example/a.png"}},
                {"type": "document", "title": "a.pdf", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}}]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "text", "text": "Let me see."},
                {"type": "tool_use", "id": "t1", "name": "f", "input": {"z": 1, "a": [ "x y" ]}},
                {"type": "tool_use", "id": "t2", "name": "g", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "sunny"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "BBBB"}}]},
                {"type": "tool_result", "tool_use_id": "t2", "content": "no"},
                {"type": "text", "text": "thanks"}]},
            {"role": "system", "content": "Now in French."}],
        "tools": [{"name": "f", "description": "d", "strict": true, "input_schema": {"type":"object", "required":["z"],"properties":{"z":{},"a":{}}}},
            {"type": "custom", "name": "g", "input_schema": {"type":"object"}}],
        "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": true},
        "stop_sequences": ["END"], "temperature": 0.5, "top_p": 0.9, "top_k": 5,
        "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": {"type":"object","properties":{}}}},
        "metadata": {"user_id": "u1"}}"#;
    let expected = [
        r#"{"model":"there","#,
        r#""tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object", "required":["z"],"properties":{"z":{},"a":{}}},"strict":true}},"#,
        r#"{"type":"function","function":{"name":"g","parameters":{"type":"object"}}}],"#,
        r#""tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false,"#,
        r#""messages":[{"role":"system","content":[{"type":"text","text":"Be brief."},{"type":"text","text":"Be kind."}]},"#,
        r#"{"role":"user","content":[{"type":"text","text":"caf\u00e9?"},"#,
        r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},"#,
        r#"{"type":"image_url","image_url":{"url":"https://x.example/a.png"}},"#,
        r#"{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}}]},"#,
        r#"{"role":"assistant","content":"Let me see.","tool_calls":["#,
        r#"{"id":"t1","type":"function","function":{"name":"f","arguments":"{\"z\":1,\"a\":[\"x y\"]}"}},"#,
        r#"{"id":"t2","type":"function","function":{"name":"g","arguments":"{}"}}]},"#,
        r#"{"role":"tool","tool_call_id":"t1","content":"sunny"},"#,
        r#"{"role":"tool","tool_call_id":"t2","content":"no"},"#,
        r#"{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,BBBB"}}]},"#,
        r#"{"role":"user","content":"thanks"},"#,
        r#"{"role":"system","content":"Now in French."}],"#,
        r#""max_completion_tokens":100,"stop":["END"],"temperature":0.5,"top_p":0.9,"#,
        r#""response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":true,"schema":{"type":"object","properties":{}}}},"#,
        r#""reasoning_effort":"high","user":"u1","stream":true,"stream_options":{"include_usage":true}}"#,
    ];
    let translated = translate(ANTHROPIC, OPENAI, body);
    assert_eq!(
        std::str::from_utf8(&translated.body).unwrap(),
        expected.concat()
    );
    let lost: Vec<&str> = translated
        .losses
        .list()
        .iter()
        .map(|loss| &*loss.pointer)
        .collect();
    assert_eq!(
        lost,
        [
            "/system/0/cache_control",
            "/messages/1/content/0",
            "/messages/2/content/0/content/1",
            "/top_k"
        ]
    );
}

#[test]
fn what_openai_alone_can_say_is_refused_where_it_stands() {
    let call = json!({"role": "assistant", "tool_calls": [
        {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
    let with_part = |part: Value| with(json!({"messages": [{"role": "user", "content": [part]}]}));
    let with_messages = |messages: Value| with(json!({"messages": messages}));
    for (at, body) in [
        ("/n", with(json!({"n": 2}))),
        ("/logprobs", with(json!({"logprobs": true}))),
        ("/logit_bias", with(json!({"logit_bias": {"1": 2}}))),
        ("/top_logprobs", with(json!({"top_logprobs": 3}))),
        ("/audio", with(json!({"audio": {"voice": "v"}}))),
        (
            "/modalities",
            with(json!({"modalities": ["text", "audio"]})),
        ),
        ("/functions", with(json!({"functions": [{"name": "f"}]}))),
        (
            "/web_search_options",
            with(json!({"web_search_options": {}})),
        ),
        (
            "/response_format/type",
            with(json!({"response_format": {"type": "grammar"}})),
        ),
        (
            "/reasoning_effort",
            with(json!({"reasoning_effort": "utmost"})),
        ),
        (
            "/tools/0/type",
            with(json!({"tools": [{"type": "custom", "custom": {"name": "f"}}]})),
        ),
        ("/tool_choice", with(json!({"tool_choice": "required"}))),
        ("/stop/0", with(json!({"stop": [1]}))),
        ("/max_tokens", with(json!({"max_tokens": "many"}))),
        ("/messages", with_messages(json!([]))),
        (
            "/messages",
            with_messages(json!([{"role": "system", "content": "alone"}])),
        ),
        (
            "/messages/0/role",
            with_messages(json!([{"role": "narrator", "content": "x"}])),
        ),
        ("/messages/0/role", with_messages(json!([{"content": "x"}]))),
        (
            "/messages/0/content",
            with_messages(json!([{"role": "user", "content": 7}])),
        ),
        (
            "/messages/0/content/0",
            with_part(
                json!({"type": "input_audio", "input_audio": {"format": "wav", "data": "AA"}}),
            ),
        ),
        (
            "/messages/0/content/0/type",
            with_part(json!({"type": "hologram"})),
        ),
        (
            "/messages/0/content/0/image_url/url",
            with_part(json!({"type": "image_url", "image_url": {"url": "file:///etc/passwd"}})),
        ),
        (
            "/messages/0/content/0/file/file_id",
            with_part(json!({"type": "file", "file": {"file_id": "f-1"}})),
        ),
        (
            "/messages/1",
            with_messages(json!([
            {"role": "user", "content": "x"}, {"role": "tool", "tool_call_id": "c", "content": "y"}])),
        ),
        (
            "/messages/2",
            with_messages(json!([call,
            {"role": "tool", "tool_call_id": "c", "content": "y"},
            {"role": "tool", "tool_call_id": "c", "content": "y"}])),
        ),
        (
            "/messages/0/tool_calls/0",
            with_messages(json!([call, {"role": "user", "content": "x"}])),
        ),
        ("/messages/0/tool_calls/0", with_messages(json!([call]))),
        (
            "/messages/0/tool_calls/0",
            with_messages(json!([
            {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "[1]"}}]}])),
        ),
        (
            "/messages/0/function_call",
            with_messages(json!([
            {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}])),
        ),
    ] {
        assert_eq!(refusal(OPENAI, ANTHROPIC, &body), at, "{body}");
    }
}

#[test]
fn what_anthropic_alone_can_say_is_refused_where_it_stands() {
    let with_block =
        |block: Value| with(json!({"messages": [{"role": "user", "content": [block]}]}));
    let call = json!({"role": "assistant", "content": [
        {"type": "tool_use", "id": "t", "name": "f", "input": {}}]});
    for (at, body) in [
        (
            "/mcp_servers",
            with(json!({"mcp_servers": [{"name": "m"}]})),
        ),
        ("/container", with(json!({"container": "c"}))),
        ("/inference_geo", with(json!({"inference_geo": "eu"}))),
        (
            "/tools/0/type",
            with(json!({"tools": [{"type": "web_search_20250305", "name": "w"}]})),
        ),
        (
            "/tools/0/input_schema",
            with(json!({"tools": [{"name": "w"}]})),
        ),
        (
            "/tool_choice",
            with(json!({"tool_choice": {"type": "any"}})),
        ),
        (
            "/thinking/type",
            with(json!({"thinking": {"type": "sometimes"}})),
        ),
        (
            "/messages/0/content/0/type",
            with_block(json!({"type": "server_tool_use"})),
        ),
        (
            "/messages/0/content/0/source/type",
            with_block(json!({"type": "image", "source": {"type": "file", "file_id": "f"}})),
        ),
        (
            "/messages/0/content/0",
            with_block(json!({"type": "tool_result", "tool_use_id": "t"})),
        ),
        (
            "/messages/0/content/0",
            with(json!({"messages": [call, {"role": "user", "content": "x"}]})),
        ),
        (
            "/messages/0/content/0/input",
            with(json!({"messages": [{"role": "assistant", "content": [
            {"type": "tool_use", "id": "t", "name": "f", "input": "x"}]}]})),
        ),
    ] {
        assert_eq!(refusal(ANTHROPIC, OPENAI, &body), at, "{body}");
    }
}

#[test]
fn a_body_that_is_no_request_is_refused() {
    for body in [
        &b"\xff"[..],
        b"",
        b"[]",
        b"{",
        b"{} {}",
        b"{\"messages\": 1}",
    ] {
        for (from, to) in [(OPENAI, ANTHROPIC), (ANTHROPIC, OPENAI)] {
            let fault = translate::request(from, to, body, "there").unwrap_err();
            assert_eq!(fault.kind(), FaultKind::InvalidRequest);
        }
    }
}

#[test]
fn what_is_cosmetic_is_dropped_and_told() {
    let (there, lost) = to_anthropic(&with(json!({
        "seed": 1, "metadata": {"a": "b"}, "x/y~z": 1, "store": null,
        "n": 1, "logprobs": false, "functions": [], "tools": null, "user": "u", "safety_identifier": "s",
        "messages": [{"role": "user", "name": "ann", "content": [
            {"type": "image_url", "image_url": {"url": "https://x/a", "detail": "low"}}]}],
    })));
    let mut expected = vec![
        "/messages/0/content/0/image_url/detail",
        "/messages/0/name",
        "/user",
        "/seed",
        "/metadata",
        "/x~1y~0z",
    ];
    expected.sort_unstable();
    let mut lost = lost;
    lost.sort_unstable();
    assert_eq!(lost, expected);
    let keys: Vec<&String> = there.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["max_tokens", "messages", "metadata", "model"]);
    assert_eq!(there["metadata"], json!({"user_id": "s"}));
}

#[test]
fn losses_are_listed_up_to_a_limit() {
    let parts: Vec<Value> = (0..500)
        .map(|_| json!({"type": "text", "text": "x", "y": 1}))
        .collect();
    let (_, lost) = to_anthropic(&with(
        json!({"messages": [{"role": "user", "content": parts}]}),
    ));
    assert_eq!(lost.len(), 64);
}

#[test]
fn an_object_of_absurdly_many_fields_is_refused() {
    let fields: serde_json::Map<_, _> = (0..300).map(|i| (i.to_string(), json!(1))).collect();
    let body = with(Value::Object(fields)).to_string();
    assert!(translate::request(OPENAI, ANTHROPIC, body.as_bytes(), "there").is_err());
}

#[test]
fn a_missing_limit_is_set_and_told() {
    let body = json!({"messages": [{"role": "user", "content": "hi"}]});
    let (there, lost) = to_anthropic(&body);
    assert_eq!(there["max_tokens"], 4096);
    assert_eq!(lost, ["/max_completion_tokens"]);
}

#[test]
fn temperature_is_clamped_and_told() {
    let (there, lost) = to_anthropic(&with(json!({"temperature": 1.7})));
    assert_eq!(
        (&there["temperature"], lost),
        (&json!(1.0), vec!["/temperature".to_owned()])
    );
}

#[test]
fn a_late_system_message_follows_the_users_turn_it_stands_in() {
    let turn = |role: &str, text: &str| json!({"role": role, "content": text});
    let (there, lost) = to_anthropic(&with(json!({"messages": [
        turn("system", "a"), turn("user", "b"), turn("system", "c"), turn("user", "d"),
        turn("assistant", "e"), turn("system", "f"), turn("assistant", "g"),
        turn("user", "h"), turn("developer", "i")]})));
    let turns: Vec<(&str, Vec<&str>)> = there["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|turn| {
            let texts = turn["content"].as_array().unwrap().iter();
            let texts = texts.map(|block| block["text"].as_str().unwrap());
            (turn["role"].as_str().unwrap(), texts.collect())
        })
        .collect();
    assert_eq!(
        turns,
        [
            ("user", vec!["b", "d"]),
            ("system", vec!["c"]),
            ("assistant", vec!["e"]),
            // Nothing of the user's stands before it: the place is kept, not the role.
            ("user", vec!["f"]),
            ("assistant", vec!["g"]),
            ("user", vec!["h"]),
            ("system", vec!["i"]),
        ]
    );
    assert_eq!(there["system"], json!([{"type": "text", "text": "a"}]));
    assert_eq!(lost, ["/messages/3", "/messages/5"]);
}

#[test]
fn ids_that_anthropic_refuses_are_spelt_out_on_both_ends() {
    let (there, _) = to_anthropic(&with(json!({"messages": [
        {"role": "assistant", "tool_calls": [{"id": "functions.f:0", "type": "function",
            "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "functions.f:0", "content": "x"}]})));
    let id = &there["messages"][0]["content"][0]["id"];
    assert_eq!(id, "functions-2ef-3a0");
    assert_eq!(&there["messages"][1]["content"][0]["tool_use_id"], id);
}

#[test]
fn tool_choices_map_both_ways() {
    let tools =
        json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]);
    let theirs = json!([{"name": "f", "input_schema": {"type": "object"}}]);
    for (openai, anthropic) in [
        (json!("none"), json!({"type": "none"})),
        (json!("auto"), json!({"type": "auto"})),
        (json!("required"), json!({"type": "any"})),
        (
            json!({"type": "function", "function": {"name": "f"}}),
            json!({"type": "tool", "name": "f"}),
        ),
    ] {
        let (there, _) = to_anthropic(&with(json!({"tools": tools, "tool_choice": openai})));
        assert_eq!(there["tool_choice"], anthropic);
        let (back, _) = to_openai(&with(json!({"tools": theirs, "tool_choice": anthropic})));
        assert_eq!(back["tool_choice"], openai);
    }
    let none = json!({"tools": tools, "tool_choice": "none", "parallel_tool_calls": false});
    let (there, _) = to_anthropic(&with(none));
    assert_eq!(there["tool_choice"], json!({"type": "none"}));
    let (there, _) = to_anthropic(&with(json!({"tools": tools, "parallel_tool_calls": false})));
    assert_eq!(
        there["tool_choice"],
        json!({"type": "auto", "disable_parallel_tool_use": true})
    );
}

#[test]
fn reasoning_maps_both_ways() {
    for effort in ["low", "medium", "high", "xhigh", "max"] {
        let (there, _) = to_anthropic(&with(json!({"reasoning_effort": effort})));
        assert_eq!(there["output_config"]["effort"], effort);
        let (back, _) = to_openai(&with(json!({"output_config": there["output_config"]})));
        assert_eq!(back["reasoning_effort"], effort);
    }
    let (none, _) = to_anthropic(&with(json!({"reasoning_effort": "none"})));
    assert_eq!(none["thinking"], json!({"type": "disabled"}));
    let (minimal, lost) = to_anthropic(&with(json!({"reasoning_effort": "minimal"})));
    assert_eq!(minimal["output_config"], json!({"effort": "low"}));
    assert_eq!(lost, ["/reasoning_effort"]);
    for (budget, effort) in [(1024, "low"), (8000, "medium"), (32000, "high")] {
        let thinking = json!({"type": "enabled", "budget_tokens": budget});
        let (back, _) = to_openai(&with(json!({"thinking": thinking})));
        assert_eq!(back["reasoning_effort"], effort);
    }
    let (back, _) = to_openai(&with(json!({"thinking": {"type": "disabled"}})));
    assert_eq!(back["reasoning_effort"], "none");
}

#[test]
fn json_mode_is_asked_for_in_words() {
    let (there, lost) = to_anthropic(&with(json!({"response_format": {"type": "json_object"}})));
    assert!(
        there["system"][0]["text"]
            .as_str()
            .unwrap()
            .contains("JSON")
    );
    assert_eq!(lost, ["/response_format"]);
}

#[test]
fn the_same_dialect_keeps_what_nobody_knows() {
    let body =
        r#"{"model":"here","messages":[{"role":"user","content":"a","y":{"b":1,"a":2}}],"x":1.0}"#;
    let same = translate(OPENAI, OPENAI, body);
    let wanted =
        r#"{"model":"there","messages":[{"role":"user","content":"a","y":{"b":1,"a":2}}],"x":1.0}"#;
    assert_eq!(same.body, wanted);
}

#[test]
fn a_turn_of_absurdly_many_calls_is_refused() {
    let many = 1025;
    let calls: Vec<Value> = (0..many)
        .map(|i| json!({"id": i.to_string(), "function": {"name": "f", "arguments": ""}}))
        .collect();
    let body = with(json!({"messages": [{"role": "assistant", "tool_calls": calls}]}));
    assert_eq!(
        refusal(OPENAI, ANTHROPIC, &body),
        "/messages/0/tool_calls/1024"
    );
    let calls: Vec<Value> = (0..many)
        .map(|i| json!({"type": "tool_use", "id": i.to_string(), "name": "f", "input": {}}))
        .collect();
    let body = with(json!({"messages": [{"role": "assistant", "content": calls}]}));
    assert_eq!(
        refusal(ANTHROPIC, OPENAI, &body),
        "/messages/0/content/1024"
    );
}

#[test]
fn neighbours_of_one_role_are_one_turn() {
    let turn = |role: &str, text: &str| json!({"role": role, "content": text});
    let (there, _) = to_anthropic(&with(json!({"messages": [
        turn("user", "a"), turn("user", "b"), turn("assistant", "c"), turn("assistant", "d"),
        turn("user", ""), turn("assistant", "e")]})));
    let text = |text: &str| json!({"type": "text", "text": text});
    assert_eq!(
        there["messages"],
        json!([
            {"role": "user", "content": [text("a"), text("b")]},
            {"role": "assistant", "content": [text("c"), text("d"), text("e")]},
        ])
    );
}

#[test]
fn usage_is_asked_for_where_an_answer_is_streamed() {
    let (there, _) = to_openai(&with(json!({"stream": true})));
    assert_eq!(there["stream_options"], json!({"include_usage": true}));
    for body in [with(json!({"stream": false})), with(json!({}))] {
        assert_eq!(to_openai(&body).0.get("stream_options"), None);
    }
}

#[test]
fn texts_of_white_space_are_left_out_and_told() {
    let (there, lost) = to_anthropic(&with(json!({"messages": [{"role": "user", "content": [
        {"type": "text", "text": " \n\u{a0}"}, {"type": "text", "text": " x"}, {"type": "text", "text": ""}]}]})));
    let said = json!([{"type": "text", "text": " x"}]);
    assert_eq!(there["messages"][0]["content"], said);
    assert_eq!(lost, ["/messages/0/content/0"]);
}

#[test]
fn a_message_without_content_is_refused_and_so_is_a_conversation_without_messages() {
    let (from, to) = (Dialect::Anthropic, Dialect::OpenAiChat);
    let asked = |message: Value| with(json!({"messages": [message]}));
    let at = refusal(from, to, &asked(json!({"role": "user"})));
    assert_eq!(at, "/messages/0/content");
    let at = refusal(from, to, &asked(json!({"role": "user", "content": []})));
    assert_eq!(at, "/messages");
}

#[test]
fn stops_beyond_what_a_provider_takes_are_left_to_be_cut() {
    let body = with(json!({"stop_sequences": ["a", "b", "c", "d", "e"]}));
    let translated = translate(ANTHROPIC, OPENAI, &body.to_string());
    let there: Value = serde_json::from_slice(&translated.body).unwrap();
    assert_eq!(there["stop"], json!(["a", "b", "c", "d"]));
    assert_eq!(translated.cut, ["e"]);
}
