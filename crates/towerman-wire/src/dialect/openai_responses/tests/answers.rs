use bytes::Bytes;
use serde_json::{Value, json};
use towerman_core::{FaultKind, Finish, Usage};

use super::super::{super::Codec as _, Codec};
use crate::{
    fault::Told,
    neutral::{
        Answer, Call, Choice, Hearer, Input, Kind, Maker, Part, Seal, Sealed, Text, Thought,
    },
};

fn written(answer: Answer<'_>) -> Value {
    let hearer = Hearer {
        created: 7,
        model: "asked".into(),
        ..Hearer::default()
    };
    let bytes: Bytes = Codec.write_answer(answer, &hearer).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn answer<'a>(parts: Vec<Part<'a>>, finish: Finish) -> Answer<'a> {
    Answer {
        id: "chatcmpl-1".into(),
        choices: vec![Choice {
            parts,
            finish,
            ..Choice::default()
        }],
        ..Answer::default()
    }
}

fn call<'a>(input: &'a str) -> Part<'a> {
    Part::of(Kind::Call(Call {
        id: "c".into(),
        name: Text::Said("f".into()),
        input: Input::Spelt(input.into()),
        custom: false,
        seal: None,
    }))
}

#[test]
fn an_answer_of_another_dialect_is_written() {
    let seal = Seal {
        maker: Maker::Anthropic,
        kind: Sealed::Signature,
        data: "sig".into(),
    };
    let thought = Part::of(Kind::Thought(Thought {
        text: Some(Text::Said("Hm".into())),
        seal: Some(seal),
        ..Thought::default()
    }));
    let mut answer = answer(
        vec![
            thought,
            Part::said("A"),
            Part::said("B"),
            call("{\"a\": 1}"),
        ],
        Finish::ToolCalls,
    );
    answer.usage = Some(Usage {
        input: 1,
        cache_read: 2,
        cache_write: 4,
        output: 16,
        reasoning: 8,
        ..Usage::default()
    });
    let written = written(answer);
    assert_eq!(written["object"], "response");
    assert_eq!(
        (&written["model"], &written["created_at"]),
        (&json!("asked"), &json!(7))
    );
    assert_eq!(
        (&written["status"], &written["incomplete_details"]),
        (&json!("completed"), &Value::Null)
    );
    let ids: Vec<_> = (0..3)
        .map(|n| written["output"][n]["id"].as_str().unwrap())
        .collect();
    assert!(ids[0].starts_with("rs_") && ids[1].starts_with("msg_") && ids[2].starts_with("fc_"));
    let part =
        |text| json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []});
    assert_eq!(
        written["output"],
        json!([
            {"type": "reasoning", "id": ids[0],
                "summary": [{"type": "summary_text", "text": "Hm"}],
                "encrypted_content": "tm1.anthropic.s.sig"},
            {"type": "message", "id": ids[1], "status": "completed", "role": "assistant",
                "content": [part("A"), part("B")]},
            {"type": "function_call", "id": ids[2], "status": "completed", "call_id": "c",
                "name": "f", "arguments": "{\"a\": 1}"},
        ])
    );
    assert_eq!(
        written["usage"],
        json!({
            "input_tokens": 7, "output_tokens": 16, "total_tokens": 23,
            "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 4},
            "output_tokens_details": {"reasoning_tokens": 8},
        })
    );
    // What it wrote it reads.
    let bytes = serde_json::to_vec(&written).unwrap();
    let again = Codec.read_answer(&bytes).unwrap();
    let Kind::Thought(Thought {
        seal: Some(seal), ..
    }) = &again.choices[0].parts[0].kind
    else {
        panic!("no seal");
    };
    assert_eq!(
        (seal.maker, seal.kind),
        (Maker::Anthropic, Sealed::Signature)
    );
    assert_eq!(again.usage.unwrap().cache_write, 4);
    assert_eq!(again.choices[0].finish, Finish::ToolCalls);
}

#[test]
fn an_answer_that_was_cut_says_why() {
    for (finish, reason) in [
        (Finish::Length, "max_output_tokens"),
        (Finish::ContentFilter, "content_filter"),
    ] {
        let written = written(answer(vec![Part::said("A")], finish));
        assert_eq!(written["status"], "incomplete");
        assert_eq!(written["incomplete_details"]["reason"], reason);
        assert_eq!(written["output"][0]["status"], "incomplete");
        let bytes = serde_json::to_vec(&written).unwrap();
        assert_eq!(Codec.read_answer(&bytes).unwrap().choices[0].finish, finish);
    }
    let mut filtered = answer(Vec::new(), Finish::ContentFilter);
    filtered.choices[0].explanation = Some("Unsafe.".into());
    let written = written(filtered);
    let part = json!({"type": "refusal", "refusal": "Unsafe."});
    assert_eq!(written["output"][0]["content"], json!([part]));
}

fn read(output: &str, status: &str) -> Result<usize, FaultKind> {
    let body = format!(
        r#"{{"id":"r","status":"{status}","output":{output},"incomplete_details":{{"reason":"max_output_tokens"}}}}"#
    );
    let answer = Codec
        .read_answer(body.as_bytes())
        .map_err(|fault| fault.kind())?;
    Ok(answer.choices[0].parts.len())
}

#[test]
fn a_call_that_is_no_json_is_cut_or_nonsense() {
    let output = r#"[{"type":"message","content":[{"type":"output_text","text":"a"}]},
        {"type":"function_call","call_id":"c","name":"f","arguments":"{\"a\":"}]"#;
    assert_eq!(read(output, "incomplete"), Ok(1));
    assert_eq!(read(output, "completed"), Err(FaultKind::BadGateway));
    // Free text is no JSON, and an item that nobody knows is none.
    let output = r#"[{"type":"custom_tool_call","call_id":"c","name":"f","input":"{"},
        {"type":"new"},7,{"type":"message","content":[7,{"type":"output_text","text":8}]}]"#;
    assert_eq!(read(output, "completed"), Ok(1));
}

#[test]
fn an_answer_that_failed_is_a_fault() {
    for (body, kind) in [
        (
            r#"{"error":{"code":"rate_limit_exceeded","message":"sk-1"}}"#,
            FaultKind::RateLimited,
        ),
        (
            r#"{"status":"failed","output":[],"error":{"code":"server_error"}}"#,
            FaultKind::BadGateway,
        ),
        (
            r#"{"status":"cancelled","output":[]}"#,
            FaultKind::BadGateway,
        ),
        (r#"{"status":"completed"}"#, FaultKind::BadGateway),
        ("[]", FaultKind::BadGateway),
        ("<html>", FaultKind::BadGateway),
    ] {
        let fault = Codec.read_answer(body.as_bytes()).unwrap_err();
        assert_eq!(fault.kind(), kind, "{body}");
        assert!(!fault.message().contains("sk-1"));
    }
}

#[test]
fn faults_are_told_as_openai_tells_them() {
    let fault = crate::neutral::refuse("/input", "is odd");
    let body = Codec.fault(&fault, Told::default(), None);
    let body: Value = serde_json::from_slice(&body).unwrap();
    let error = json!({"message": "/input is odd", "type": "invalid_request_error",
        "param": "/input", "code": null});
    assert_eq!(body, json!({"error": error}));
    let mut out = Vec::new();
    Codec.fault_event(&fault, None, &mut out);
    let out = String::from_utf8(out).unwrap();
    let data = out.strip_prefix("event: error\ndata: ").unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    assert_eq!(
        data,
        json!({"type": "error", "code": "invalid_request_error", "message": "/input is odd",
            "param": "/input", "sequence_number": 0})
    );
}
