//! What Gemini signed comes home to it, whoever its client is.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use towerman_core::Dialect;
use towerman_wire::translate::{self, Gather, Options};

const GEMINI: Dialect = Dialect::Gemini;

/// A call that is signed, one that is not, and a text that is signed before both.
fn answer() -> Value {
    let parts = json!([
        {"text": "Let me see.", "thoughtSignature": "VEVYVA=="},
        {"functionCall": {"id": "a", "name": "w", "args": {"c": 1}}, "thoughtSignature": "Q0FMTA=="},
        {"functionCall": {"id": "b", "name": "v", "args": {}}},
    ]);
    json!({
        "candidates": [{"content": {"parts": parts, "role": "model"}, "finishReason": "STOP", "index": 0}],
        "modelVersion": "m", "responseId": "r",
    })
}

/// The client's next request, with the answer as it was told in the history.
fn next(client: Dialect, told: &Value) -> Value {
    match client {
        Dialect::Anthropic => {
            let result = |id| json!({"type": "tool_result", "tool_use_id": id, "content": "ok"});
            json!({"model": "m", "max_tokens": 9, "messages": [
                {"role": "user", "content": "?"},
                {"role": "assistant", "content": told["content"]},
                {"role": "user", "content": [result("a"), result("b")]},
            ]})
        }
        Dialect::BedrockConverse => {
            let result = |id| json!({"toolResult": {"toolUseId": id, "content": [{"text": "ok"}]}});
            json!({"messages": [
                {"role": "user", "content": [{"text": "?"}]},
                told["output"]["message"],
                {"role": "user", "content": [result("a"), result("b")]},
            ]})
        }
        Dialect::OpenAiResponses => {
            let result =
                |id| json!({"type": "function_call_output", "call_id": id, "output": "ok"});
            let mut input = vec![json!({"role": "user", "content": "?"})];
            input.extend(told["output"].as_array().unwrap().iter().cloned());
            input.extend([result("a"), result("b")]);
            json!({"model": "m", "input": input})
        }
        _ => {
            let result = |id| json!({"role": "tool", "tool_call_id": id, "content": "ok"});
            json!({"model": "m", "messages": [
                {"role": "user", "content": "?"},
                told["choices"][0]["message"],
                result("a"),
                result("b"),
            ]})
        }
    }
}

/// The model's parts as they come back.
fn home(client: Dialect, told: &Value) -> Value {
    let body = next(client, told).to_string();
    let back = translate::request(client, GEMINI, body.as_bytes(), "m").unwrap();
    let back: Value = serde_json::from_slice(&back.body).unwrap();
    back["contents"][1]["parts"].clone()
}

const CLIENTS: [Dialect; 4] = [
    Dialect::Anthropic,
    Dialect::BedrockConverse,
    Dialect::OpenAiResponses,
    Dialect::OpenAiChat,
];

#[test]
fn a_signed_call_comes_home_from_a_whole_answer() {
    for client in CLIENTS {
        let body = answer().to_string();
        let told = translate::response(GEMINI, client, body.as_bytes(), &Options::default());
        let told: Value = serde_json::from_slice(&told.unwrap()).unwrap();
        holds(client, &home(client, &told));
    }
}

#[test]
fn a_signed_call_comes_home_from_a_stream() {
    for client in CLIENTS {
        let event = format!("data: {}\n\n", answer());
        let mut stream = translate::Stream::new(GEMINI, client, &Options::default());
        let mut told = Vec::new();
        stream.push(event.as_bytes(), &mut told);
        stream.finish(&mut told);
        // A client of its own dialect puts it together.
        let mut gather = Gather::new(client, client, &Options::default());
        gather.push(&told).unwrap();
        let told: Value = serde_json::from_slice(&gather.finish().unwrap()).unwrap();
        holds(client, &home(client, &told));
    }
}

fn holds(client: Dialect, parts: &Value) {
    let calls = parts.as_array().unwrap().iter();
    let calls = calls.filter(|part| part["functionCall"].is_object());
    let signatures: Vec<_> = calls.map(|part| &part["thoughtSignature"]).collect();
    assert_eq!(
        signatures,
        [&json!("Q0FMTA=="), &Value::Null],
        "{client}: {parts}"
    );
    let text = parts.as_array().unwrap().iter();
    let mut text = text.filter(|part| part["text"] == "Let me see.");
    let signature = &text.next().unwrap()["thoughtSignature"];
    // OpenAI's chat dialect does not say where among the text a proof stood.
    if client != Dialect::OpenAiChat {
        assert_eq!(signature, "VEVYVA==", "{client}: {parts}");
    }
}

#[test]
fn another_provider_hears_of_no_signature() {
    let body = answer().to_string();
    let told = translate::response(
        GEMINI,
        Dialect::Anthropic,
        body.as_bytes(),
        &Options::default(),
    );
    let told: Value = serde_json::from_slice(&told.unwrap()).unwrap();
    let body = next(Dialect::Anthropic, &told).to_string();
    for to in Dialect::ALL.into_iter().filter(|to| *to != GEMINI) {
        let Ok(sent) = translate::request(Dialect::Anthropic, to, body.as_bytes(), "m") else {
            assert_eq!(to, Dialect::OpenAiCompletions);
            continue;
        };
        let sent = String::from_utf8_lossy(&sent.body).into_owned();
        for secret in ["Q0FMTA", "VEVYVA", "tm1."] {
            let carried = to == Dialect::OpenAiChat && secret != "tm1.";
            assert!(carried || !sent.contains(secret), "{to}: {sent}");
        }
    }
}
