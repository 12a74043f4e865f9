//! Whole answers, both ways.

use serde_json::{Value, json};
use towerman_core::{Dialect, FaultKind};

use super::{ANTHROPIC, CHAT, D};
use crate::translate::{self, Options};

pub(super) fn respond(from: Dialect, to: Dialect, body: &Value) -> Value {
    let options = Options {
        id: "i".into(),
        model: "m".into(),
        ..Options::default()
    };
    let told = translate::response(from, to, body.to_string().as_bytes(), &options).unwrap();
    serde_json::from_slice(&told).unwrap()
}

/// An answer with this content.
pub(super) fn answer(content: &Value, reason: &str) -> Value {
    json!({
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": reason,
        "usage": {"inputTokens": 7, "outputTokens": 5, "totalTokens": 15,
            "cacheReadInputTokens": 2, "cacheWriteInputTokens": 1},
        "metrics": {"latencyMs": 0},
    })
}

fn all() -> Value {
    answer(
        &json!([
            {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "SIG="}}},
            {"reasoningContent": {"redactedContent": "UkVE"}},
            {"text": "Hé"},
            {"toolUse": {"toolUseId": "c1", "name": "w", "input": {"b": 1}}},
            {"toolUse": {"toolUseId": "c2", "name": "w", "input": {}}}]),
        "tool_use",
    )
}

/// The same, as Claude says it.
fn claude() -> Value {
    json!({
        "id": "i", "type": "message", "role": "assistant", "model": "m",
        "content": [
            {"type": "thinking", "thinking": "Hm.", "signature": "SIG="},
            {"type": "redacted_thinking", "data": "UkVE"},
            {"type": "text", "text": "Hé"},
            {"type": "tool_use", "id": "c1", "name": "w", "input": {"b": 1}},
            {"type": "tool_use", "id": "c2", "name": "w", "input": {}}],
        "stop_reason": "tool_use", "stop_sequence": null,
        "usage": {"input_tokens": 7, "output_tokens": 5, "cache_read_input_tokens": 2,
            "cache_creation_input_tokens": 1},
    })
}

#[test]
fn claudes_words_and_converses_are_the_same() {
    assert_eq!(respond(D, ANTHROPIC, &all()), claude());
    assert_eq!(respond(ANTHROPIC, D, &claude()), all());
    assert_eq!(respond(D, D, &all()), all());
}

#[test]
fn chat_says_it_in_its_words() {
    let told = respond(D, CHAT, &all());
    let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "w", "arguments": arguments}});
    let message = &told["choices"][0]["message"];
    assert_eq!(message["content"], "Hé");
    assert_eq!(message["reasoning_content"], "Hm.");
    assert_eq!(
        message["tool_calls"],
        json!([call("c1", "{\"b\":1}"), call("c2", "{}")])
    );
    assert_eq!(told["choices"][0]["finish_reason"], "tool_calls");
    let usage = &told["usage"];
    assert_eq!(
        (
            &usage["prompt_tokens"],
            &usage["completion_tokens"],
            &usage["total_tokens"]
        ),
        (&json!(10), &json!(5), &json!(15))
    );
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 2);

    let body = json!({"id": "i", "model": "m", "choices": [{"index": 0, "finish_reason": "tool_calls",
        "message": {"role": "assistant", "content": "Hé",
            "tool_calls": [call("c1", " {\"b\":1}"), call("c2", "")]}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
            "prompt_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 1}}});
    let mut expected = all();
    let content = expected["output"]["message"]["content"]
        .as_array_mut()
        .unwrap();
    content.drain(..2);
    assert_eq!(respond(CHAT, D, &body), expected);
}

#[test]
fn every_reason_to_stop() {
    for (reason, claude, chat, again) in [
        ("end_turn", "end_turn", "stop", "end_turn"),
        // Which sequence it was is not said.
        ("stop_sequence", "end_turn", "stop", "end_turn"),
        ("max_tokens", "max_tokens", "length", "max_tokens"),
        (
            "model_context_window_exceeded",
            "max_tokens",
            "length",
            "max_tokens",
        ),
        (
            "guardrail_intervened",
            "refusal",
            "content_filter",
            "content_filtered",
        ),
        (
            "content_filtered",
            "refusal",
            "content_filter",
            "content_filtered",
        ),
        ("malformed_model_output", "end_turn", "stop", "end_turn"),
        ("malformed_tool_use", "end_turn", "stop", "end_turn"),
        ("something_new", "end_turn", "stop", "end_turn"),
    ] {
        let body = answer(&json!([{"text": "x"}]), reason);
        let told = respond(D, ANTHROPIC, &body);
        assert_eq!(
            (&told["stop_reason"], &told["stop_sequence"]),
            (&json!(claude), &Value::Null),
            "{reason}"
        );
        assert_eq!(
            respond(D, CHAT, &body)["choices"][0]["finish_reason"],
            chat,
            "{reason}"
        );
        assert_eq!(respond(D, D, &body)["stopReason"], again, "{reason}");
    }
    for (reason, sequence, told) in [
        ("end_turn", None, "end_turn"),
        ("stop_sequence", Some("X"), "stop_sequence"),
        ("max_tokens", None, "max_tokens"),
        ("model_context_window_exceeded", None, "max_tokens"),
        ("refusal", None, "content_filtered"),
    ] {
        let mut body = claude();
        body["content"] = json!([{"type": "text", "text": "x"}]);
        body["stop_reason"] = json!(reason);
        body["stop_sequence"] = json!(sequence);
        assert_eq!(respond(ANTHROPIC, D, &body)["stopReason"], told);
    }
}

#[test]
fn a_guardrail_speaks_for_the_model() {
    let mut body = answer(&json!([{"text": "I may not."}]), "guardrail_intervened");
    body["trace"] = json!({"guardrail": {"actionReason": "Guardrail blocked."}});
    let told = respond(D, CHAT, &body);
    assert_eq!(told["choices"][0]["message"]["content"], "I may not.");
    assert_eq!(told["choices"][0]["finish_reason"], "content_filter");
    // One that says nothing leaves an answer without content.
    let told = respond(D, ANTHROPIC, &answer(&json!([]), "content_filtered"));
    assert_eq!(told["content"], json!([]));
    // What Claude says of its refusal is told where there would be nothing.
    let mut body = claude();
    body["content"] = json!([]);
    body["stop_reason"] = json!("refusal");
    body["stop_details"] = json!({"type": "refusal", "category": "cyber", "explanation": "No."});
    let told = respond(ANTHROPIC, D, &body);
    assert_eq!(
        told["output"]["message"]["content"],
        json!([{"text": "No."}])
    );
}

#[test]
fn what_is_no_answer_is_not_told_as_one() {
    let refused = |body: &str| {
        let told = translate::response(D, CHAT, body.as_bytes(), &Options::default());
        told.unwrap_err().kind()
    };
    let call = |input: Value| json!([{"text": "x"}, {"toolUse": {"toolUseId": "c", "name": "w", "input": input}}]);
    for body in [
        "{}".to_owned(),
        "no".to_owned(),
        json!({"message": "slow down"}).to_string(),
        json!({"output": {}}).to_string(),
        answer(&call(json!("{\"a\":")), "tool_use").to_string(),
        answer(
            &json!([{"toolUse": {"toolUseId": "c", "input": {}}}]),
            "tool_use",
        )
        .to_string(),
    ] {
        assert_eq!(refused(&body), FaultKind::BadGateway, "{body}");
    }
    // A call that ran into the limit is none.
    let cut = answer(&call(json!("{\"a\":")), "max_tokens");
    let told = respond(D, D, &cut);
    assert_eq!(told["output"]["message"]["content"], json!([{"text": "x"}]));
    // One without an id gets one, and the same each time.
    let nameless = json!([{"toolUse": {"name": "w"}}]);
    let told = respond(D, D, &answer(&nameless, "tool_use"));
    let said = &told["output"]["message"]["content"][0]["toolUse"];
    assert!(
        said["toolUseId"].as_str().unwrap().starts_with("call_"),
        "{said}"
    );
    assert_eq!(said["input"], json!({}));
    assert_eq!(respond(D, D, &answer(&nameless, "tool_use")), told);
}

#[test]
fn what_others_cannot_hear_is_left_out_and_what_is_cited_is_text() {
    let cite = json!({"title": "T", "source": "https://x/y", "sourceContent": [{"text": "quoted"}],
        "location": {"web": {"url": "https://x/y"}}});
    let content = json!([
        {"toolUse": {"toolUseId": "s", "name": "nova_grounding", "input": {}, "type": "server_tool_use"}},
        {"toolResult": {"toolUseId": "s", "content": [], "type": "nova_grounding_result"}},
        {"citationsContent": {"content": [{"text": "A"}, {"text": "B"}], "citations": [cite]}},
        {"reasoningContent": {}},
        {"hologram": {}},
        {"text": ""}]);
    let told = respond(D, CHAT, &answer(&content, "end_turn"));
    let message = &told["choices"][0]["message"];
    assert_eq!(message["content"], "AB");
    let annotation = &message["annotations"][0]["url_citation"];
    assert_eq!(
        (&annotation["url"], &annotation["title"]),
        (&json!("https://x/y"), &json!("T"))
    );
    let told = respond(D, D, &answer(&content, "end_turn"));
    assert_eq!(
        told["output"]["message"]["content"],
        json!([{"text": "AB"}])
    );
}
