//! Complete answers, written in the other dialect word for word.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::needless_pass_by_value)]

use serde_json::{Value, json};
use towerman_core::{Dialect, FaultKind};
use towerman_wire::translate;

const OPENAI: Dialect = Dialect::OpenAiChat;
const ANTHROPIC: Dialect = Dialect::Anthropic;

fn to_anthropic(body: &Value) -> Value {
    let bytes = translate::response(
        OPENAI,
        ANTHROPIC,
        body.to_string().as_bytes(),
        &translate::Options {
            created: 7,
            ..Default::default()
        },
    );
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}

fn to_openai(body: &Value) -> Value {
    let bytes = translate::response(
        ANTHROPIC,
        OPENAI,
        body.to_string().as_bytes(),
        &translate::Options {
            created: 7,
            ..Default::default()
        },
    );
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}

fn completion(message: Value, finish_reason: &str) -> Value {
    json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}})
}

fn message(content: Value, stop_reason: &str) -> Value {
    json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": content,
        "stop_reason": stop_reason, "stop_sequence": null,
        "usage": {"input_tokens": 5, "output_tokens": 3}})
}

#[test]
fn an_openai_answer_is_written_byte_for_byte_so() {
    let body = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m",
        "choices":[{"index":0,"message":{"role":"assistant","content":"Hé","reasoning_content":"hm","refusal":null,
        "tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"z\": 1, \"a\": 2.50}"}}]},
        "logprobs":null,"finish_reason":"tool_calls"}],
        "usage":{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,
        "prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":10},
        "completion_tokens_details":{"reasoning_tokens":4}}}"#;
    let expected = [
        r#"{"id":"chatcmpl-1","type":"message","role":"assistant","model":"m","content":["#,
        r#"{"type":"thinking","thinking":"hm","signature":""},{"type":"text","text":"Hé"},"#,
        r#"{"type":"tool_use","id":"c1","name":"f","input":{"z": 1, "a": 2.50}}],"#,
        r#""stop_reason":"tool_use","stop_sequence":null,"#,
        r#""usage":{"input_tokens":30,"cache_creation_input_tokens":10,"cache_read_input_tokens":60,"#,
        r#""output_tokens":20,"output_tokens_details":{"thinking_tokens":4}}}"#,
    ];
    let there = translate::response(
        OPENAI,
        ANTHROPIC,
        body.as_bytes(),
        &translate::Options {
            created: 7,
            ..Default::default()
        },
    )
    .unwrap();
    assert_eq!(std::str::from_utf8(&there).unwrap(), expected.concat());
}

#[test]
fn an_anthropic_answer_is_written_byte_for_byte_so() {
    let body = r#"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[
        {"type":"thinking","thinking":"hm","signature":"s"},
        {"type":"text","text":"H\u00e9"},{"type":"text","text":"!"},
        {"type":"server_tool_use","id":"s1","name":"web_search","input":{}},
        {"type":"tool_use","id":"t1","name":"f","input":{"z": 1, "a": " b "}}],
        "stop_reason":"tool_use","stop_sequence":null,
        "usage":{"input_tokens":30,"cache_creation_input_tokens":10,"cache_read_input_tokens":60,"output_tokens":20}}"#;
    let expected = [
        r#"{"id":"msg_1","object":"chat.completion","created":7,"model":"m","choices":["#,
        r#"{"index":0,"message":{"role":"assistant","content":"Hé!","reasoning_content":"hm","#,
        r#""reasoning_details":[{"type":"reasoning.text","signature":"tm1.anthropic.s.s"}],"refusal":null,"#,
        r#""tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{\"z\":1,\"a\":\" b \"}"}}]},"#,
        r#""logprobs":null,"finish_reason":"tool_calls"}],"#,
        r#""usage":{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"#,
        r#""prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":10},"#,
        r#""completion_tokens_details":{"reasoning_tokens":0}}}"#,
    ];
    let there = translate::response(
        ANTHROPIC,
        OPENAI,
        body.as_bytes(),
        &translate::Options {
            created: 7,
            ..Default::default()
        },
    )
    .unwrap();
    assert_eq!(std::str::from_utf8(&there).unwrap(), expected.concat());
}

#[test]
fn every_stop_of_openai_has_its_reason() {
    let text = json!({"content": "x"});
    for (finish, stop) in [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("content_filter", "refusal"),
        ("eos", "end_turn"),
    ] {
        assert_eq!(
            to_anthropic(&completion(text.clone(), finish))["stop_reason"],
            stop
        );
    }
    let call = json!({"tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]});
    // A forced call ends with `stop`, and still wants its tool run.
    for finish in ["tool_calls", "stop"] {
        assert_eq!(
            to_anthropic(&completion(call.clone(), finish))["stop_reason"],
            "tool_use"
        );
    }
}

#[test]
fn every_stop_of_anthropic_has_its_reason() {
    for (stop, finish) in [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("pause_turn", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
    ] {
        let there = to_openai(&message(json!([{"type": "text", "text": "x"}]), stop));
        assert_eq!(there["choices"][0]["finish_reason"], finish);
    }
}

#[test]
fn a_stop_sequence_that_a_clone_names_is_told() {
    let mut body = completion(json!({"content": "x"}), "stop");
    body["choices"][0]["stop_reason"] = "END".into();
    let there = to_anthropic(&body);
    assert_eq!(
        (&there["stop_reason"], &there["stop_sequence"]),
        (&json!("stop_sequence"), &json!("END"))
    );
    // Some name a token instead.
    body["choices"][0]["stop_reason"] = 128_009.into();
    assert_eq!(to_anthropic(&body)["stop_reason"], "end_turn");
}

#[test]
fn refusals_are_told_in_words_and_as_a_reason() {
    let there = to_anthropic(&completion(
        json!({"content": null, "refusal": "no"}),
        "stop",
    ));
    assert_eq!(there["content"], json!([{"type": "text", "text": "no"}]));
    assert_eq!(there["stop_reason"], "refusal");
    let mut body = message(json!([]), "refusal");
    body["stop_details"] = json!({"type": "refusal", "category": "cyber", "explanation": "no"});
    let there = to_openai(&body);
    assert_eq!(there["choices"][0]["message"]["refusal"], "no");
    assert_eq!(there["choices"][0]["message"]["content"], Value::Null);
    assert_eq!(there["choices"][0]["finish_reason"], "content_filter");
}

#[test]
fn a_call_cut_by_the_limit_is_left_out_and_any_other_torn_call_is_a_fault() {
    let torn = json!({"content": "x", "tool_calls": [
        {"id": "a", "function": {"name": "f", "arguments": "{}"}},
        {"id": "b", "function": {"name": "f", "arguments": "{\"a\":"}}]});
    let there = to_anthropic(&completion(torn.clone(), "length"));
    assert_eq!(there["content"].as_array().unwrap().len(), 2);
    assert_eq!(there["stop_reason"], "max_tokens");
    let body = completion(torn, "tool_calls").to_string();
    let fault = translate::response(
        OPENAI,
        ANTHROPIC,
        body.as_bytes(),
        &translate::Options {
            created: 7,
            ..Default::default()
        },
    )
    .unwrap_err();
    assert_eq!(fault.kind(), FaultKind::BadGateway);
}

#[test]
fn what_is_no_answer_is_a_bad_gateway() {
    for (from, to, body) in [
        (OPENAI, ANTHROPIC, "<html>"),
        (OPENAI, ANTHROPIC, "{}"),
        (OPENAI, ANTHROPIC, r#"{"choices":[]}"#),
        (OPENAI, ANTHROPIC, r#"{"error":{"message":"sk-1"}}"#),
        (
            OPENAI,
            ANTHROPIC,
            r#"{"choices":[{"message":{},"finish_reason":"error"}]}"#,
        ),
        (ANTHROPIC, OPENAI, "<html>"),
        (ANTHROPIC, OPENAI, "{}"),
        (
            ANTHROPIC,
            OPENAI,
            r#"{"type":"error","error":{"type":"api_error","message":"sk-1"}}"#,
        ),
        (
            ANTHROPIC,
            OPENAI,
            r#"{"content":[{"type":"tool_use","input":{}}]}"#,
        ),
    ] {
        let fault = translate::response(
            from,
            to,
            body.as_bytes(),
            &translate::Options {
                created: 7,
                ..Default::default()
            },
        )
        .unwrap_err();
        assert_eq!(fault.kind(), FaultKind::BadGateway, "{body}");
        assert!(!fault.message().contains("sk-1"));
    }
}

#[test]
fn answers_without_usage_or_text_are_still_whole() {
    let there = to_anthropic(&json!({"choices": [{"message": {"content": ""}}]}));
    assert_eq!(there["content"], json!([]));
    assert_eq!(there["usage"]["input_tokens"], 0);
    let there = to_openai(&json!({"content": [], "stop_reason": "end_turn"}));
    assert_eq!(there["choices"][0]["message"]["content"], Value::Null);
    assert_eq!(there["usage"]["total_tokens"], 0);
}
