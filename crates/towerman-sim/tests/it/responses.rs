//! The Responses dialect, field by field.

use crate::common::{Event, ask, events, send, terminated, text};
use serde_json::{Value, json};
use towerman_sim::{Dialect, PER_ATTACHMENT, PER_MESSAGE, Sim, count_tokens};

fn sim() -> Sim {
    Sim::openai_responses("alpha").build()
}

fn tools() -> Value {
    json!([
        {"type": "function", "name": "weather", "strict": false,
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}},
        {"type": "function", "name": "time", "parameters": {"type": "object"}},
    ])
}

/// The events' names, each but the first of a run of equal ones left out.
fn grammar(events: &[Event]) -> Vec<&str> {
    let mut names: Vec<_> = events
        .iter()
        .map(|event| event.name.as_deref().unwrap())
        .collect();
    names.dedup();
    names
}

#[tokio::test]
async fn whole_answer_has_every_field() {
    let mut body = ask("hi", false);
    body["instructions"] = json!("terse");
    body["store"] = json!(false);
    let reply = send(&sim(), &body).await;
    assert!(reply.header("x-request-id").starts_with("req_"));
    let body = reply.json();
    assert!(body["id"].as_str().unwrap().starts_with("resp_"));
    assert_eq!(
        (&body["object"], &body["status"], &body["model"]),
        (&json!("response"), &json!("completed"), &json!("m"))
    );
    // It repeats the request, with defaults for what that left out.
    assert_eq!(
        (
            &body["instructions"],
            &body["store"],
            &body["max_output_tokens"],
            &body["tool_choice"]
        ),
        (&json!("terse"), &json!(false), &json!(1000), &json!("auto"))
    );
    let message = &body["output"][0];
    assert!(message["id"].as_str().unwrap().starts_with("msg_"));
    assert_eq!(
        (&message["type"], &message["role"]),
        (&json!("message"), &json!("assistant"))
    );
    let part = &message["content"][0];
    assert_eq!(
        (&part["type"], &part["annotations"]),
        (&json!("output_text"), &json!([]))
    );
    assert_eq!(count_tokens(part["text"].as_str().unwrap()), 24);
    let input = PER_MESSAGE + 1 + count_tokens("terse");
    assert_eq!(
        body["usage"],
        json!({"input_tokens": input, "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
            "output_tokens": 24, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": input + 24})
    );
}

#[tokio::test]
async fn stream_follows_the_grammar() {
    let said = "héllo 🌍 漢字";
    let sim = sim();
    let body = ask(&format!("say:\"{said}\""), true);
    let events = events(&send(&sim, &body).await.bytes);
    assert_eq!(
        grammar(&events),
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed"
        ]
    );
    assert_eq!(text(&events), said);
    assert!(terminated(Dialect::OpenAiResponses, &events));
    let numbers: Vec<_> = events
        .iter()
        .map(|event| event.data["sequence_number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (0..events.len() as u64).collect::<Vec<_>>());
    assert_eq!(events[0].data["response"]["status"], "in_progress");
    assert_eq!(events[0].data["response"]["usage"], Value::Null);
    let last = &events.last().unwrap().data["response"];
    assert_eq!(last["output"][0]["content"][0]["text"], said);
    assert_eq!(last["id"], events[0].data["response"]["id"]);
    let done = &events[events.len() - 2].data["item"];
    assert_eq!(done, &last["output"][0]);
    let padded = events
        .iter()
        .filter(|event| event.data["obfuscation"].is_string());
    assert_eq!(padded.count() as u64, count_tokens(said));
    let mut plain = body;
    plain["stream_options"] = json!({"include_obfuscation": false});
    let bytes = send(&sim, &plain).await.bytes;
    assert!(!String::from_utf8_lossy(&bytes).contains("obfuscation"));
}

#[tokio::test]
async fn a_limit_leaves_it_incomplete() {
    let said = "x".repeat(200);
    let mut body = ask(&format!("say:\"{said}\""), false);
    body["max_tokens"] = json!(16);
    let whole = send(&sim(), &body).await.json();
    assert_eq!(
        (&whole["status"], &whole["completed_at"]),
        (&json!("incomplete"), &Value::Null)
    );
    assert_eq!(
        whole["incomplete_details"],
        json!({"reason": "max_output_tokens"})
    );
    assert_eq!(whole["output"][0]["content"][0]["text"], "x".repeat(64));
    assert_eq!(whole["output"][0]["status"], "incomplete");
    body["stream"] = json!(true);
    let events = events(&send(&sim(), &body).await.bytes);
    assert_eq!(
        events.last().unwrap().name.as_deref(),
        Some("response.incomplete")
    );
}

#[tokio::test]
async fn calls_are_items_whole_and_streamed() {
    let input = r#"say:"Let me see." tool:weather {"city": "Zürich"} tool:time"#;
    let mut body = json!({"model": "m", "input": input, "tools": tools()});
    let whole = send(&sim(), &body).await.json();
    let kinds: Vec<_> = whole["output"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["type"].clone())
        .collect();
    assert_eq!(kinds, ["message", "function_call", "function_call"]);
    let call = &whole["output"][1];
    assert_eq!(
        (&call["name"], &call["arguments"]),
        (&json!("weather"), &json!(r#"{"city": "Zürich"}"#))
    );
    assert!(call["call_id"].as_str().unwrap().starts_with("call_"));
    assert_ne!(call["call_id"], whole["output"][2]["call_id"]);

    body["stream"] = json!(true);
    let events = events(&send(&sim(), &body).await.bytes);
    for (index, arguments) in [(1, r#"{"city": "Zürich"}"#), (2, "{}")] {
        let of: Vec<_> = events
            .iter()
            .filter(|event| event.data["output_index"] == index)
            .cloned()
            .collect();
        assert_eq!(
            grammar(&of),
            [
                "response.output_item.added",
                "response.function_call_arguments.delta",
                "response.function_call_arguments.done",
                "response.output_item.done"
            ]
        );
        let deltas: String = of
            .iter()
            .filter_map(|event| event.data["delta"].as_str())
            .collect();
        assert_eq!(deltas, arguments);
        let done = &of.last().unwrap().data["item"];
        assert_eq!(
            (&done["arguments"], &of[0].data["item"]["arguments"]),
            (&json!(arguments), &json!(""))
        );
        assert_eq!(
            done,
            &events.last().unwrap().data["response"]["output"][index]
        );
    }
    body["stream"] = json!(false);
    body["parallel_tool_calls"] = json!(false);
    assert_eq!(
        send(&sim(), &body).await.json()["output"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    body["input"] = json!("hi");
    for choice in [
        json!({"type": "function", "name": "weather"}),
        json!("required"),
        json!({"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "weather"}]}),
    ] {
        body["tool_choice"] = choice;
        let call = send(&sim(), &body).await.json()["output"][0].clone();
        assert_eq!(
            (&call["name"], &call["arguments"]),
            (&json!("weather"), &json!(r#"{"city":""}"#))
        );
    }
}

#[tokio::test]
async fn results_are_quoted() {
    let call =
        json!({"type": "function_call", "call_id": "call_1", "name": "time", "arguments": "{}"});
    for output in [
        json!("noon"),
        json!([{"type": "input_text", "text": "noon"}]),
    ] {
        let body = json!({"model": "m", "tools": tools(), "input": [
            {"role": "user", "content": "tool:time {}"}, call,
            {"type": "function_call_output", "call_id": "call_1", "output": output}]});
        let reply = send(&sim(), &body).await.json();
        assert_eq!(
            reply["output"][0]["content"][0]["text"],
            "[alpha] the tool said: noon"
        );
    }
}

#[tokio::test]
async fn reasoning_is_an_item_that_can_come_back() {
    let sim = Sim::openai_responses("alpha").thinking().build();
    for stream in [false, true] {
        for (reasoning, summaries, tokens) in [
            (json!({"summary": "auto"}), 1, 8),
            (json!({"effort": "low"}), 0, 8),
            (json!({"effort": "none"}), 0, 0),
        ] {
            let body = json!({"model": "m", "stream": stream, "reasoning": reasoning, "input": "say:\"done\""});
            let reply = send(&sim, &body).await;
            let response = if stream {
                let events = events(&reply.bytes);
                let deltas = events
                    .iter()
                    .filter(|event| event.data["type"] == "response.reasoning_summary_text.delta");
                assert_eq!(deltas.count(), summaries * 8);
                events.last().unwrap().data["response"].clone()
            } else {
                reply.json()
            };
            assert_eq!(
                response["usage"]["output_tokens_details"]["reasoning_tokens"],
                tokens
            );
            assert_eq!(response["usage"]["output_tokens"], tokens + 1);
            assert_eq!(sim.book().lines().last().unwrap().output, tokens + 1);
            if tokens == 0 {
                assert_eq!(response["output"].as_array().unwrap().len(), 1);
                continue;
            }
            let item = &response["output"][0];
            assert_eq!(item["type"], "reasoning");
            assert!(item["encrypted_content"].is_string());
            assert_eq!(item["summary"].as_array().unwrap().len(), summaries);

            let user = json!({"role": "user", "content": "and?"});
            let history = json!({"model": "m", "input": [user, item, response["output"][1], user]});
            assert_eq!(send(&sim, &history).await.status, 200);
            let cut = json!({"model": "m", "input": [user, item, user]});
            let refused = send(&sim, &cut).await.json();
            assert!(
                refused["error"]["message"]
                    .as_str()
                    .unwrap()
                    .ends_with("without its required following item.")
            );
        }
    }
}

#[tokio::test]
async fn images_schemas_caches_and_counts() {
    let sim = sim();
    let input = json!([{"role": "user", "content": [{"type": "input_text", "text": "look"},
        {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="}]}]);
    let size = PER_MESSAGE + 1 + PER_ATTACHMENT;
    let body = json!({"model": "m", "input": input});
    assert_eq!(
        send(&sim, &body).await.json()["usage"]["input_tokens"],
        size
    );

    let schema =
        json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    let body = json!({"model": "m", "input": "hi",
        "text": {"format": {"type": "json_schema", "name": "N", "schema": schema}}});
    let reply = send(&sim, &body).await.json();
    assert_eq!(reply["output"][0]["content"][0]["text"], r#"{"n":0}"#);
    assert_eq!(reply["text"]["format"]["name"], "N");

    let long = json!({"model": "m", "instructions": "s".repeat(4 * 1500), "input": "a"});
    send(&sim, &long).await;
    let usage = send(&sim, &long).await.json()["usage"].clone();
    assert_eq!(
        (
            &usage["input_tokens"],
            &usage["input_tokens_details"]["cached_tokens"]
        ),
        (&json!(1505), &json!(1408))
    );
}
