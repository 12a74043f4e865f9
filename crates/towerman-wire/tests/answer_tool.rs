//! A schema for the answer, told as a tool where an endpoint knows no schemas.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use towerman_core::{Dialect, Schemas, Tier};
use towerman_wire::translate::{self, Gather, Job, Options, Stream, Translated};

const CHATS: [Dialect; 7] = [
    Dialect::OpenAiChat,
    Dialect::Anthropic,
    Dialect::OpenAiResponses,
    Dialect::Gemini,
    Dialect::BedrockConverse,
    Dialect::Cohere,
    Dialect::Ollama,
];

fn schema() -> Value {
    json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
        "additionalProperties": false})
}

fn ask(more: &Value) -> Value {
    let mut ask = json!({"model": "m", "messages": [{"role": "user", "content": "Where?"}],
        "response_format": {"type": "json_schema",
            "json_schema": {"name": "place", "schema": schema(), "strict": true}}});
    for (key, value) in more.as_object().unwrap() {
        ask[key] = value.clone();
    }
    ask
}

fn told(to: Dialect, ask: &Value) -> Result<(Value, Translated), towerman_core::Fault> {
    let job = Job {
        schemas: Schemas::Tool,
        ..Job::new(Dialect::OpenAiChat, to, "m")
    };
    let body = ask.to_string();
    let told = translate::translate(&job, body.as_bytes())?;
    Ok((serde_json::from_slice(&told.body).unwrap(), told))
}

fn tool(name: &str) -> Value {
    json!([{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}])
}

fn options(told: &Translated) -> Options {
    Options {
        answer_tool: told.answer_tool.clone(),
        include_usage: true,
        ..Options::default()
    }
}

#[test]
fn it_is_forced_where_there_are_no_other_tools() {
    let (body, told) = told(Dialect::Anthropic, &ask(&json!({}))).unwrap();
    assert_eq!(told.answer_tool.as_deref(), Some("json_answer"));
    assert_eq!(body["tools"][0]["input_schema"], schema());
    assert_eq!(body["tool_choice"]["name"], "json_answer");
    assert!(body.get("output_config").is_none(), "{body}");
    let losses = told.losses.list();
    assert_eq!(losses[0].tier, Tier::Mapped);
    assert_eq!(&*losses[0].pointer, "/response_format/json_schema");
}

#[test]
fn every_dialect_is_told() {
    for to in CHATS {
        let ask = ask(&json!({}));
        match told(to, &ask) {
            Ok((body, told)) => {
                let body = body.to_string();
                assert_eq!(told.answer_tool.as_deref(), Some("json_answer"), "{to:?}");
                assert!(body.contains("json_answer"), "{to:?}: {body}");
                assert!(body.contains(r#""city""#), "{to:?}: {body}");
            }
            // No call can be demanded there, and no host of this dialect lacks schemas.
            Err(fault) => {
                assert_eq!(to, Dialect::Ollama, "{fault}");
                assert_eq!(fault.named_param(), Some("/response_format/json_schema"));
            }
        }
    }
}

#[test]
fn a_client_of_the_same_dialect_is_no_exception() {
    for dialect in CHATS
        .into_iter()
        .filter(|dialect| *dialect != Dialect::Ollama)
    {
        let ask = ask(&json!({})).to_string();
        let native = Job::new(Dialect::OpenAiChat, dialect, "m");
        let native = translate::translate(&native, ask.as_bytes()).unwrap();
        let job = Job {
            schemas: Schemas::Tool,
            ..Job::new(dialect, dialect, "m")
        };
        assert!(translate::becomes_tool(&job, &native.body), "{dialect}");
        let told = translate::translate(&job, &native.body).unwrap();
        let body = String::from_utf8(told.body.to_vec()).unwrap();
        assert_eq!(
            told.answer_tool.as_deref(),
            Some("json_answer"),
            "{dialect}"
        );
        assert!(body.contains(r#""json_answer""#), "{dialect}: {body}");
        for word in [
            "json_schema",
            "responseSchema",
            "responseJsonSchema",
            "response_format",
            "outputConfig",
            "output_config",
        ] {
            assert!(!body.contains(word), "{dialect}: {body}");
        }
    }
}

#[test]
fn with_the_clients_own_tools_one_of_all_must_be_called() {
    let offered = json!({"tools": tool("json_answer")});
    let (body, told) = told(Dialect::OpenAiChat, &ask(&offered)).unwrap();
    assert_eq!(told.answer_tool.as_deref(), Some("json_answer_2"));
    assert_eq!(body["tools"][0], offered["tools"][0]);
    assert_eq!(body["tool_choice"], "required");
    assert!(body.get("response_format").is_none());
}

#[test]
fn who_may_call_nothing_answers_through_the_tool_alone() {
    let offered = json!({"tools": tool("look"), "tool_choice": "none"});
    let (body, _) = told(Dialect::OpenAiChat, &ask(&offered)).unwrap();
    assert_eq!(body["tool_choice"]["function"]["name"], "json_answer");
}

#[test]
fn a_call_that_the_client_demands_has_no_text_to_shape() {
    let offered = json!({"tools": tool("look"), "tool_choice": "required"});
    let (body, told) = told(Dialect::OpenAiChat, &ask(&offered)).unwrap();
    assert_eq!(told.answer_tool, None);
    assert_eq!(body["tools"], offered["tools"]);
    assert_eq!(told.losses.list()[0].tier, Tier::Dropped);
}

#[test]
fn what_is_no_object_is_refused() {
    for schema in [
        json!({"type": "array", "items": {}}),
        json!({"type": ["object", "null"]}),
        json!(true),
    ] {
        let format = json!({"type": "json_schema", "json_schema": {"name": "n", "schema": schema}});
        let fault = told(
            Dialect::Anthropic,
            &ask(&json!({"response_format": format})),
        )
        .unwrap_err();
        let at = fault.named_param().unwrap();
        assert!(at.starts_with("/response_format"), "{at}");
    }
}

#[test]
fn thinking_is_switched_off_where_a_tool_is_forced() {
    let body = json!({"model": "m", "max_tokens": 4000, "thinking": {"type": "enabled", "budget_tokens": 2000},
        "messages": [{"role": "user", "content": "Where?"}], "made_up": [1],
        "output_config": {"format": {"type": "json_schema", "schema": schema()}}});
    let job = Job {
        schemas: Schemas::Tool,
        ..Job::new(Dialect::Anthropic, Dialect::Anthropic, "m")
    };
    assert!(translate::becomes_tool(&job, body.to_string().as_bytes()));
    let told = translate::translate(&job, body.to_string().as_bytes()).unwrap();
    let told: Value = serde_json::from_slice(&told.body).unwrap();
    assert!(told.get("thinking").is_none(), "{told}");
    assert_eq!(told["made_up"], json!([1]));
}

#[test]
fn only_schemas_and_only_where_it_is_asked_for() {
    let plain = json!({"response_format": {"type": "json_object"}});
    let job = Job::new(Dialect::OpenAiChat, Dialect::OpenAiChat, "m");
    let tool = Job {
        schemas: Schemas::Tool,
        ..job
    };
    let is = |job: &Job<'_>, ask: &Value| translate::becomes_tool(job, ask.to_string().as_bytes());
    assert!(is(&tool, &ask(&json!({}))));
    assert!(!is(&job, &ask(&json!({}))));
    assert!(!is(&tool, &ask(&plain)));
    assert!(!translate::becomes_tool(&tool, b"\xff"));
    let (_, told) = told(Dialect::Anthropic, &ask(&plain)).unwrap();
    assert_eq!(told.answer_tool, None);
}

/// Claude's answers to such a request: a call of ours, and of the client's beside it.
fn whole(calls: &[(&str, &str)]) -> Value {
    let calls: Vec<_> = (0..)
        .zip(calls)
        .map(|(n, (name, city))| json!({"type": "tool_use", "id": format!("t{n}"), "name": name, "input": {"city": city}}))
        .collect();
    json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "c", "content": calls,
        "stop_reason": "tool_use", "stop_sequence": null, "usage": {"input_tokens": 1, "output_tokens": 1}})
}

fn heard(answer: &Value) -> Value {
    let (_, told) = told(Dialect::Anthropic, &ask(&json!({}))).unwrap();
    let (from, to) = (Dialect::Anthropic, Dialect::OpenAiChat);
    let body = answer.to_string();
    let heard = translate::response(from, to, body.as_bytes(), &options(&told)).unwrap();
    serde_json::from_slice(&heard).unwrap()
}

#[test]
fn its_input_is_the_answer() {
    let heard = heard(&whole(&[("json_answer", "Rome"), ("json_answer", "Oslo")]));
    let choice = &heard["choices"][0];
    assert_eq!(choice["message"]["content"], r#"{"city":"Rome"}"#);
    assert_eq!(choice["finish_reason"], "stop");
    assert!(choice["message"].get("tool_calls").is_none(), "{heard}");
}

#[test]
fn calls_of_the_clients_tools_stay_calls() {
    let heard = heard(&whole(&[("look", "Rome")]));
    let choice = &heard["choices"][0];
    assert_eq!(
        choice["message"]["tool_calls"][0]["function"]["name"],
        "look"
    );
    assert_eq!(choice["finish_reason"], "tool_calls");
}

fn streamed() -> String {
    let start = json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant",
        "model": "c", "content": [], "stop_reason": null, "usage": {"input_tokens": 1, "output_tokens": 1}}});
    let mut events = vec![("message_start", start)];
    for (index, city) in [(0, "Rome"), (1, "Oslo")] {
        let block = json!({"type": "tool_use", "id": format!("t{index}"), "name": "json_answer", "input": {}});
        events.push((
            "content_block_start",
            json!({"type": "content_block_start", "index": index, "content_block": block}),
        ));
        for piece in ["{\"city\":", &format!("\"{city}\"}}")] {
            let delta = json!({"type": "input_json_delta", "partial_json": piece});
            events.push((
                "content_block_delta",
                json!({"type": "content_block_delta", "index": index, "delta": delta}),
            ));
        }
        events.push((
            "content_block_stop",
            json!({"type": "content_block_stop", "index": index}),
        ));
    }
    events.push(("message_delta", json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 5}})));
    events.push(("message_stop", json!({"type": "message_stop"})));
    let text = |(name, data): &(&str, Value)| format!("event: {name}\ndata: {data}\n\n");
    events.iter().map(text).collect()
}

#[test]
fn a_stream_of_it_is_a_stream_of_text() {
    let (_, told) = told(Dialect::Anthropic, &ask(&json!({}))).unwrap();
    for to in CHATS {
        let mut gather = Gather::new(Dialect::Anthropic, to, &options(&told));
        gather.push(streamed().as_bytes()).unwrap();
        let whole = String::from_utf8(gather.finish().unwrap().to_vec()).unwrap();
        assert!(
            whole.contains("Rome") && !whole.contains("Oslo"),
            "{to:?}: {whole}"
        );
        assert!(!whole.contains("json_answer"), "{to:?}: {whole}");
    }
    for cut in [1, 7, 4096] {
        let mut stream = Stream::new(Dialect::Anthropic, Dialect::OpenAiChat, &options(&told));
        let mut out = Vec::new();
        for piece in streamed().as_bytes().chunks(cut) {
            stream.push(piece, &mut out);
        }
        stream.finish(&mut out);
        let out = String::from_utf8(out).unwrap();
        let data = out.lines().filter_map(|line| line.strip_prefix("data: {"));
        let chunks: Vec<Value> = data
            .map(|data| serde_json::from_str(&format!("{{{data}")).unwrap())
            .collect();
        let said = chunks
            .iter()
            .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str());
        assert_eq!(said.collect::<String>(), r#"{"city":"Rome"}"#);
        let mut ends = chunks
            .iter()
            .filter_map(|chunk| chunk["choices"][0]["finish_reason"].as_str());
        assert_eq!(ends.next(), Some("stop"));
        assert!(out.ends_with("data: [DONE]\n\n"));
    }
}

#[test]
fn what_converses_clients_spelt_stays_as_they_spelt_it() {
    let spec = json!({"toolSpec": {"inputSchema": {"json": {"type": "object"}}, "name": "look"}});
    let text = json!({"type": "json_schema", "structure": {"jsonSchema": {"schema": schema().to_string(), "name": "n"}}});
    let ask = json!({"messages": [{"role": "user", "content": [{"text": "Where?"}]}],
        "toolConfig": {"tools": [spec]}, "outputConfig": {"effort": "low", "textFormat": text}, "x": [1]});
    let job = Job {
        schemas: Schemas::Tool,
        ..Job::new(Dialect::BedrockConverse, Dialect::BedrockConverse, "m")
    };
    let told = translate::translate(&job, ask.to_string().as_bytes()).unwrap();
    let told: Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!(told["toolConfig"]["tools"][0], spec);
    assert_eq!(
        told["toolConfig"]["tools"][1]["toolSpec"]["inputSchema"]["json"],
        schema()
    );
    assert_eq!(told["toolConfig"]["toolChoice"], json!({"any": {}}));
    assert_eq!(told["outputConfig"], json!({"effort": "low"}));
    assert_eq!(told["x"], json!([1]));
}

#[test]
fn what_is_said_beside_the_answer_is_no_part_of_it() {
    let (_, told) = told(Dialect::BedrockConverse, &ask(&json!({}))).unwrap();
    let heard = |content: Value| {
        let body = json!({"output": {"message": {"role": "assistant", "content": content}}, "stopReason": "tool_use",
            "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, "metrics": {"latencyMs": 1}}).to_string();
        let (from, to) = (Dialect::BedrockConverse, Dialect::OpenAiChat);
        let heard = translate::response(from, to, body.as_bytes(), &options(&told)).unwrap();
        let heard: Value = serde_json::from_slice(&heard).unwrap();
        let streamed = translate::retell(from, to, body.as_bytes(), &options(&told)).unwrap();
        let streamed = String::from_utf8(streamed.to_vec()).unwrap();
        (heard["choices"][0]["message"].clone(), streamed)
    };
    let call = |name: &str| json!({"toolUse": {"toolUseId": "t", "name": name, "input": {"city": "Rome"}}});
    let text = |text: &str| json!({"text": text});
    let (message, streamed) = heard(json!([
        text("I will answer."),
        call("json_answer"),
        text("That was it.")
    ]));
    assert_eq!(message["content"], r#"{"city":"Rome"}"#);
    assert!(
        !streamed.contains("I will") && !streamed.contains("That was"),
        "{streamed}"
    );
    // What is said beside a call of the client's, or in place of an answer, is told.
    let (message, streamed) = heard(json!([text("I look it up."), call("look")]));
    assert_eq!(message["content"], "I look it up.");
    assert_eq!(message["tool_calls"][0]["function"]["name"], "look");
    assert!(streamed.contains("I look"), "{streamed}");
    let (message, streamed) = heard(json!([text("I cannot say.")]));
    assert_eq!(message["content"], "I cannot say.");
    assert!(streamed.contains("I cannot"), "{streamed}");
    let long = "x".repeat(70_000);
    let (message, _) = heard(json!([text(&long), call("json_answer")]));
    assert!(message["content"].as_str().unwrap().starts_with("xxx"));
}

#[test]
fn geminis_own_spelling_of_the_schema_is_taken_out() {
    let schema = json!({"type": "OBJECT", "properties": {"city": {"type": "STRING"}}});
    let function = json!({"name": "look", "parameters": {"type": "OBJECT", "properties": {}}});
    let ask = json!({"contents": [{"role": "user", "parts": [{"text": "Where?"}]}],
        "tools": [{"functionDeclarations": [function]}],
        "toolConfig": {"functionCallingConfig": {"mode": "VALIDATED"}},
        "generationConfig": {"responseMimeType": "application/json", "responseSchema": schema, "temperature": 0.5}});
    let job = Job {
        schemas: Schemas::Tool,
        ..Job::new(Dialect::Gemini, Dialect::Gemini, "m")
    };
    let told = translate::translate(&job, ask.to_string().as_bytes()).unwrap();
    let told: Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!(told["generationConfig"], json!({"temperature": 0.5}));
    assert_eq!(
        told["toolConfig"]["functionCallingConfig"]["mode"], "ANY",
        "{told}"
    );
}

#[test]
fn converses_clients_think_no_more_than_others_where_a_tool_is_forced() {
    let text = json!({"type": "json_schema", "structure": {"jsonSchema": {"schema": schema().to_string()}}});
    let ask = |more: Value| {
        let mut ask = json!({"messages": [{"role": "user", "content": [{"text": "Where?"}]}],
            "outputConfig": {"textFormat": text}});
        for (key, value) in more.as_object().unwrap() {
            ask[key] = value.clone();
        }
        let job = Job {
            schemas: Schemas::Tool,
            ..Job::new(Dialect::BedrockConverse, Dialect::BedrockConverse, "m")
        };
        let told = translate::translate(&job, ask.to_string().as_bytes()).unwrap();
        serde_json::from_slice::<Value>(&told.body).unwrap()
    };
    let more = json!({"thinking": {"type": "enabled", "budget_tokens": 2000}, "top_k": 5});
    let told = ask(json!({"additionalModelRequestFields": more}));
    assert_eq!(told["additionalModelRequestFields"], json!({"top_k": 5}));
    // Where the client demands a call of its own, there is no format either.
    let spec = json!({"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object"}}}});
    let config = json!({"tools": [spec], "toolChoice": {"any": {}}});
    let told = ask(json!({"toolConfig": config}));
    assert_eq!(told["toolConfig"], config);
    assert!(told.get("outputConfig").is_none(), "{told}");
}
