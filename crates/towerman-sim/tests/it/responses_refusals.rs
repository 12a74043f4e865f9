//! What the Responses dialect refuses, and how.

use crate::common::{ask, send};
use serde_json::{Value, json};
use towerman_sim::{Model, Sim};

#[tokio::test]
async fn bad_requests_get_the_real_errors() {
    let sim = Sim::openai_responses("alpha")
        .model(Model::new("m").context_window(100))
        .build();
    let input = |items: Value| json!({"model": "m", "input": items});
    let call =
        json!({"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"});
    let output = json!({"type": "function_call_output", "call_id": "call_1", "output": "x"});
    let cases = [
        (
            json!({"input": "hi"}),
            json!("missing_required_parameter"),
            json!("model"),
        ),
        (
            json!({"model": "m"}),
            json!("missing_required_parameter"),
            json!("input"),
        ),
        (
            json!({"model": "x", "input": "hi"}),
            json!("model_not_found"),
            json!("model"),
        ),
        (
            json!({"model": "m", "input": 7}),
            json!("invalid_type"),
            json!("input"),
        ),
        (
            json!({"model": "m", "input": "hi", "messages": []}),
            json!("unknown_parameter"),
            json!("messages"),
        ),
        (
            json!({"model": "m", "input": "hi", "max_tokens": 5}),
            json!("unknown_parameter"),
            json!("max_tokens"),
        ),
        (
            json!({"model": "m", "input": "hi", "max_output_tokens": 15}),
            json!("integer_below_min_value"),
            json!("max_output_tokens"),
        ),
        (
            json!({"model": "m", "input": "hi", "previous_response_id": "resp_1"}),
            json!("previous_response_not_found"),
            json!("previous_response_id"),
        ),
        (
            json!({"model": "m", "input": "hi", "tools": [{"type": "function", "function": {"name": "f"}}]}),
            json!("missing_required_parameter"),
            json!("tools[0].name"),
        ),
        (
            json!({"model": "m", "input": "hi", "tool_choice": "required"}),
            Value::Null,
            json!("tool_choice"),
        ),
        (
            json!({"model": "m", "input": "hi", "text": {"format": {"type": "json_schema", "json_schema": {}}}}),
            json!("missing_required_parameter"),
            json!("text.format.name"),
        ),
        (
            input(json!([{"role": "tool", "content": "x"}])),
            json!("invalid_value"),
            json!("input[0].role"),
        ),
        (
            input(json!([{"role": "user", "content": [{"type": "text", "text": "x"}]}])),
            json!("invalid_value"),
            json!("input[0].content[0]"),
        ),
        (
            input(json!([{"role": "assistant", "content": [{"type": "input_text", "text": "x"}]}])),
            json!("invalid_value"),
            json!("input[0].content[0]"),
        ),
        (input(json!([call])), Value::Null, json!("input")),
        (input(json!([output])), Value::Null, json!("input")),
        (
            ask(&"x".repeat(400), false),
            json!("context_length_exceeded"),
            json!("input"),
        ),
    ];
    for (body, code, param) in cases {
        let reply = if body.get("messages") == Some(&json!([])) {
            // Not to be worded anew.
            crate::native::raw(&sim, "/v1/responses", &body).await
        } else {
            send(&sim, &body).await
        };
        let error = reply.json()["error"].clone();
        assert_eq!(
            (reply.status.as_u16(), &error["code"], &error["param"]),
            (400, &code, &param),
            "{body} {error}"
        );
        assert_eq!(error["type"], "invalid_request_error");
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
    assert_eq!(sim.book().totals().lines, 0);
    let lenient = Sim::openai_responses("alpha")
        .accept_unknown_fields()
        .build();
    assert_eq!(
        send(
            &lenient,
            &json!({"model": "m", "input": "hi", "max_tokens": 5})
        )
        .await
        .status,
        200
    );
    let counted = crate::native::raw(
        &lenient,
        "/v1/responses/input_tokens",
        &json!({"model": "m", "input": "hi"}),
    )
    .await;
    assert_eq!(counted.json()["input_tokens"], 5);
    assert_eq!(lenient.book().totals().lines, 1);
}
