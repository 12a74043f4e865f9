//! Tools and reasoning in the Responses dialect.

use crate::common::{Event, events, send};
use serde_json::{Value, json};
use towerman_sim::Sim;

fn sim() -> Sim {
    Sim::openai_responses("alpha").build()
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

fn tools() -> Value {
    json!([
        {"type": "function", "name": "weather", "strict": false,
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}},
        {"type": "function", "name": "time", "parameters": {"type": "object"}},
    ])
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
