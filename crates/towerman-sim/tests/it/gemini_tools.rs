//! Tools and thoughts in the Gemini dialect.

use crate::{
    common::{ask, send},
    native::events,
};
use serde_json::{Value, json};
use towerman_sim::{Dialect, Sim};

fn sim() -> Sim {
    Sim::gemini("alpha").build()
}

fn tools() -> Value {
    json!([{"functionDeclarations": [
        {"name": "weather", "parameters": {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]}},
        {"name": "time", "parametersJsonSchema": {"type": "object", "additionalProperties": false}},
    ]}])
}

fn body(text: &str) -> Value {
    json!({"tools": tools(), "contents": [{"role": "user", "parts": [{"text": text}]}]})
}

#[tokio::test]
async fn calls_come_whole_and_side_by_side() {
    let mut body = body(r#"say:"Let me see." tool:weather {"city": "Zürich"} tool:time {}"#);
    let whole = send(&sim(), &body).await.json();
    let candidate = &whole["candidates"][0];
    assert_eq!(
        candidate["content"]["parts"],
        json!([{"text": "Let me see."}, {"functionCall": {"name": "weather", "args": {"city": "Zürich"}}},
            {"functionCall": {"name": "time", "args": {}}}])
    );
    // The finish reason does not tell.
    assert_eq!(candidate["finishReason"], "STOP");

    body["stream"] = json!(true);
    let sim = sim();
    let events = events(Dialect::Gemini, &send(&sim, &body).await.bytes);
    let calls: Vec<_> = events
        .iter()
        .map(|event| &event.data["candidates"][0]["content"]["parts"][0]["functionCall"])
        .filter(|call| call.is_object())
        .collect();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0]["args"], json!({"city": "Zürich"}));
    let usage = &events.last().unwrap().data["usageMetadata"];
    assert_eq!(usage["candidatesTokenCount"], sim.book().totals().output);
    assert_eq!(usage, &whole["usageMetadata"]);
}

#[tokio::test]
async fn modes_force_and_forbid() {
    let call = |config: Value| async move {
        let mut body = body("tool:time {}");
        body["toolConfig"] = json!({"functionCallingConfig": config});
        let reply = send(&sim(), &body).await.json();
        reply["candidates"][0]["content"]["parts"][0]["functionCall"].clone()
    };
    assert_eq!(call(json!({"mode": "AUTO"})).await["name"], "time");
    assert_eq!(call(json!({"mode": "VALIDATED"})).await["name"], "time");
    assert_eq!(call(json!({"mode": "NONE"})).await, Value::Null);
    let forced = json!({"mode": "ANY", "allowedFunctionNames": ["weather"]});
    assert_eq!(
        call(forced).await,
        json!({"name": "weather", "args": {"city": ""}})
    );
}

/// The model called a function, and the user says this next.
fn turn(call: &Value, results: &[Value]) -> Value {
    let mut body = body("tool:time {}");
    let contents = body["contents"].as_array_mut().unwrap();
    contents.push(json!({"role": "model", "parts": [call]}));
    contents.push(json!({"role": "user", "parts": results}));
    body
}

fn response(result: &Value) -> Value {
    json!({"functionResponse": {"name": "time", "response": result}})
}

#[tokio::test]
async fn results_are_quoted_and_counted() {
    let called = json!({"functionCall": {"name": "time", "args": {}}});
    for (result, said) in [
        (json!({"output": "noon"}), "noon"),
        (json!({"h": 12}), r#"{"h":12}"#),
    ] {
        let reply = send(&sim(), &turn(&called, &[response(&result)]))
            .await
            .json();
        let text = reply["candidates"][0]["content"]["parts"][0]["text"].clone();
        assert_eq!(text, format!("[alpha] the tool said: {said}"));
    }
    let noon = response(&json!({"output": "noon"}));
    for (call, results) in [
        (called.clone(), vec![json!({"text": "never mind"})]),
        (called.clone(), vec![noon.clone(), noon.clone()]),
        (json!({"text": "no call"}), vec![noon.clone()]),
        (called, vec![response(&json!("noon"))]),
    ] {
        let refused = send(&sim(), &turn(&call, &results)).await;
        assert_eq!(refused.status, 400, "{:?}", refused.json());
        assert_eq!(refused.json()["error"]["status"], "INVALID_ARGUMENT");
    }
}

#[tokio::test]
async fn a_call_of_the_current_turn_keeps_its_signature() {
    let sim = Sim::gemini("alpha").thinking().build();
    let reply = send(&sim, &body(r#"tool:weather {"city":"x"} tool:time {}"#))
        .await
        .json();
    let parts = reply["candidates"][0]["content"]["parts"].clone();
    let signature = &parts[0]["thoughtSignature"];
    assert!(signature.is_string() && parts[0]["functionCall"]["id"].is_string());
    assert!(parts[1].get("thoughtSignature").is_none());
    assert_eq!(reply["usageMetadata"]["thoughtsTokenCount"], 8);

    let with = |signature: Value| {
        let mut call = json!({"functionCall": {"name": "time", "args": {}}});
        if !signature.is_null() {
            call["thoughtSignature"] = signature;
        }
        turn(&call, &[response(&json!({"output": "noon"}))])
    };
    let status = async |sim: &Sim, body: &Value| send(sim, body).await.status.as_u16();
    assert_eq!(status(&sim, &with(signature.clone())).await, 200);
    assert_eq!(
        status(&sim, &with(json!("skip_thought_signature_validator"))).await,
        200
    );
    let refused = send(&sim, &with(Value::Null)).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["error"]["status"]),
        (400, &json!("INVALID_ARGUMENT"))
    );
    let words = refused.json()["error"]["message"].to_string();
    assert!(words.contains("missing a thought_signature") && words.contains("default_api:time"));
    // Another provider's is no better than none; and who does not think does not ask.
    let other = Sim::gemini("beta").thinking().build();
    assert_eq!(status(&other, &with(signature.clone())).await, 400);
    assert_eq!(status(&self::sim(), &with(Value::Null)).await, 200);

    // A turn that is over is not looked at.
    let mut later = with(Value::Null);
    let contents = later["contents"].as_array_mut().unwrap();
    contents.push(json!({"role": "model", "parts": [{"text": "It is noon."}]}));
    contents.push(json!({"role": "user", "parts": [{"text": "thanks"}]}));
    assert_eq!(status(&sim, &later).await, 200);
}

#[tokio::test]
async fn thoughts_are_shown_hidden_or_not_had() {
    let sim = Sim::gemini("alpha").thinking().build();
    for stream in [false, true] {
        for (config, shown, tokens) in [
            (json!({"includeThoughts": true}), true, 8),
            (json!({"thinkingLevel": "HIGH"}), false, 8),
            (
                json!({"thinkingBudget": 0, "includeThoughts": true}),
                false,
                0,
            ),
        ] {
            let mut body = json!({"contents": [{"role": "user", "parts": [{"text": "say:\"done\""}]}], "stream": stream});
            body["generationConfig"] = json!({"thinkingConfig": config});
            let reply = send(&sim, &body).await;
            let told: Vec<Value> = if stream {
                events(Dialect::Gemini, &reply.bytes)
                    .into_iter()
                    .map(|event| event.data)
                    .collect()
            } else {
                vec![reply.json()]
            };
            let parts: Vec<_> = told
                .iter()
                .flat_map(|event| {
                    event["candidates"][0]["content"]["parts"]
                        .as_array()
                        .unwrap()
                        .clone()
                })
                .collect();
            let said = |thought: bool| -> String {
                let parts = parts
                    .iter()
                    .filter(|part| (part["thought"] == true) == thought);
                parts.map(|part| part["text"].as_str().unwrap()).collect()
            };
            assert_eq!(
                (said(false).as_str(), !said(true).is_empty()),
                ("done", shown)
            );
            let usage = &told.last().unwrap()["usageMetadata"];
            assert_eq!(usage["thoughtsTokenCount"].as_u64().unwrap_or(0), tokens);
            // Thoughts are not among the candidates' tokens.
            assert_eq!(usage["candidatesTokenCount"], 1);
            assert_eq!(
                usage["totalTokenCount"].as_u64().unwrap(),
                usage["promptTokenCount"].as_u64().unwrap() + 1 + tokens
            );
            assert_eq!(sim.book().lines().last().unwrap().output, 1 + tokens);
            assert!(parts.last().unwrap()["thoughtSignature"].is_string());
        }
    }
    let mut both = ask("hi", false);
    both.as_object_mut().unwrap().remove("messages");
    both["contents"] = json!([{"parts": [{"text": "hi"}]}]);
    both.as_object_mut().unwrap().remove("max_tokens");
    both["generationConfig"] =
        json!({"thinkingConfig": {"thinkingBudget": 5, "thinkingLevel": "LOW"}});
    assert_eq!(send(&sim, &both).await.status, 400);
}
