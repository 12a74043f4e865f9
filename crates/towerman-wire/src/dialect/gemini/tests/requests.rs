//! Requests, both ways.

use serde_json::json;
use towerman_core::{Dialect, Fault, Tier};

use super::{super::Codec, D, Value, json};
use crate::{
    dialect::Codec as _,
    neutral::{Input, Kind, Notes, Role, ToolChoice, check},
    translate::{self, Translated},
};

fn to(from: Dialect, body: &Value) -> Result<Translated, Fault> {
    translate::request(from, D, body.to_string().as_bytes(), "m")
}

fn written(from: Dialect, body: &Value) -> (Value, Vec<String>) {
    let told = to(from, body).unwrap();
    let losses = told.losses.list().iter();
    let losses = losses.map(|loss| format!("{:?} {}", loss.tier, loss.pointer));
    let losses = losses.collect();
    (serde_json::from_slice(&told.body).unwrap(), losses)
}

#[test]
fn a_chat_becomes_contents() {
    let (body, losses) = written(
        Dialect::OpenAiChat,
        &json!({
            "model": "x",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [
                    {"type": "text", "text": "Look"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                    {"type": "image_url", "image_url": {"url": "https://a/b.webp?x=1"}},
                ]},
                {"role": "assistant", "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"b\":1,\"a\":2}"}},
                    {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
                ]},
                {"role": "tool", "tool_call_id": "c2", "content": "{\"z\":1}"},
                {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
                {"role": "user", "content": "And?"},
            ],
            "tools": [{"type": "function", "function": {
                "name": "f", "description": "d", "parameters": {"type": "object", "properties": {"b": {}, "a": {}}},
            }}],
            "tool_choice": {"type": "function", "function": {"name": "f"}},
            "max_completion_tokens": 9,
            "temperature": 0.5,
            "seed": -3,
            "stop": ["a", "b"],
            "reasoning_effort": "low",
            "response_format": {"type": "json_object"},
        }),
    );
    assert_eq!(
        body,
        json!({
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "contents": [
                {"role": "user", "parts": [
                    {"text": "Look"},
                    {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
                    {"fileData": {"fileUri": "https://a/b.webp?x=1", "mimeType": "image/webp"}},
                ]},
                {"role": "model", "parts": [
                    {"functionCall": {"id": "c1", "name": "f", "args": {"b": 1, "a": 2}},
                     "thoughtSignature": "skip_thought_signature_validator"},
                    {"functionCall": {"id": "c2", "name": "g", "args": {}}},
                ]},
                {"role": "user", "parts": [
                    {"functionResponse": {"id": "c2", "name": "g", "response": {"z": 1}}},
                    {"functionResponse": {"id": "c1", "name": "f", "response": {"output": "sunny"}}},
                    {"text": "And?"},
                ]},
            ],
            "tools": [{"functionDeclarations": [{
                "name": "f", "description": "d",
                "parametersJsonSchema": {"type": "object", "properties": {"b": {}, "a": {}}},
            }]}],
            "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
            "generationConfig": {
                "maxOutputTokens": 9, "temperature": 0.5, "seed": -3, "stopSequences": ["a", "b"],
                "responseMimeType": "application/json",
                "thinkingConfig": {"thinkingLevel": "LOW"},
            },
        })
    );
    assert_eq!(
        losses,
        [
            "Mapped /messages/1/content/2/image_url",
            "Mapped /messages/2/tool_calls/0"
        ]
    );
}

#[test]
fn the_order_of_keys_is_kept() {
    let body = r#"{"contents":[{"role":"user","parts":[{"text":"x"}]}],"tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"z":1, "a":2}}]}]}"#;
    let told = translate::request(D, D, body.as_bytes(), "m").unwrap();
    assert_eq!(std::str::from_utf8(&told.body).unwrap(), body);
}

#[test]
fn an_error_and_texts_of_an_anthropic_result_are_one_object() {
    let (body, losses) = written(
        Dialect::Anthropic,
        &json!({
            "model": "x", "max_tokens": 5,
            "thinking": {"type": "enabled", "budget_tokens": 2048},
            "messages": [
                {"role": "user", "content": "x"},
                {"role": "assistant", "content": [
                    {"type": "thinking", "thinking": "hm", "signature": "anthropic's"},
                    {"type": "tool_use", "id": "t1", "name": "f", "input": {}},
                    {"type": "tool_use", "id": "t2", "name": "f", "input": {}},
                ]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "t1", "is_error": true, "content": "no"},
                    {"type": "tool_result", "tool_use_id": "t2", "content": [
                        {"type": "text", "text": "a"}, {"type": "text", "text": "b"},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}},
                    ]},
                ]},
            ],
        }),
    );
    assert_eq!(
        body["contents"][2]["parts"],
        json!([
            {"functionResponse": {"id": "t1", "name": "f", "response": {"error": "no"}}},
            {"functionResponse": {"id": "t2", "name": "f", "response": {"output": "a\nb"},
             "parts": [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]}},
        ])
    );
    assert_eq!(
        body["generationConfig"],
        json!({"maxOutputTokens": 5, "thinkingConfig": {"thinkingBudget": 2048}})
    );
    assert_eq!(body["contents"][1]["parts"].as_array().unwrap().len(), 2);
    assert!(losses.contains(&"Dropped /messages/1/content/0".to_owned()));
}

#[test]
fn its_own_seals_come_home_and_others_stay_away() {
    let call = |signature: &str| {
        json!({"model": "x", "messages": [
            {"role": "user", "content": "x"},
            {"role": "assistant", "tool_calls": [{
                "id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"},
                "extra_content": {"google": {"thought_signature": signature}},
            }]},
            {"role": "tool", "tool_call_id": "c1", "content": ""},
        ]})
    };
    let (body, losses) = written(Dialect::OpenAiChat, &call("sig"));
    assert_eq!(body["contents"][1]["parts"][0]["thoughtSignature"], "sig");
    assert!(losses.is_empty(), "{losses:?}");
    let (body, _) = written(
        Dialect::Anthropic,
        &json!({"model": "x", "max_tokens": 5, "messages": [
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "tm1.gemini.s.sig"},
                {"type": "text", "text": "yes"},
                {"type": "thinking", "thinking": "", "signature": "tm1.gemini.s.end"},
            ]},
            {"role": "user", "content": "x"},
        ]}),
    );
    assert_eq!(
        body["contents"][1]["parts"][0],
        json!({"text": "hm", "thought": true, "thoughtSignature": "sig"})
    );
}

#[test]
fn more_stop_sequences_than_it_takes_are_cut_here() {
    let body = json!({
        "model": "x", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}],
        "stop_sequences": ["1", "2", "3", "4", "5", "6", "7"],
    });
    let told = to(Dialect::Anthropic, &body).unwrap();
    assert_eq!(told.cut, ["6", "7"]);
    let body: Value = serde_json::from_slice(&told.body).unwrap();
    let stop = &body["generationConfig"]["stopSequences"];
    assert_eq!(stop, &json!(["1", "2", "3", "4", "5"]));
}

#[test]
fn what_it_cannot_say_is_refused_where_it_stands() {
    for (more, at) in [
        (json!({"logprobs": true}), "/logprobs"),
        (json!({"logit_bias": {"1": 2}}), "/logit_bias"),
        (
            json!({"messages": [{"role": "user", "content": [
                {"type": "image_url", "image_url": {"url": "https://a/b"}}]}]}),
            "/messages/0/content/0/image_url",
        ),
        (
            json!({"tools": [{"type": "custom", "custom": {"name": "f"}}]}),
            "/tools/0",
        ),
    ] {
        let mut body = json!({"model": "x", "messages": [{"role": "user", "content": "x"}]});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let fault = to(Dialect::OpenAiChat, &body).unwrap_err();
        assert_eq!(fault.named_param(), Some(at), "{fault}");
    }
}

#[test]
fn calls_without_ids_are_matched_by_name_and_order() {
    let body = r#"{"contents":[
        {"parts":[{"text":"x"}]},
        {"role":"model","parts":[
            {"functionCall":{"name":"f","args":{"n":1}}},
            {"functionCall":{"name":"g"}},
            {"function_call":{"name":"f","args":{"n":2},"id":"mine"}}]},
        {"role":"function","parts":[
            {"functionResponse":{"name":"f","id":"mine","response":{"r":2}}},
            {"functionResponse":{"name":"g","response":{"error":"no"}}},
            {"function_response":{"name":"f","response":{"r":1}}}]}
    ]}"#;
    let mut request = Codec.read_request(body, &mut Notes::default()).unwrap();
    check(&mut request, "/contents", false).unwrap();
    let calls: Vec<_> = request.turns[1]
        .parts
        .iter()
        .filter_map(|part| match &part.kind {
            Kind::Call(call) => Some((call.id.clone(), call.input.clone())),
            _ => None,
        })
        .collect();
    let results: Vec<_> = request.turns[2]
        .parts
        .iter()
        .filter_map(|part| match &part.kind {
            Kind::Result(result) => Some((result.id.clone(), result.error)),
            _ => None,
        })
        .collect();
    assert_eq!(calls[2].0, "mine");
    assert!(matches!(&calls[1].1, Input::Object(raw) if raw.get() == "{}"));
    let of = |i: usize| calls[i].0.clone();
    assert_eq!(results, [(of(2), false), (of(1), true), (of(0), false)]);
    // Ids that were made up are not told to Gemini itself.
    let told = translate::request(D, D, body.as_bytes(), "m").unwrap();
    let told = std::str::from_utf8(&told.body).unwrap();
    assert!(!told.contains("call_"), "{told}");
    // A chat has them, and they are the same each time.
    let chat = translate::request(D, Dialect::OpenAiChat, body.as_bytes(), "m").unwrap();
    let chat: Value = serde_json::from_slice(&chat.body).unwrap();
    assert_eq!(chat["messages"][1]["tool_calls"][0]["id"], *of(0));
    assert_eq!(chat["messages"][4]["tool_call_id"], *of(0));
}

#[test]
fn settings_are_read_in_either_spelling() {
    let camel = json!({
        "contents": {"role": "user", "parts": {"text": "x"}},
        "systemInstruction": {"parts": {"text": "s"}},
        "generationConfig": {
            "maxOutputTokens": 7, "topP": 0.5, "topK": 40.0, "candidateCount": 2,
            "stopSequences": ["x"], "presencePenalty": 1, "frequencyPenalty": 2,
            "responseMimeType": "application/json",
            "responseSchema": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}},
            "thinkingConfig": {"thinkingBudget": -1, "includeThoughts": true},
        },
        "toolConfig": {"functionCallingConfig": {"mode": "auto", "allowedFunctionNames": ["f"]}},
    });
    let snake = json!({
        "contents": {"role": "user", "parts": {"text": "x"}},
        "system_instruction": {"parts": {"text": "s"}},
        "generation_config": {
            "max_output_tokens": 7, "top_p": 0.5, "top_k": 40.0, "candidate_count": 2,
            "stop_sequences": ["x"], "presence_penalty": 1, "frequency_penalty": 2,
            "response_mime_type": "application/json",
            "response_schema": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}},
            "thinking_config": {"thinking_budget": -1, "include_thoughts": true},
        },
        "tool_config": {"function_calling_config": {"mode": "AUTO", "allowed_function_names": ["f"]}},
    });
    for (body, count) in [
        (camel, "/generationConfig/candidateCount"),
        (snake, "/generation_config/candidate_count"),
    ] {
        let body = body.to_string();
        let request = Codec.read_request(&body, &mut Notes::default()).unwrap();
        assert_eq!(request.turns[0].role, Role::User);
        assert_eq!(request.system.len(), 1);
        let sampling = &request.sampling;
        assert_eq!(sampling.max_output.unwrap().value, 7);
        assert_eq!(sampling.top_k.unwrap().value, 40);
        assert_eq!(sampling.n.unwrap().value, 2);
        assert_eq!(sampling.stop.as_ref().unwrap().value.len(), 1);
        let reasoning = request.reasoning.unwrap();
        assert_eq!(reasoning.value.budget, Some(-1));
        assert_eq!(
            reasoning.at,
            "/generationConfig/thinkingConfig/thinkingBudget"
        );
        assert!(matches!(
            request.choice.unwrap().value,
            ToolChoice::AutoOf(_)
        ));
        assert!(request.rest.0.is_empty() && request.bound.is_empty());
        let chat = translate::request(D, Dialect::Anthropic, body.as_bytes(), "m");
        let fault = chat.unwrap_err();
        // As the client spelt it.
        assert_eq!(fault.named_param(), Some(count));
    }
}

#[test]
fn schemas_are_plain_for_others() {
    let body = json(
        r#"{"contents":[{"parts":[{"text":"x"}]}],
        "tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"b":{"type":"STRING"},"a":{"type":"NUMBER"}}}}]}],
        "generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"ARRAY","items":{"type":"STRING"}}}}"#,
    )
    .to_string();
    let told = translate::request(D, Dialect::OpenAiChat, body.as_bytes(), "m").unwrap();
    let chat: Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!(
        chat["tools"][0]["function"]["parameters"]["properties"]["a"],
        json!({"type": "number"})
    );
    assert_eq!(
        chat["response_format"]["json_schema"]["schema"],
        json!({"type": "array", "items": {"type": "string"}})
    );
    assert_eq!(told.losses.count(Tier::Dropped), 0);
}

#[test]
fn what_only_gemini_knows_goes_to_nobody_else() {
    let plain = json!({"contents": [{"role": "user", "parts": [{"text": "x"}]}]});
    for (more, at) in [
        (
            json!({"cachedContent": "cachedContents/1"}),
            "/cachedContent",
        ),
        (
            json!({"cached_content": "cachedContents/1"}),
            "/cached_content",
        ),
        (json!({"tools": [{"googleSearch": {}}]}), "/tools/0"),
        (
            json!({"tools": [{"googleSearch": {}, "functionDeclarations": [{"name": "f"}]}]}),
            "/tools/0",
        ),
        (
            json!({"generationConfig": {"responseModalities": ["TEXT", "IMAGE"]}}),
            "/generationConfig/responseModalities",
        ),
        (
            json!({"generationConfig": {"responseMimeType": "text/x.enum", "responseSchema": {}}}),
            "/generationConfig/responseMimeType",
        ),
        (
            json!({"generationConfig": {"responseLogprobs": true, "logprobs": 3}}),
            "/generationConfig/logprobs",
        ),
        (
            json!({"contents": [{"role": "user", "parts": [{"executableCode": {"code": "1"}}]}]}),
            "/contents/0/parts/0",
        ),
        (
            json!({"contents": [{"role": "user", "parts": [
                {"fileData": {"fileUri": "gs://a/b.png", "mimeType": "image/png"}}]}]}),
            "/contents/0/parts/0",
        ),
    ] {
        let mut body = plain.clone();
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let text = body.to_string();
        let to = Dialect::OpenAiResponses;
        let fault = translate::request(D, to, text.as_bytes(), "m").unwrap_err();
        assert_eq!(fault.named_param(), Some(at), "{fault}");
        let own = translate::request(D, D, text.as_bytes(), "m").unwrap();
        let own: Value = serde_json::from_slice(&own.body).unwrap();
        assert_eq!(own, body);
    }
}

#[test]
fn what_is_no_request_is_refused_where_it_stands() {
    for (body, at) in [
        (r#"{}"#, "/contents"),
        (r#"{"contents":7}"#, "/contents"),
        (r#"{"contents":[]}"#, "/contents"),
        (
            r#"{"contents":[{"role":"robot","parts":[]}]}"#,
            "/contents/0/role",
        ),
        (r#"{"contents":[{"parts":[{}]}]}"#, "/contents/0/parts/0"),
        (
            r#"{"contents":[{"parts":[{"text":7}]}]}"#,
            "/contents/0/parts/0/text",
        ),
        (
            r#"{"contents":[{"parts":[{"functionCall":{"name":"f"}}]}]}"#,
            "/contents/0/parts/0",
        ),
        (
            r#"{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f"}}]}]}"#,
            "/contents/0/parts/0",
        ),
        (
            r#"{"contents":[{"parts":[{"inlineData":{"data":"AA"}}]}]}"#,
            "/contents/0/parts/0/inlineData/mimeType",
        ),
        (
            r#"{"contents":[{"parts":[{"text":"x"}]}],"generationConfig":{"topK":1.5}}"#,
            "/generationConfig/topK",
        ),
        (
            r#"{"contents":[{"parts":[{"text":"x"}]}],"toolConfig":{"functionCallingConfig":{"mode":"OFTEN"}}}"#,
            "/toolConfig/functionCallingConfig/mode",
        ),
    ] {
        let fault = translate::request(D, Dialect::OpenAiChat, body.as_bytes(), "m").unwrap_err();
        assert_eq!(fault.named_param(), Some(at), "{body}: {fault}");
    }
}

#[test]
fn a_thought_that_was_told_in_pieces_is_one_again() {
    let body = json!({"contents": [
        {"role": "user", "parts": [{"text": "x"}]},
        {"role": "model", "parts": [
            {"text": "I th", "thought": true},
            {"text": "ink", "thought": true},
            {"text": "", "thought": true, "thoughtSignature": "tm1.anthropic.s.proof"},
            {"text": "yes"}]},
        {"role": "user", "parts": [{"text": "x"}]},
    ]});
    let told = translate::request(D, Dialect::Anthropic, body.to_string().as_bytes(), "m").unwrap();
    let told: Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!(
        told["messages"][1]["content"][0],
        json!({"type": "thinking", "thinking": "I think", "signature": "proof"})
    );
}

#[test]
fn results_of_one_name_answer_calls_in_order() {
    let body = json!({"contents": [
        {"role": "user", "parts": [{"text": "x"}]},
        {"role": "model", "parts": [
            {"functionCall": {"name": "f", "args": {"n": 1}}},
            {"functionCall": {"name": "f", "args": {"n": 2}}}]},
        {"role": "user", "parts": [
            {"functionResponse": {"name": "f", "response": {"n": 1}}},
            {"functionResponse": {"name": "f", "response": {"n": 2}}}]},
    ]});
    let to = Dialect::OpenAiChat;
    let told = translate::request(D, to, body.to_string().as_bytes(), "m").unwrap();
    let told: Value = serde_json::from_slice(&told.body).unwrap();
    let calls = &told["messages"][1]["tool_calls"];
    for i in 0..2 {
        let result = &told["messages"][2 + i];
        assert_eq!(result["tool_call_id"], calls[i]["id"]);
        assert_eq!(
            result["content"].as_str().unwrap(),
            calls[i]["function"]["arguments"].as_str().unwrap()
        );
    }
}
