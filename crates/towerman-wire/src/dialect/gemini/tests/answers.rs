//! Whole answers, both ways, and errors.

use serde_json::json;
use towerman_core::{Dialect, Fault, FaultKind, Finish, Usage};

use super::{super::Codec, D, Value};
use crate::{
    dialect::Codec as _,
    fault::Told,
    neutral::{Kind, Maker},
    translate::{self, Options},
};

fn answer(candidate: &Value) -> String {
    json!({"responseId": "r1", "modelVersion": "m", "candidates": [candidate]}).to_string()
}

fn told(from: Dialect, to: Dialect, body: &Value) -> Value {
    let body = body.to_string();
    let told = translate::response(from, to, body.as_bytes(), &Options::default()).unwrap();
    serde_json::from_slice(&told).unwrap()
}

#[test]
fn everything_of_an_answer_is_read() {
    let body = json!({
        "responseId": "r1", "modelVersion": "m",
        "candidates": [{
            "content": {"role": "model", "parts": [
                {"text": "hm", "thought": true, "thoughtSignature": "s0"},
                {"text": "see", "thoughtSignature": "s1"},
                {"executableCode": {"code": "1"}, "thoughtSignature": "lost"},
                {"inlineData": {"mimeType": "image/png", "data": "AA"}},
                {"functionCall": {"name": "f", "args": {"b": 1, "a": 2}}, "thoughtSignature": "s2"},
                {"functionCall": {"name": "f", "id": "given"}},
            ]},
            "finishReason": "STOP",
            "groundingMetadata": {
                "groundingChunks": [{"web": {"uri": "https://a", "title": "A"}}, {"web": {}}],
                "groundingSupports": [{"segment": {"text": "see"}, "groundingChunkIndices": [0]}],
            },
        }],
        "usageMetadata": {
            "promptTokenCount": 10, "toolUsePromptTokenCount": 5, "cachedContentTokenCount": 4,
            "candidatesTokenCount": 7, "thoughtsTokenCount": 3, "totalTokenCount": 25,
        },
    })
    .to_string();
    let answer = Codec.read_answer(body.as_bytes()).unwrap();
    assert_eq!((&*answer.id, &*answer.model), ("r1", "m"));
    assert_eq!(
        answer.usage,
        Some(Usage {
            input: 11,
            cache_read: 4,
            output: 10,
            reasoning: 3,
            ..Usage::default()
        })
    );
    let choice = &answer.choices[0];
    assert_eq!(choice.finish, Finish::ToolCalls);
    let [thought, text, proof, image, first, second] = &*choice.parts else {
        panic!("{:?}", choice.parts);
    };
    assert!(
        matches!(&thought.kind, Kind::Thought(t) if t.seal.as_ref().unwrap().data == "s0" && t.text.is_some())
    );
    let Kind::Text { cites, .. } = &text.kind else {
        panic!("{text:?}")
    };
    assert_eq!(cites.len(), 1);
    assert_eq!(cites[0].quote.as_deref(), Some("see"));
    assert!(
        matches!(&proof.kind, Kind::Thought(t) if t.text.is_none() && t.seal.as_ref().unwrap().maker == Maker::Gemini)
    );
    assert!(matches!(&image.kind, Kind::Media(_)));
    let (Kind::Call(first), Kind::Call(second)) = (&first.kind, &second.kind) else {
        panic!()
    };
    assert!(first.id.starts_with("call_"));
    assert_eq!(first.seal.as_ref().unwrap().data, "s2");
    assert_eq!(second.id, "given");
}

#[test]
fn an_answer_survives_being_told_again() {
    let body = json!({
        "candidates": [{
            "content": {"parts": [
                {"text": "hm", "thought": true, "thoughtSignature": "s0"},
                {"text": "see", "thoughtSignature": "s1"},
                {"functionCall": {"id": "c", "name": "f", "args": {"b": 1}}, "thoughtSignature": "s2"},
            ], "role": "model"},
            "finishReason": "STOP",
            "groundingMetadata": {
                "groundingChunks": [{"web": {"uri": "https://a", "title": "A"}}],
                "groundingSupports": [{"segment": {"text": "see"}, "groundingChunkIndices": [0]}],
            },
            "index": 0,
        }],
        "usageMetadata": {
            "promptTokenCount": 10, "candidatesTokenCount": 7, "cachedContentTokenCount": 4,
            "thoughtsTokenCount": 3, "totalTokenCount": 20,
        },
        "modelVersion": "m",
        "responseId": "r1",
    });
    assert_eq!(told(D, D, &body), body);
}

#[test]
fn answers_of_others_are_told() {
    let chat = json!({
        "id": "x", "model": "gpt", "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
            "content": "hi", "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"b\":1}"}}],
        }}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 8, "total_tokens": 17,
            "prompt_tokens_details": {"cached_tokens": 2}, "completion_tokens_details": {"reasoning_tokens": 3}},
    });
    assert_eq!(
        told(Dialect::OpenAiChat, D, &chat),
        json!({
            "candidates": [{
                "content": {"parts": [
                    {"text": "hi"},
                    {"functionCall": {"id": "c1", "name": "f", "args": {"b": 1}}},
                ], "role": "model"},
                "finishReason": "STOP", "index": 0,
            }],
            "usageMetadata": {
                "promptTokenCount": 9, "candidatesTokenCount": 5, "cachedContentTokenCount": 2,
                "thoughtsTokenCount": 3, "totalTokenCount": 17,
            },
            "modelVersion": "gpt", "responseId": "x",
        })
    );
    let anthropic = json!({
        "id": "x", "model": "claude", "type": "message", "role": "assistant", "content": [
            {"type": "thinking", "thinking": "hm", "signature": "proof"},
            {"type": "redacted_thinking", "data": "secret"},
            {"type": "text", "text": "no"}],
        "stop_reason": "max_tokens", "usage": {"input_tokens": 1, "output_tokens": 2},
    });
    let body = told(Dialect::Anthropic, D, &anthropic);
    assert_eq!(
        body["candidates"][0],
        json!({
            "content": {"parts": [
                {"text": "hm", "thought": true, "thoughtSignature": "dG0xLmFudGhyb3BpYy5zLnByb29m"},
                {"text": "", "thought": true, "thoughtSignature": "dG0xLmFudGhyb3BpYy5lLnNlY3JldA=="},
                {"text": "no"},
            ], "role": "model"},
            "finishReason": "MAX_TOKENS", "index": 0,
        })
    );
}

#[test]
fn a_filter_says_why() {
    let body = json!({"promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": "so"}});
    let body = body.to_string();
    let blocked = Codec.read_answer(body.as_bytes()).unwrap();
    assert_eq!(blocked.choices[0].finish, Finish::ContentFilter);
    assert_eq!(blocked.choices[0].explanation.as_deref(), Some("so"));
    for reason in [
        "SAFETY",
        "SPII",
        "IMAGE_SAFETY",
        "MODEL_ARMOR",
        "RECITATION",
    ] {
        let body = answer(&json!({"content": {}, "finishReason": reason}));
        let read = Codec.read_answer(body.as_bytes()).unwrap();
        assert_eq!(read.choices[0].finish, Finish::ContentFilter, "{reason}");
        assert!(
            read.choices[0]
                .explanation
                .as_ref()
                .unwrap()
                .contains(reason)
        );
    }
}

#[test]
fn a_failed_model_has_not_answered_unless_it_said_something() {
    for reason in [
        "MALFORMED_FUNCTION_CALL",
        "UNEXPECTED_TOOL_CALL",
        "OTHER",
        "",
    ] {
        let body = answer(&json!({"finishReason": reason}));
        let fault = Codec.read_answer(body.as_bytes()).unwrap_err();
        assert_eq!(fault.kind(), FaultKind::BadGateway, "{reason}");
        let body = answer(&json!({"content": {"parts": [{"text": "x"}]}, "finishReason": reason}));
        let read = Codec.read_answer(body.as_bytes()).unwrap();
        assert_eq!(read.choices[0].finish, Finish::Other, "{reason}");
    }
    for body in [
        "7",
        "{}",
        "[]",
        r#"{"candidates":[]}"#,
        r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":[]}}]},"finishReason":"STOP"}]}"#,
    ] {
        let fault = Codec.read_answer(body.as_bytes()).unwrap_err();
        assert_eq!(fault.kind(), FaultKind::BadGateway, "{body}");
    }
}

#[test]
fn several_candidates_are_several_choices() {
    let body = json!({"candidates": [
        {"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"},
        {"content": {"parts": [{"text": "b"}]}, "finishReason": "MAX_TOKENS", "index": 1},
    ]});
    let chat = told(D, Dialect::OpenAiChat, &body);
    assert_eq!(chat["choices"][1]["message"]["content"], "b");
    assert_eq!(chat["choices"][1]["finish_reason"], "length");
    let again = told(D, D, &body);
    assert_eq!(again["candidates"][1]["index"], 1);
}

#[test]
fn errors_keep_their_class_and_lose_their_words() {
    for (body, kind) in [
        (
            r#"{"error":{"code":429,"message":"key-1","status":"RESOURCE_EXHAUSTED"}}"#,
            FaultKind::RateLimited,
        ),
        (
            r#"[{"error":{"code":503,"message":"key-1","status":"UNAVAILABLE"}}]"#,
            FaultKind::Unavailable,
        ),
    ] {
        let fault = Codec.read_answer(body.as_bytes()).unwrap_err();
        assert_eq!(fault.kind(), kind);
        assert!(!fault.message().contains("key-1"));
        assert!(Codec.learn_whole(body.as_bytes()).unwrap().error);
    }
}

#[test]
fn faults_are_told_as_gemini_does() {
    for (kind, code, status) in [
        (FaultKind::InvalidRequest, 400, "INVALID_ARGUMENT"),
        (FaultKind::Authentication, 401, "UNAUTHENTICATED"),
        (FaultKind::Permission, 403, "PERMISSION_DENIED"),
        (FaultKind::NotFound, 404, "NOT_FOUND"),
        (FaultKind::RateLimited, 429, "RESOURCE_EXHAUSTED"),
        (FaultKind::Unavailable, 503, "UNAVAILABLE"),
        (FaultKind::Timeout, 504, "DEADLINE_EXCEEDED"),
    ] {
        let fault = Fault::new(kind, "so");
        let body: Value =
            serde_json::from_slice(&Codec.fault(&fault, Told::default(), None)).unwrap();
        let error = json!({"error": {"code": code, "message": "so", "status": status}});
        assert_eq!(body, error);
        let mut out = Vec::new();
        Codec.fault_event(&fault, None, &mut out);
        let event = String::from_utf8(out).unwrap();
        assert!(event.starts_with("data: {") && event.ends_with("}\n\n"));
    }
}

#[test]
fn what_passes_by_is_learnt() {
    let body = json!({
        "modelVersion": "m",
        "candidates": [{"finishReason": "STOP", "content": {"parts": [
            {"text": "abc"}, {"functionCall": {"name": "f"}}]}}],
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "thoughtsTokenCount": 9},
    })
    .to_string();
    let learnt = Codec.learn_whole(body.as_bytes()).unwrap();
    assert_eq!(learnt.finish, Some(Finish::ToolCalls));
    assert_eq!(learnt.model().as_deref(), Some("m"));
    assert!(learnt.content && learnt.answers && !learnt.error);
    let usage = learnt.tokens.usage(D).unwrap();
    assert_eq!((usage.input, usage.output, usage.reasoning), (3, 11, 9));
    let blocked = br#"{"promptFeedback":{"blockReason":"SAFETY"}}"#;
    let learnt = Codec.learn_whole(blocked).unwrap();
    assert_eq!(learnt.finish, Some(Finish::ContentFilter));
    assert!(learnt.answers && !learnt.content);
    let silent = Codec.learn_whole(br#"{"candidates":[{"content":{"parts":[{"text":""}]}}]}"#);
    let silent = silent.unwrap();
    assert!(!silent.content && silent.finish.is_none());
    Codec.learn_whole(b"{").unwrap_err();
}
