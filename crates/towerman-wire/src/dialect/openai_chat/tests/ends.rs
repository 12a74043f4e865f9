//! Where streams end, and what they survive.

use proptest::prelude::*;
use serde_json::{Value, json};
use towerman_core::FaultKind;

use super::{calls, delta, finish, gathered, read, short, sse, streamed, tool_call as call, whole};

#[test]
fn odd_ornaments_cost_no_words() {
    let odd = json!({"content": "x", "reasoning_details": [{"type": "reasoning.text",
        "signature": 7}, 8], "images": [{}, 1], "annotations": {"a": 1}, "reasoning": {"a": 1},
        "extra_content": "odd", "refusal": 5});
    let mut body = whole(&odd, "stop");
    body["created"] = 5.25.into();
    body["choices"][0]["index"] = Value::Null;
    assert_eq!(read(&body).unwrap(), "text(x) stop");
    let mut chunk = delta(odd);
    chunk["created"] = 5.25.into();
    chunk["choices"][0]["index"] = Value::Null;
    let answer = gathered(&sse(&[chunk, finish("stop")])).unwrap().unwrap();
    assert_eq!(
        (short(&answer, 0), answer.created),
        ("text(x) stop".into(), Some(5))
    );
}

#[test]
fn a_stream_ends_where_it_is_proved_to() {
    let said = delta(json!({"content": "x"}));
    let torn = |sse: String| sse.replace("data: [DONE]\n\n", "");
    let all = sse(&[said.clone(), finish("stop")]);
    assert!(gathered(&torn(all)).unwrap().is_ok());
    let null = torn(sse(&[said.clone(), finish("null")]));
    assert!(gathered(&null).is_none(), "null is no reason");
    assert!(gathered(&torn(sse(std::slice::from_ref(&said)))).is_none());
    assert!(
        gathered(&sse(std::slice::from_ref(&said))).unwrap().is_ok(),
        "so it said"
    );
    let empty = json!({"id": "", "model": "", "choices": [], "prompt_filter_results": []});
    let answer = gathered(&sse(&[empty.clone(), said.clone(), finish("stop")]));
    assert_eq!(answer.unwrap().unwrap().id, "c1");
    let torn_call = calls(json!([call(0, "a", "f", "{\"a\"")]));
    for (chunks, kind) in [
        (vec![empty], FaultKind::BadGateway),
        (
            vec![said.clone(), json!({"error": {"code": 429}})],
            FaultKind::RateLimited,
        ),
        (vec![said, finish("error")], FaultKind::BadGateway),
        (
            vec![torn_call.clone(), finish("tool_calls")],
            FaultKind::BadGateway,
        ),
        (
            vec![calls(json!([{"index": 0}])), finish("stop")],
            FaultKind::BadGateway,
        ),
    ] {
        let fault = gathered(&sse(&chunks)).unwrap().unwrap_err();
        assert_eq!(fault.kind(), kind, "{chunks:?}");
    }
    let fault = gathered("event: error\ndata: {\"message\":\"x\"}\n\n").unwrap();
    assert_eq!(fault.unwrap_err().kind(), FaultKind::BadGateway);
    // Cut by the limit it was told as far as it came; in a whole answer it is none.
    assert_eq!(
        streamed(&[torn_call, finish("length")]),
        "call(a,f,{\"a\") length"
    );
    let cut = json!({"content": "x", "tool_calls": [call(0, "a", "f", "{\"a\"")]});
    for reason in ["length", "model_length"] {
        assert_eq!(read(&whole(&cut, reason)).unwrap(), "text(x) length");
    }
    assert!(read(&whole(&cut, "tool_calls")).is_err());
}

proptest! {
    #[test]
    fn no_order_of_chunks_is_unlawful(events in prop::collection::vec(
        prop::sample::select(vec![
            "{}", "[DONE]", "null", "{\"choices\":[]}",
            r#"{"choices":[{"delta":{"content":"x"}}]}"#,
            r#"{"choices":[{"delta":{"content":[{"thinking":[{"text":"t"}]},{"text":"y"}]}}]}"#,
            r#"{"choices":[{"index":1,"delta":{"reasoning":"r"},"finish_reason":"stop"}]}"#,
            r#"{"choices":[{"index":1,"delta":{"refusal":"r"},"logprobs":{}}]}"#,
            r#"{"choices":[{"delta":{"reasoning_details":[{"signature":"s"},{"text":"a"}]}}]}"#,
            r#"{"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.encrypted","data":"s"}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"function":{"name":"f"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":3,"function":{"arguments":"{}"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":3,"function":{"name":"g"}}]}}]}"#,
            r#"{"choices":[{"delta":{"extra_content":{"google":{"thought_signature":"s"}}}}]}"#,
            r#"{"choices":[{"delta":{"images":[{"image_url":{"url":"https://a"}}]}}]}"#,
            r#"{"choices":[{"delta":{"annotations":[{"url_citation":{"url":"u"}}]}}]}"#,
            r#"{"choices":[{"delta":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}"#,
            r#"{"error":{}}"#,
        ]),
        0..14,
    )) {
        let sse: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
        let said = gathered(&sse);
        let done = events.contains(&"[DONE]");
        prop_assert!(said.is_some() || !done, "{}", sse);
    }
}
