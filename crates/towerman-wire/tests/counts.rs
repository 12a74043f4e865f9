//! The size of a prompt, asked of another dialect.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod recorded_support;

use recorded_support::files;
use serde_json::{Value, json};
use towerman_core::{Dialect, FaultKind};
use towerman_wire::{counts, translate::Job};

const CLAUDE: Dialect = Dialect::Anthropic;
const GEMINI: Dialect = Dialect::Gemini;

fn told(from: Dialect, to: Dialect, body: &Value) -> Result<Value, towerman_core::Fault> {
    let (body, _) = counts::request(&Job::new(from, to, "there"), body.to_string().as_bytes())?;
    Ok(serde_json::from_slice(&body).unwrap())
}

#[test]
fn the_whole_prompt_goes_and_nothing_else() {
    let tool = json!({"name": "look", "input_schema": {"type": "object", "properties": {}}});
    let ask = json!({"model": "m", "system": "Be brief.", "tools": [tool],
        "messages": [{"role": "user", "content": "Hi"}]});
    let gemini = told(CLAUDE, GEMINI, &ask).unwrap();
    let inner = &gemini["generateContentRequest"];
    assert_eq!(inner["model"], "models/there");
    assert_eq!(inner["contents"][0]["parts"][0]["text"], "Hi");
    assert_eq!(inner["systemInstruction"]["parts"][0]["text"], "Be brief.");
    assert_eq!(inner["tools"][0]["functionDeclarations"][0]["name"], "look");
    assert!(gemini.get("contents").is_none(), "{gemini}");

    let wrapped = json!({"generateContentRequest": {"model": "models/m", "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "generationConfig": {"temperature": 1.5, "maxOutputTokens": 7, "responseMimeType": "application/json"}}});
    let claude = told(GEMINI, CLAUDE, &wrapped).unwrap();
    let keys: Vec<_> = claude.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["messages", "model", "system"], "{claude}");
    let plain = json!({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]});
    let claude = told(GEMINI, CLAUDE, &plain).unwrap();
    assert_eq!(claude["messages"][0]["content"][0]["text"], "Hi");
}

#[test]
fn what_cannot_be_said_is_refused_by_its_place() {
    let file = json!({"type": "image", "source": {"type": "file", "file_id": "f"}});
    let ask = json!({"model": "m", "messages": [{"role": "user", "content": [file]}]});
    let fault = told(CLAUDE, GEMINI, &ask).unwrap_err();
    assert_eq!(fault.kind(), FaultKind::InvalidRequest);
    assert_eq!(
        fault.named_param(),
        Some("/messages/0/content/0/source/type")
    );
    let wrapped = json!({"generateContentRequest": {"contents": [{"parts": [{"text": 7}]}]}});
    let fault = told(GEMINI, CLAUDE, &wrapped).unwrap_err();
    let at = fault.named_param().unwrap();
    assert!(
        at.starts_with("/generateContentRequest/contents/0/parts/0"),
        "{at}"
    );
    for name in ["generateContentRequest", "generate_content_request"] {
        let contents = json!([{"role": "user", "parts": [{"text": "Hi"}]}]);
        let kept = json!({name: {"contents": contents, "cachedContent": "c"}});
        let fault = told(GEMINI, CLAUDE, &kept).unwrap_err();
        let at = format!("/{name}/cachedContent");
        assert_eq!(fault.named_param(), Some(&*at), "{fault}");
        assert!(fault.message().starts_with(&at), "{fault}");
    }
    assert!(told(CLAUDE, Dialect::Cohere, &ask).is_err());
    assert!(counts::translates(CLAUDE, GEMINI) && !counts::translates(CLAUDE, Dialect::Ollama));
}

#[test]
fn a_number_stays_that_number() {
    let told = |from, to, body: &str| counts::response(from, to, body.as_bytes());
    let gemini = told(
        GEMINI,
        CLAUDE,
        r#"{"totalTokens":31,"promptTokensDetails":[]}"#,
    )
    .unwrap();
    assert_eq!(gemini, r#"{"input_tokens":31}"#);
    let claude = told(CLAUDE, GEMINI, r#"{"input_tokens":14}"#).unwrap();
    assert_eq!(claude, r#"{"totalTokens":14}"#);
    for body in [
        "{}",
        "[]",
        r#"{"input_tokens":"14"}"#,
        r#"{"input_tokens":-1}"#,
        "<html>",
    ] {
        let fault = told(CLAUDE, GEMINI, body).unwrap_err();
        assert_eq!(fault.kind(), FaultKind::BadGateway, "{body}");
    }
}

#[test]
fn recorded_counts_can_be_asked_of_gemini() {
    for (name, exchange) in files("anthropic-count-tokens") {
        let (ask, answer) = (&exchange["request"]["body"], &exchange["response"]["body"]);
        match told(CLAUDE, GEMINI, ask) {
            Ok(told) => assert!(
                told["generateContentRequest"]["contents"].is_array(),
                "{name}"
            ),
            Err(fault) => assert!(
                fault.named_param().is_some_and(|at| at.starts_with('/')),
                "{name}: {fault}"
            ),
        }
        if let Some(tokens) = answer["input_tokens"].as_u64() {
            let told = counts::response(CLAUDE, GEMINI, answer.to_string().as_bytes()).unwrap();
            let told: Value = serde_json::from_slice(&told).unwrap();
            assert_eq!(told["totalTokens"], tokens, "{name}");
        }
    }
}
