//! Whole answers.

use serde_json::{Value, json};
use towerman_core::{FaultKind, Finish, Usage};

use crate::{
    dialect::{Codec as _, anthropic::Codec},
    neutral::{
        Answer, Call, Choice, Cite, Hearer, Input, Kind, Maker, Part, Seal, Sealed, Text, Thought,
    },
};

fn example() -> Value {
    json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "thinking", "thinking": "", "signature": "only"},
        {"type": "redacted_thinking", "data": "dark"},
        {"type": "text", "text": "Hé", "citations": [
            {"type": "char_location", "cited_text": "q", "document_index": 0, "document_title": "T",
                "start_char_index": 0, "end_char_index": 1}]},
        {"type": "tool_use", "id": "t1", "name": "f", "input": {"z": 1, "a": 2}},
        {"type": "tool_use", "id": "t2", "name": "g", "input": {}}],
        "stop_reason": "tool_use", "stop_sequence": null,
        "usage": {"input_tokens": 30, "cache_creation_input_tokens": 10, "cache_read_input_tokens": 60,
            "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 6},
            "output_tokens": 20, "output_tokens_details": {"thinking_tokens": 7}}})
}

fn there_and_back(body: &Value) -> Value {
    let body = body.to_string();
    let answer = Codec.read_answer(body.as_bytes()).unwrap();
    write(answer)
}

fn write(answer: Answer<'_>) -> Value {
    let hearer = Hearer {
        model: "asked".to_owned(),
        ..Hearer::default()
    };
    serde_json::from_slice(&Codec.write_answer(answer, &hearer).unwrap()).unwrap()
}

fn said(parts: Vec<Kind<'static>>, finish: Finish) -> Answer<'static> {
    Answer {
        choices: vec![Choice {
            parts: parts.into_iter().map(Part::of).collect(),
            finish,
            ..Choice::default()
        }],
        ..Answer::default()
    }
}

#[test]
fn an_answer_comes_back_as_it_went() {
    assert_eq!(there_and_back(&example()), example());
    let mut refused = example();
    refused["content"] = json!([]);
    refused["stop_reason"] = json!("refusal");
    refused["stop_details"] = json!({"type": "refusal", "category": null, "explanation": "no"});
    assert_eq!(there_and_back(&refused), refused);
    let mut met = refused;
    met.as_object_mut().unwrap().remove("stop_details");
    met["stop_reason"] = json!("stop_sequence");
    met["stop_sequence"] = json!("END");
    assert_eq!(there_and_back(&met), met);
}

#[test]
fn what_it_says_is_known_in_no_dialects_words() {
    let body = example().to_string();
    let answer = Codec.read_answer(body.as_bytes()).unwrap();
    assert_eq!((&*answer.id, &*answer.model), ("msg_1", "m"));
    assert_eq!(
        answer.usage,
        Some(Usage {
            input: 30,
            cache_read: 60,
            cache_write: 4,
            cache_write_long: 6,
            output: 20,
            reasoning: 7
        })
    );
    let choice = &answer.choices[0];
    assert_eq!(choice.finish, Finish::ToolCalls);
    let Kind::Text { cites, .. } = &choice.parts[3].kind else {
        panic!()
    };
    assert_eq!(
        (cites[0].url.as_deref(), cites[0].title.as_deref()),
        (None, Some("T"))
    );
}

#[test]
fn what_the_provider_did_by_itself_and_what_is_new_is_passed_over() {
    let mut body = example();
    let blocks = body["content"].as_array_mut().unwrap();
    blocks.insert(
        0,
        json!({"type": "server_tool_use", "id": "s", "name": "w", "input": {}}),
    );
    blocks.insert(
        0,
        json!({"type": "news", "text": {"a": 1}, "data": 7, "citations": "x"}),
    );
    blocks.insert(0, json!({"type": "text", "text": ""}));
    assert_eq!(there_and_back(&body), example());
}

#[test]
fn reasons_to_stop_are_told_apart() {
    for (reason, finish) in [
        ("end_turn", Finish::Stop),
        ("stop_sequence", Finish::Stop),
        ("max_tokens", Finish::Length),
        ("model_context_window_exceeded", Finish::Length),
        ("pause_turn", Finish::Length),
        ("tool_use", Finish::ToolCalls),
        ("refusal", Finish::ContentFilter),
        ("news", Finish::Other),
    ] {
        let body = json!({"content": [], "stop_reason": reason}).to_string();
        let answer = Codec.read_answer(body.as_bytes()).unwrap();
        assert_eq!(answer.choices[0].finish, finish);
        assert_eq!(answer.usage, None);
    }
}

#[test]
fn what_is_no_answer_is_a_bad_gateway() {
    for (body, kind) in [
        ("<html>", FaultKind::BadGateway),
        ("{}", FaultKind::BadGateway),
        (
            r#"{"type":"error","error":{"type":"api_error","message":"sk-1"}}"#,
            FaultKind::BadGateway,
        ),
        (
            r#"{"type":"error","error":{"type":"overloaded_error","message":"sk-1"}}"#,
            FaultKind::Unavailable,
        ),
        (
            r#"{"content":[{"type":"tool_use","id":"t","input":{}}]}"#,
            FaultKind::BadGateway,
        ),
        (
            r#"{"content":[{"type":"tool_use","name":"f","input":"x"}]}"#,
            FaultKind::BadGateway,
        ),
    ] {
        let fault = Codec.read_answer(body.as_bytes()).unwrap_err();
        assert_eq!(fault.kind(), kind, "{body}");
        assert!(!fault.message().contains("sk-1"));
    }
    let none = Answer::default();
    Codec.write_answer(none, &Hearer::default()).unwrap_err();
}

#[test]
fn a_call_without_an_id_is_given_one_that_never_changes() {
    let body =
        r#"{"id":"m","content":[{"type":"tool_use","name":"f"},{"type":"tool_use","name":"f"}]}"#;
    let ids = || {
        let there: Value = there_and_back(&serde_json::from_str(body).unwrap());
        let blocks = there["content"].as_array().unwrap().clone();
        blocks
            .iter()
            .map(|block| block["id"].to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(), ids());
    assert_ne!(ids()[0], ids()[1]);
}

fn call(input: &'static str) -> Kind<'static> {
    Kind::Call(Call {
        id: "a:b".into(),
        name: Text::Said("f".into()),
        input: Input::Spelt(input.into()),
        custom: false,
        seal: None,
    })
}

#[test]
fn other_dialects_answers_are_written_so() {
    let seal = |maker, kind| {
        Some(Seal {
            maker,
            kind,
            data: "s".into(),
        })
    };
    let thought = |text: &'static str, seal| {
        Kind::Thought(Thought {
            text: Some(Text::Said(text.into())),
            seal,
            ..Thought::default()
        })
    };
    let raw = || {
        let raw = serde_json::value::RawValue::from_string(r#"{"type":"url_citation"}"#.to_owned());
        std::borrow::Cow::Owned(raw.unwrap())
    };
    let cite = |url: Option<&'static str>| Cite {
        url: url.map(Into::into),
        title: None,
        quote: None,
        span: None,
        raw: raw(),
    };
    let there = write(said(
        vec![
            thought("hm", None),
            thought("", None),
            thought("hm", seal(Maker::Gemini, Sealed::Signature)),
            thought("", seal(Maker::OpenAi, Sealed::Encrypted)),
            thought("hm", seal(Maker::OpenAi, Sealed::Encrypted)),
            Kind::Text {
                text: Text::Said("x".into()),
                cites: vec![cite(Some("https://a")), cite(None)],
            },
            call(""),
        ],
        Finish::Stop,
    ));
    assert_eq!(
        there["content"],
        json!([
            {"type": "thinking", "thinking": "hm", "signature": ""},
            {"type": "thinking", "thinking": "hm", "signature": "tm1.gemini.s.s"},
            {"type": "redacted_thinking", "data": "tm1.openai.e.s"},
            {"type": "thinking", "thinking": "hm", "signature": "tm1.openai.e.s"},
            {"type": "text", "text": "x", "citations": [{"type": "web_search_result_location",
                "url": "https://a", "title": null, "cited_text": "", "encrypted_index": ""}]},
            {"type": "tool_use", "id": "a-3ab", "name": "f", "input": {}},
        ])
    );
    // A forced call is a call, and the model is the one that was asked.
    assert_eq!(
        (&there["stop_reason"], &there["model"]),
        (&json!("tool_use"), &json!("asked"))
    );
    assert_eq!(there["usage"]["input_tokens"], 0);
}

#[test]
fn a_refusal_in_words_is_a_refusal() {
    let there = write(said(
        vec![Kind::Refusal(Text::Said("no".into()))],
        Finish::Stop,
    ));
    assert_eq!(there["content"], json!([{"type": "text", "text": "no"}]));
    assert_eq!(there["stop_reason"], "refusal");
}

#[test]
fn a_call_cut_by_the_limit_is_left_out_and_any_other_torn_call_is_a_fault() {
    let torn = || vec![call("{}"), call("{\"a\":")];
    let there = write(said(torn(), Finish::Length));
    assert_eq!(there["content"].as_array().unwrap().len(), 1);
    assert_eq!(there["stop_reason"], "max_tokens");
    let written = Codec.write_answer(said(torn(), Finish::ToolCalls), &Hearer::default());
    assert_eq!(written.unwrap_err().kind(), FaultKind::BadGateway);
}
