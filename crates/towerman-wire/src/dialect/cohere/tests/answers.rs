//! Whole answers, and errors.

use serde_json::{Value, json};
use towerman_core::{Dialect, Fault, FaultKind};

use super::{ANTHROPIC, CHAT, D};
use crate::{
    fault,
    translate::{self, Options},
};

fn told(from: Dialect, to: Dialect, body: &Value) -> Result<Value, Fault> {
    let told = translate::response(from, to, body.to_string().as_bytes(), &Options::default())?;
    Ok(serde_json::from_slice(&told).unwrap())
}

fn answer(message: &Value, reason: &str) -> Value {
    json!({"id": "a", "message": message, "finish_reason": reason, "usage": {
        "billed_units": {"input_tokens": 1, "output_tokens": 2},
        "tokens": {"input_tokens": 10, "output_tokens": 5, "reasoning_tokens": 3}, "cached_tokens": 4}})
}

fn call(arguments: &str) -> Value {
    json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}})
}

#[test]
fn thoughts_plans_texts_and_calls_are_told() {
    let message = json!({"role": "assistant", "tool_plan": "I will.",
        "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Hi"}],
        "tool_calls": [call("{ \"b\":1,\"a\":2}"), call("")]});
    let said = answer(&message, "TOOL_CALL");
    let chat = told(D, CHAT, &said).unwrap();
    let heard = &chat["choices"][0]["message"];
    assert_eq!(heard["content"], "Hi");
    assert_eq!(heard["reasoning_content"], "I will.Hm.");
    assert_eq!(heard["tool_calls"][0], call("{ \"b\":1,\"a\":2}"));
    assert_eq!(chat["choices"][0]["finish_reason"], "tool_calls");
    let usage = &chat["usage"];
    assert_eq!(
        (&usage["prompt_tokens"], &usage["completion_tokens"]),
        (&json!(10), &json!(5))
    );
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 4);

    let own = told(D, D, &said).unwrap();
    let thought = |text: &str| json!({"type": "thinking", "thinking": text});
    let expected = json!({"role": "assistant", "content": [thought("I will."), thought("Hm."),
        {"type": "text", "text": "Hi"}], "tool_calls": [call("{ \"b\":1,\"a\":2}"), call("{}")]});
    assert_eq!(own["message"], expected);
    let usage = json!({"billed_units": {"input_tokens": 6, "output_tokens": 5},
        "tokens": {"input_tokens": 10, "output_tokens": 5, "reasoning_tokens": 3}, "cached_tokens": 4});
    assert_eq!(
        (&own["usage"], &own["finish_reason"]),
        (&usage, &json!("TOOL_CALL"))
    );

    // Hosts of the same models.
    let plain = told(D, CHAT, &answer(&json!({"content": "Hi"}), "COMPLETE")).unwrap();
    assert_eq!(plain["choices"][0]["message"]["content"], "Hi");
    let billed = json!({"id": "a", "message": {"content": []}, "finish_reason": "MAX_TOKENS",
        "usage": {"billed_units": {"input_tokens": 1, "output_tokens": 2}}});
    let billed = told(D, CHAT, &billed).unwrap();
    assert_eq!(billed["usage"]["prompt_tokens"], 1);
    assert_eq!(billed["choices"][0]["finish_reason"], "length");
}

#[test]
fn citations_name_what_can_be_looked_up() {
    let cite = |kind: &str, source: Value| json!({"start": 1, "end": 3, "text": "rü", "sources": [source], "content_index": 1, "type": kind});
    let page =
        json!({"type": "document", "id": "d", "document": {"title": "T", "url": "https://x/y"}});
    let output = json!({"type": "tool", "id": "https://x/z", "tool_output": {"n": 1}});
    let nowhere = json!({"type": "tool", "id": "c:0", "tool_output": {"content": "1"}});
    let message = json!({"content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Grüße"}],
        "citations": [cite("TEXT_CONTENT", page), cite("TEXT_CONTENT", output), cite("TEXT_CONTENT", nowhere),
            cite("PLAN", json!({"id": "https://x/p"}))]});
    let said = answer(&message, "COMPLETE");
    let chat = told(D, CHAT, &said).unwrap();
    let notes = chat["choices"][0]["message"]["annotations"]
        .as_array()
        .unwrap();
    let urls: Vec<_> = notes
        .iter()
        .map(|note| &note["url_citation"]["url"])
        .collect();
    assert_eq!(urls, ["https://x/y", "https://x/z"]);
    assert_eq!(notes[0]["url_citation"]["title"], "T");
    let own = told(D, D, &said).unwrap();
    let all = &said["message"]["citations"];
    assert_eq!(own["message"]["citations"], json!([all[0], all[1], all[2]]));

    // And others' are told as theirs.
    let chat = json!({"id": "x", "model": "m", "choices": [{"index": 0, "finish_reason": "stop", "message": {
        "role": "assistant", "content": "Grüße", "annotations": [{"type": "url_citation", "url_citation":
            {"url": "https://x/y", "title": "T", "start_index": 1, "end_index": 3}}]}}]});
    let told = told(CHAT, D, &chat).unwrap();
    let source = json!({"type": "document", "id": "https://x/y", "document": {"title": "T", "url": "https://x/y"}});
    let expected = json!({"start": 1, "end": 3, "text": "rü", "sources": [source], "content_index": 0,
        "type": "TEXT_CONTENT"});
    assert_eq!(told["message"]["citations"], json!([expected]));
}

#[test]
fn what_others_answer_is_told() {
    let anthropic = json!({"id": "x", "type": "message", "role": "assistant", "model": "m",
        "content": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}, {"type": "text", "text": "Hi"},
            {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}],
        "stop_reason": "tool_use", "stop_sequence": null,
        "usage": {"input_tokens": 3, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 2, "output_tokens": 5}});
    let expected = json!({"id": "x", "message": {"role": "assistant",
        "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Hi"}],
        "tool_calls": [{"id": "t", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}]},
        "finish_reason": "TOOL_CALL", "usage": {"billed_units": {"input_tokens": 5, "output_tokens": 5},
            "tokens": {"input_tokens": 9, "output_tokens": 5}, "cached_tokens": 4}});
    assert_eq!(told(ANTHROPIC, D, &anthropic).unwrap(), expected);

    let ended = |reason: &str, sequence: Value| {
        let mut body = anthropic.clone();
        body["content"] = json!([]);
        body["stop_reason"] = json!(reason);
        body["stop_sequence"] = sequence;
        told(ANTHROPIC, D, &body).unwrap()
    };
    assert_eq!(ended("end_turn", json!(null))["finish_reason"], "COMPLETE");
    assert_eq!(
        ended("stop_sequence", json!("a"))["finish_reason"],
        "STOP_SEQUENCE"
    );
    assert_eq!(
        ended("max_tokens", json!(null))["finish_reason"],
        "MAX_TOKENS"
    );
    let filtered = ended("refusal", json!(null));
    assert_eq!(filtered["finish_reason"], "ERROR");
    assert_eq!(filtered["message"]["content"], json!([]));
}

#[test]
fn what_is_no_answer_is_a_fault_without_the_providers_words() {
    let message = json!({"content": [{"type": "text", "text": "sk-1"}]});
    let broken = json!({"tool_calls": [call("{\"a\":")]});
    for (body, kind) in [
        (json!({"id": "x", "message": "sk-1"}), FaultKind::BadGateway),
        (json!({"id": "x"}), FaultKind::BadGateway),
        (answer(&message, "ERROR"), FaultKind::BadGateway),
        (answer(&message, "TIMEOUT"), FaultKind::Timeout),
        (answer(&broken, "TOOL_CALL"), FaultKind::BadGateway),
        (
            answer(&json!({"tool_calls": [{"id": 1}]}), "TOOL_CALL"),
            FaultKind::BadGateway,
        ),
    ] {
        let fault = told(D, CHAT, &body).unwrap_err();
        assert_eq!(fault.kind(), kind, "{body}");
        assert!(!fault.message().contains("sk-1"));
    }
    // A call that ran into the limit is none.
    let cut = told(D, CHAT, &answer(&broken, "MAX_TOKENS")).unwrap();
    assert_eq!(cut["choices"][0]["message"].get("tool_calls"), None);
}

#[test]
fn clients_know_our_faults() {
    let fault = Fault::new(FaultKind::ContextLength, "too long");
    let (status, body) = fault::render(D, &fault, Some("r-1"));
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(status.as_u16(), 400);
    let expected = json!({"id": "r-1", "message": "too long", "error_type": "TOO_MANY_TOKENS"});
    assert_eq!(body, expected);
    let (status, body) = fault::render(D, &Fault::new(FaultKind::NotFound, "gone"), None);
    assert_eq!(
        (status.as_u16(), &*body),
        (404, &b"{\"message\":\"gone\"}"[..])
    );
}
